"""`agent-metrics topics …`: what is told of published topics, from the file and from Postgres."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from rich.console import Console

import contract
from flows.command.gaps_shown import gap_lines
from flows.command.main import main
from flows.ground.home import Home
from flows.published.gaps import gaps
from flows.questions.evaluation import evaluate
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres.access import ReaderRole, grants
from tests.gaps.shop import UNTIL, Say, Shop, Tell, ago, busy_shop, hostile_shop, publish_to, told_shop
from tests.warehouses import servers


def utc(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def test_gaps_are_ranked_by_what_went_unanswered_for_sure_then_by_id_8_6(
    place: Home, warehouse: str, tell: Tell, say: Say
) -> None:
    publish_to(place, busy_shop(), warehouse)
    at = ("--warehouse", warehouse)
    found = tell("list", *at)
    assert [one["topic_id"] for one in found["topics"]] == ["fewer", "most", "asked", "elsewhere"]
    names = ("people", "question_count", "conversation_count", "handed_off_conversation_count")
    counted = {one["topic_id"]: [one[name] for name in names] for one in found["topics"]}
    assert counted == {"most": [3, 4, 4, 2], "fewer": [2, 8, 4, 2], "asked": [1, 9, 1, 1], "elsewhere": [1, 1, 1, 0]}
    assert [one["account"] for one in found["accounts"]] == ["other", "shop"]
    totals = found["accounts"][1]
    assert (totals["question_count"], totals["unassigned_share"], totals["gap_count"]) == (31, 1 / 31, 3)
    assert found["topics"][0]["rests_on"] == "2 of 4 unanswered, 2 handed off; nearest article: none near"
    everything = tell("list", "--all", "--account", "shop", *at)["topics"]
    assert [one["topic_id"] for one in everything] == ["fewer", "most", "asked", "covered"]
    assert [one["topic_id"] for one in tell("list", "--limit", "1", *at)["topics"]] == ["fewer"]
    told = say("list", *at)
    assert "shop (Name of shop): data up to 2026-06-07 08:59 (America/Sao_Paulo), 31 questions, 3.2%" in told
    assert "3 open gaps among 4 topics" in told
    assert "agent-metrics topics show fewer --home" in told.splitlines()[-1]


def test_what_is_sure_ranks_before_what_is_only_more_8_6(place: Home, warehouse: str, tell: Tell) -> None:
    """A topic with many conversations and a few hand-offs stood above one that was never answered."""
    shop = Shop()
    for topic, handed_off, of in (("few of many", 7, 100), ("all", 6, 6)):
        shop.topic(topic)
        for number in range(of):
            shop.conversation(f"{topic} {number}", "routed" if number < handed_off else "resolved")
            shop.ask(topic, f"{topic} {number}", ago(days=1))
    publish_to(place, shop, warehouse)
    assert [one["topic_id"] for one in tell("list", "--warehouse", warehouse)["topics"]] == ["all", "few of many"]


def test_an_article_that_is_near_is_told_from_none_near_and_from_no_article(
    place: Home, warehouse: str, tell: Tell, say: Say
) -> None:
    """All three were "none" or "no article"."""
    shop = Shop()
    shop.article("returns", title="How to return")
    for topic, article, score in (("near", "returns", "0.5"), ("far", "returns", "0.4999"), ("alone", None, "0")):
        shop.topic(topic, best_article_id=article, coverage_score=score)
        shop.conversation(topic)
        shop.ask(topic, topic, ago(days=1))
    publish_to(place, shop, warehouse)
    found = {one["topic_id"]: one["rests_on"] for one in tell("list", "--warehouse", warehouse)["topics"]}
    rests_on = "0 of 1 unanswered, 0 handed off; nearest article: "
    assert found == {
        "near": f"{rests_on}How to return", "far": f"{rests_on}none near", "alone": f"{rests_on}no article",
    }  # fmt: skip
    told = say("list", "--warehouse", warehouse)
    assert all(text in told for text in ("How to return", "none near", "no article"))
    shown = {topic: say("show", topic, "--warehouse", warehouse) for topic in found}
    assert "Article    How to return, score 0.50" in shown["near"]
    assert "Article    none near (the likest: How to return), score 0.50" in shown["far"]
    assert "Article    no article, score 0.00" in shown["alone"]


def test_the_trend_holds_28_days_against_the_28_before(place: Home, warehouse: str, tell: Tell, say: Say) -> None:
    times: dict[str, list[float]] = {
        "half more": [0, 1, 27.999, 28, 56],
        "new": [0, 57],
        "gone": [30],
        "old": [60],
    }
    shop = Shop()
    for topic, days in times.items():
        shop.topic(topic)
        shop.conversation(topic)
        for day in days:
            shop.ask(topic, topic, ago(days=day))
    publish_to(place, shop, warehouse)
    found = {one["topic_id"]: one for one in tell("list", "--warehouse", warehouse)["topics"]}
    names = ("questions_last_28_days", "questions_28_days_before", "trend")
    assert {topic: [found[topic][name] for name in names] for topic in times} == {
        "half more": [3, 1, 2.0],
        "new": [1, 0, None],
        "gone": [0, 1, -1.0],
        "old": [0, 0, None],
    }
    told = say("list", "--warehouse", warehouse)
    assert all(text in told for text in ("3 (+200 %)", "1 (new)", "0 (-100 %)"))
    weeks = tell("show", "half more", "--warehouse", warehouse)["weeks"]
    assert [one["questions"] for one in weeks] == [0, 0, 0, 1, 1, 0, 0, 2]
    assert weeks[-1]["up_to"] == "2026-06-07"


def test_a_narrow_terminal_shows_less_and_that_readably(place: Home) -> None:
    publish_to(place, told_shop())
    with DuckDBFile(place).read() as reader:
        found = gaps(reader, None, is_all=False, limit=20)
    for width, shows_all in ((80, False), (200, True)):
        terminal = Console(file=StringIO(), width=width, record=True)
        for line in gap_lines(found, ""):
            terminal.print(line, markup=False, highlight=False, soft_wrap=isinstance(line, str))
        heading, row = terminal.export_text().splitlines()[3:5]
        assert ["conversations" in heading, "score" in heading, "people" in heading] == [shows_all, shows_all, True]
        assert all(text in row for text in ("topic-abc", "Returns", "7 (new)", "How to return", "gap"))
        assert ("18.8 to 81.2 %" in row) == shows_all  # what its rank rests on


def test_a_question_that_cannot_stand_alone_is_shown_with_its_turn_before_8_1(
    place: Home, warehouse: str, tell: Tell, say: Say
) -> None:
    """A list of "And the blue one?" told nobody what was asked."""
    shop = Shop()
    shop.topic("blue")
    shop.conversation("alone", profile_id="ana")
    shop.conversation("goes-on", profile_id="ana")
    shop.ask("blue", "alone", ago(days=2), "Does the kettle come in blue?")
    shop.ask(None, "goes-on", ago(days=1), "Can I wash the vase by machine?")
    shop.ask("blue", "goes-on", UNTIL, "And the blue one?")
    publish_to(place, shop, warehouse)
    found = tell("show", "blue", "--warehouse", warehouse)["conversations"]
    assert [(one["question"], one["turn_before"]) for one in found] == [
        ("And the blue one?", "Can I wash the vase by machine?"),
        ("Does the kettle come in blue?", None),
    ]
    said = " ".join(say("show", "blue", "--warehouse", warehouse).split())
    assert "Can I wash the vase by machine? … And the blue one?" in said


def test_dates_are_those_of_the_account(place: Home, tell: Tell) -> None:
    shop = Shop()
    shop.topic("late")
    shop.conversation("c")
    shop.ask("late", "c", datetime(2026, 6, 7, 2, 59, tzinfo=UTC))
    publish_to(place, shop)
    (topic,) = tell("list")["topics"]
    assert (topic["last_asked_on"], topic["last_asked_at"]) == ("2026-06-06", "2026-06-07T02:59:00Z")


def test_nothing_published_is_said_with_what_to_do(place: Home, say: Say) -> None:
    for command in (["list"], ["show", "x"], ["draft", "x"]):
        assert "nothing is published yet; run `agent-metrics run` first" in say(*command, status=2)


def test_a_publication_of_an_earlier_version_has_no_topics(place: Home, say: Say) -> None:
    publish_to(place, Shop())
    with duckdb.connect(str(place.published_file)) as connection:
        connection.execute("drop table metrics.knowledge_gap_totals")
    assert "a version that knew no topics; `agent-metrics run` builds" in say("list", status=2)


def test_no_topics_are_explained(place: Home, say: Say, tell: Tell) -> None:
    shop = Shop()
    publish_to(place, shop)
    assert tell("list")["topics"] == []
    assert "no shopper has asked a question yet" in say("list")
    shop = Shop()
    shop.conversation("c")
    shop.ask(None, "c", UNTIL)
    publish_to(place, shop)
    assert "no questions are near enough to each other yet" in say("list")
    assert "1 question, 100.0% of them in no topic" in say("list")
    shop = Shop()
    shop.conversation("c")
    shop.topic("t", is_gap="false", coverage_score="0.9")
    shop.ask("t", "c", UNTIL)
    publish_to(place, shop)
    assert "the agent or an article answers every topic" in say("list")
    assert "topics list --all --home" in say("list")


def test_a_shop_without_articles_is_told_so(place: Home, say: Say) -> None:
    shop = busy_shop()
    shop.rows["articles"] = [one for one in shop.rows["articles"] if one["account_id"] == "other"]
    publish_to(place, shop)
    assert "\nshop has no published article: what the agent answered decides" in say("list")
    assert "\nother has no published article" not in say("list")


def test_one_topic_is_told_in_full(place: Home, warehouse: str, tell: Tell) -> None:
    publish_to(place, told_shop(), warehouse)
    found = tell("show", "topic-abc", "--limit", "3", "--warehouse", warehouse)
    assert found["conversations_by_status"] == {"resolved": 1, "routed": 2, "closed": 1, "open": 2}
    assert (found["judged"], found["unanswered"], found["usual_unanswered_share"]) == (6, 3, 0.5)
    assert (found["attributed_revenue"], found["attributed_orders"], found["currency"]) == ("16.5000", 2, "BRL")
    assert (found["best_article_title"], found["coverage_score"], found["is_gap"]) == ("How to return", 0.55, True)
    assert [one["handoff_rate_after"] for one in found["closures"]] == [None, 0.0]
    assert (found["closures"][1]["change_low"], found["closures"][1]["reopened_at"]) == (-0.9536, utc(ago(days=1)))
    assert [(one["topic_id"], one["change"]) for one in found["changes"]] == [
        ("topic-abc", "split"),
        ("topic-old", "split"),
        ("topic-gone", "merged"),
    ]
    newest, _, third = found["conversations"]
    assert (newest["conversation_id"], newest["question"]) == ("resolved", "Question 0?")
    assert third["conversation_id"] == "routed 2"
    bought = {
        one["conversation_id"]: one["attributed_revenue"]
        for one in tell("show", "topic-abc", "--warehouse", warehouse)["conversations"]
    }
    assert (bought["closed"], bought["open"], bought["resolved"]) == ("15.5000", "1.0000", "0.0000")


def test_endings_that_nobody_tells_are_not_zero(place: Home, say: Say, tell: Tell) -> None:
    shop = told_shop()
    shop.add("measured", figure="closed", state="not_measured")
    publish_to(place, shop)
    assert tell("show", "topic-abc")["conversations_by_status"]["closed"] is None
    assert "routed 2, closed not measured, open 2" in say("show", "topic-abc")


def test_one_topic_is_told_to_people(place: Home, say: Say) -> None:
    publish_to(place, told_shop())
    told = say("show", "topic-abc", "--limit", "3")
    for line in (
        "Returns, topic-abc, shop (Name of shop), data up to 2026-06-07 08:59 (America/Sao_Paulo)",
        "Stands     “Where is it?” stands for it",
        "People     6 people, 7 questions in 6 conversations, 2026-06-02 to 2026-06-07",
        "Ended      resolved 1, routed 2, closed 1, open 2",
        "Unanswered 3 of 6 (50.0%), 95 % interval 18.8 to 81.2 %",
        "Article    How to return, score 0.55",
        "Gap        3 of 6 judged conversations got no answer or were asked again; an article answers it by its text.",
        "           Usual in this account: 50.0% of judged conversations.",
        "           handed off before: 75.0% (3 of 4); after: 0.0% (0 of 2)",
        "           change: -75.0 points, 95 % interval -95.4 to +7.1; it may be chance",
        "           handed off before: nobody asked; after: nobody asked",
        "Changed    topic-new came out of it on 2026-06-04",
        "Changed    came out of topic-old on 2026-06-04",
        "Changed    topic-gone went into it on 2026-06-04",
        "2026-06-07          7  ████████████████████████████████████████",
        "Bought     BRL 16.50 in 2 orders, which these conversations brought all the same",
        "3 of 6 conversations, the newest; --limit shows more",
    ):
        assert line in told.splitlines(), line
    assert "topics draft topic-abc --home" in told.splitlines()[-1]


def test_a_count_and_its_interval_are_of_the_same_conversations_8_6(place: Home, say: Say, tell: Tell) -> None:
    """After an article had come, the list of judged conversations was empty, and "0 of 3 (0.0%)" had the interval of
    all.
    """
    shop = Shop()
    shop.topic("t", judged_conversation_count=1, judged_unanswered_count=0)
    for number in range(3):
        shop.conversation(f"c{number}", "routed")
        shop.ask("t", f"c{number}", ago(days=number))
    publish_to(place, shop)
    told = say("show", "t").splitlines()
    assert "Unanswered 3 of 3 (100.0%), 95 % interval 43.9 to 100.0 %" in told
    assert (
        "Gap        0 of 1 judged conversations got no answer or were asked again; no published article comes near it."
        in told
    )
    for found in (tell("show", "t"), tell("list")["topics"][0]):
        assert found["unanswered_share_low"] <= found["unanswered_share"] <= found["unanswered_share_high"]


def test_a_topic_that_is_no_more_says_what_it_went_into(place: Home, warehouse: str, say: Say) -> None:
    publish_to(place, told_shop(), warehouse)
    at = ("--warehouse", warehouse)
    for gone in ("topic-gone", "topic-first"):
        told = say("show", gone, *at, status=2)
        assert f"topic '{gone}' went into 'topic-abc', on 2026-06-04; `agent-metrics topics show topic-abc`" in told
    assert "topic 'topic-over' ended on 2026-06-04" in say("draft", "topic-over", *at, status=2)
    assert "no topic 'topic-abd'; near it are: topic-abc" in say("show", "topic-abd", *at, status=2)
    assert "no topic '%'' or 1=1'; `agent-metrics" in say("show", "%'' or 1=1", *at, status=2).replace('"', "'")
    assert "there is no account 'nobody'; the published ones are: other, shop" in say(
        "show", "topic-abc", "--account", "nobody", *at, status=2
    )


def test_a_topic_of_several_accounts_needs_one_named(place: Home, say: Say, tell: Tell) -> None:
    shop = Shop()
    for account in ("shop", "other"):
        shop.topic("same", account)
        shop.conversation("c", account_id=account)
        shop.ask("same", "c", UNTIL, account_id=account)
    publish_to(place, shop)
    for command in ("show", "draft"):
        told = say(command, "same", status=2)
        assert "several accounts have a topic 'same': other, shop; name the account with --account" in told
    assert tell("show", "same", "--account", "other")["currency"] == "EUR"
    assert "topics show same --account other" in say("list").splitlines()[-1]


def test_texts_of_strangers_steer_no_terminal(place: Home, warehouse: str, say: Say) -> None:
    publish_to(place, hostile_shop(), warehouse)
    for command in (["list"], ["show", "t"], ["draft", "t"]):
        told = say(*command, "--warehouse", warehouse)
        assert all(sign.isprintable() or sign == "\n" for sign in told), command
        assert "<script>alert(1)" in told.replace("&lt;", "<").replace("&gt;", ">"), command


def test_who_may_read_no_texts_sees_figures(place: Home, server: str, say: Say, tell: Tell) -> None:
    url = servers.fresh(server)
    publish_to(place, told_shop(), url)
    with psycopg.connect(url) as connection:
        connection.execute("create role figures_only login; grant usage on schema metrics to figures_only")
        for statement in grants(ReaderRole("figures_only", is_limited=True), contract.metrics()):
            if "provenance" not in statement:
                connection.execute(statement.encode())
    at = ("--warehouse", url.replace("postgres@", "figures_only@"))
    (topic,) = tell("list", *at)["topics"]
    assert (topic["label"], topic["people"]) == (None, 6)
    details = tell("show", "topic-abc", *at)
    assert (details["representative_question"], details["conversations"][0]["question"]) == (None, None)
    assert "–, topic-abc, shop" in say("show", "topic-abc", *at)
    assert "this reader may not see them" in say("draft", "topic-abc", *at, status=2)


def write_lines(file: Path, rows: list[dict[str, Any]]) -> str:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(file)


def test_an_evaluation_is_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    things = {"return": "returns", "delivery": "delivery", "invoice": "invoices"}
    asked = [
        {"question_id": str(number), "text": text.format(thing), "topic": thing, "is_covered": thing == "return"}
        for number, text in enumerate(["How does {} work?", "I have a question about {}", "Can you help with {}?"] * 6)
        for thing in things
    ]
    questions = write_lines(tmp_path / "questions.jsonl", asked)
    answers = [{"article_id": "a", "title": "Returns", "body": "How a return works."}]
    articles = write_lines(tmp_path / "articles.jsonl", answers)
    assert main(["topics", "evaluate", "--questions", questions, "--articles", articles, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    expected = evaluate(Path(questions), Path(articles), "wordllama").to_json_dict()
    assert set(found) == {*expected, "exit_status"}
    assert (found["questions"], found["true_topics"], found["nmi"]) == (54, 3, expected["nmi"])
    assert main(["topics", "evaluate", "--questions", questions, "--articles", articles]) == 0
    assert "gap question auroc" in capsys.readouterr().out
    nowhere = str(tmp_path / "nowhere")
    assert main(["topics", "evaluate", "--questions", nowhere, "--articles", articles, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["where"] == nowhere


def test_questions_are_grouped_anew_and_published(tmp_path: Path, place: Home, say: Say, tell: Tell) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    write_lines(shop / "accounts.jsonl", [{"account_id": "a", "timezone": "Europe/Berlin", "currency": "EUR"}])
    texts = ["How do I return my shoes?", "Can I return shoes?", "When does my parcel come?", "Where is my parcel?"]
    facts = {"account_id": "a", "channel": "web_chat", "created_at": "2026-06-01T10:00:00Z"}
    write_lines(shop / "conversations.jsonl", [{**facts, "conversation_id": str(one)} for one in range(40)])
    sent = {"account_id": "a", "sender": "visitor", "sent_at": "2026-06-01T10:00:00Z"}
    messages = [
        {**sent, "message_id": f"m{one}", "conversation_id": str(one), "text": texts[one % 4]} for one in range(40)
    ]
    write_lines(shop / "messages.jsonl", messages)
    home = ["--home", str(place.root)]
    assert main(["run", *home, "--source", "files", "--path", str(shop), "--as-of", "2026-06-07T12:00:00Z"]) == 0
    before = tell("list", "--all")
    assert (before["accounts"][0]["question_count"], len(before["topics"]) > 0) == (40, True)
    regrouped = tell("regroup")
    assert regrouped["outcome"] == "published"
    after = tell("list", "--all")
    assert after["publication_id"] == regrouped["publication"]["publication_id"] > before["publication_id"]
    assert [one["topic_id"] for one in after["topics"]] == [one["topic_id"] for one in before["topics"]]
    assert "Next       agent-metrics status" in say("regroup")
