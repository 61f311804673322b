"""`agent-metrics topics assign`, `dismiss` and `reopen`: decisions go into the lake, and a run publishes them (8.5)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.command.main import main
from flows.ground.home import Home
from flows.ground.text import one_line
from flows.lake import Lake
from flows.lake.decisions import decisions
from flows.published.open_gaps import open_gaps
from flows.warehouses.duckdb import DuckDBFile
from tests.gaps.shop import HOSTILE, UNTIL, Say, Shop, Tell, ago, publish_to, warehouse_of
from tests.warehouses import servers

QUESTIONS = ("How long does delivery take?", "Is there a discount for students?")
AT, AS_OF = "2026-06-01T09:00:00Z", "2026-06-07T12:00:00Z"
Run = Callable[..., None]


@pytest.fixture
def run(tmp_path: Path, place: Home, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs of a shop in which each question was asked by two shoppers, whom nobody answered."""
    shop = tmp_path / "shop"
    shop.mkdir()
    of = {"account_id": "a"}
    asked = [(f"c{number}", text) for number, text in enumerate(QUESTIONS * 2)]
    tables: dict[str, list[dict[str, Any]]] = {
        "accounts": [{"timezone": "Etc/UTC", "currency": "EUR"}],
        "conversations": [
            {"conversation_id": one, "channel": "web_chat", "created_at": AT} for one, _ in asked
        ],
        "messages": [
            {"message_id": one, "conversation_id": one, "sender": "visitor", "text": text, "sent_at": AT}
            for one, text in asked
        ],
    }  # fmt: skip
    for table, rows in tables.items():
        lines = "".join(json.dumps({**of, **row}) + "\n" for row in rows)
        (shop / f"{table}.jsonl").write_text(lines, "utf-8")

    def go(*options: str) -> None:
        where = ["--home", str(place.root), "--source", "files", "--path", str(shop)]
        assert main(["run", *where, *options]) == 0, capsys.readouterr().err
        capsys.readouterr()

    return go


def by_label(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["label"]: one for one in found["topics"]}


def test_a_decision_is_shown_at_once_and_published_by_the_next_run(run: Run, place: Home, say: Say, tell: Tell) -> None:
    run()
    first, second = (by_label(tell("list"))[text]["topic_id"] for text in QUESTIONS)
    made = tell("assign", first, "--owner", " Ana \n Maria", "--note", "by Friday")
    assert (made["topic_id"], made["state"], made["owner"], made["note"]) == (
        first,
        "assigned",
        "Ana Maria",
        "by Friday",
    )
    tell("dismiss", QUESTIONS[1].upper())
    listed = tell("list")
    assert {one["state"] for one in listed["topics"]} == {"open"}
    assert [(one["topic_id"], one["state"]) for one in listed["unpublished_decisions"]] == sorted(
        [(first, "assigned"), (second, "dismissed")]
    )
    told = say("list")
    assert "assigned to Ana Maria *" in told
    assert "dismissed *" in told
    assert "2 decisions since this publication; the next `agent-metrics run" in told

    run("--as-of", "2026-06-30T00:00:00Z")  # before both: they do not count yet, and are not lost
    assert tell("list")["unpublished_decisions"] == listed["unpublished_decisions"]
    assert "assigned to Ana Maria *" in say("list")

    run()
    listed = tell("list")
    (topic,) = listed["topics"]
    assert (topic["topic_id"], topic["state"], topic["owner"], topic["note"]) == (
        first,
        "assigned",
        "Ana Maria",
        "by Friday",
    )
    assert topic["decided_at"] == made["decided_at"]
    assert (listed["unpublished_decisions"], listed["accounts"][0]["dismissed_gap_count"]) == ([], 1)
    assert by_label(tell("list", "--all"))[QUESTIONS[1]]["state"] == "dismissed"
    assert "Dismissed  1 gap; `agent-metrics topics list --all" in say("list")
    assert "Work       assigned to Ana Maria, decided on" in say("show", first)

    tell("reopen", second)
    tell("reopen", first)
    run()
    assert {text: by_label(tell("list"))[text]["state"] for text in QUESTIONS} == dict.fromkeys(QUESTIONS, "open")
    assert by_label(tell("list"))[QUESTIONS[0]]["owner"] is None


def test_what_a_person_puts_back_is_an_open_gap_everywhere_8_5(
    place: Home, warehouse: str, tell: Tell, say: Say
) -> None:
    """A closed topic that was reopened stayed off every list, because it was not a gap by its figures."""
    shop = Shop()
    decided = {"decided_at": ago(days=3)}
    covered = {"is_gap": "false", "coverage_score": "0.8"}
    work: dict[str, dict[str, Any]] = {
        "gap": {},
        "ignored": {"state": "dismissed", **decided},
        "shut": {**covered, "state": "closed"},
        "again": {**covered, "state": "open", **decided},
        "given": {**covered, "state": "assigned", "owner": "Ana", **decided},
    }
    for topic, facts in work.items():
        shop.topic(topic, **facts)
        shop.conversation(topic, channel="web_chat")
        shop.ask(topic, topic, ago(days=1))
    publish_to(place, shop, warehouse)
    at = ("--warehouse", warehouse)
    listed = tell("list", *at)
    assert {one["topic_id"] for one in listed["topics"]} == {"gap", "again", "given"}
    counts = ("gap_count", "open_gap_count", "dismissed_gap_count")
    assert [listed["accounts"][1][name] for name in counts] == [2, 3, 1]
    told = " ".join(say("list", *at).split())
    assert "3 open gaps among 5 topics" in told
    assert "open, listed by a decision of 2026-06-04" in told
    assert "Shown 1 of 3; --limit shows more" in " ".join(say("list", "--limit", "1", *at).split())
    assert "assigned to Ana, decided on 2026-06-04: so it is listed, though it is not a gap" in say(
        "show", "given", *at
    )
    assert "topics draft again" in say("show", "again", *at).splitlines()[-1]
    golden = tell("golden", *at)["questions"]
    assert {one["topic_id"]: one["expected"]["article_id"] for one in golden} == dict.fromkeys(
        ("gap", "again", "given")
    )
    with warehouse_of(place, warehouse).read() as reader:
        of, found = open_gaps(reader, "shop", 9)
    assert {one.topic.topic_id for one in found} == {"gap", "again", "given"}
    assert of.open_gap_count == len(found)


def test_what_is_reopened_is_listed_before_a_run_publishes_it_8_5(run: Run, tell: Tell, say: Say) -> None:
    """`topics reopen` says that the list shows it already."""
    run()
    topic = by_label(tell("list"))[QUESTIONS[0]]["topic_id"]
    tell("dismiss", topic)
    run()
    assert QUESTIONS[0] not in by_label(tell("list"))
    assert tell("list")["accounts"][0]["open_gap_count"] == len(QUESTIONS) - 1
    tell("reopen", topic)
    assert QUESTIONS[0] in by_label(tell("list"))
    assert "open *" in say("list")
    assert tell("list")["accounts"][0]["open_gap_count"] == len(QUESTIONS)  # one fewer stood above the list


def test_an_earlier_as_of_knows_nothing_of_a_decision(run: Run, place: Home, tell: Tell) -> None:
    """Rule 1.3; a full build and one that goes on say the same of it."""
    run("--as-of", AS_OF)
    tell("dismiss", QUESTIONS[0])
    run("--as-of", AS_OF)
    assert by_label(tell("list"))[QUESTIONS[0]]["state"] == "open"
    run()
    assert QUESTIONS[0] not in by_label(tell("list"))
    assert main(["run", "--home", str(place.root), "--full-refresh"]) == 0
    assert QUESTIONS[0] not in by_label(tell("list"))


def test_the_newest_decision_counts_whatever_the_clock_said(run: Run, place: Home, tell: Tell) -> None:
    run()
    topic = by_label(tell("list"))[QUESTIONS[0]]["topic_id"]
    for owner in ("Ana", "Bo", "Cy"):
        tell("assign", topic, "--owner", owner)
    (newest,) = decisions(Lake(place.lake))
    assert newest.owner == "Cy"


def delivered(folder: Path, **decision: str) -> None:
    """A decision from a file, as another system delivers it."""
    row = {"account_id": "a", "state": "assigned", "owner": "Real", **decision}
    (folder / "topic_decisions.jsonl").write_text(json.dumps(row) + "\n", "utf-8")


def test_a_decision_of_now_counts_though_another_is_dated_later(run: Run, tmp_path: Path, tell: Tell, say: Say) -> None:
    """A year mistyped in a file locked the topic until then: each new decision was dated behind it, without a word."""
    run()
    topic = by_label(tell("list"))[QUESTIONS[0]]["topic_id"]
    delivered(tmp_path / "shop", topic_id=topic, decided_at="2200-06-05T00:00:00Z")
    run()
    assert by_label(tell("list"))[QUESTIONS[0]]["owner"] is None
    assert "Real" not in say("list") + say("show", topic)  # no next run publishes it
    tell("assign", topic, "--owner", "Ana")
    assert "assigned to Ana *" in say("list")
    run()
    assert by_label(tell("list"))[QUESTIONS[0]]["owner"] == "Ana"
    assert "*" not in say("list")
    run("--as-of", "2200-06-06T00:00:00Z")
    assert by_label(tell("list"))[QUESTIONS[0]]["owner"] == "Ana"


def test_a_decision_of_an_account_that_nobody_knows_waits_2_3(run: Run, tmp_path: Path, place: Home) -> None:
    """It closed the gate for ever: held_back_rows had no word for its table."""
    delivered(tmp_path / "shop", account_id="ghost", topic_id="t", decided_at="2026-06-05T00:00:00Z")
    run()
    with DuckDBFile(place).read() as reader:
        rows = reader.rows('select account_id, "table", parent_table, parent_id from metrics.held_back_rows')
    assert rows == [("ghost", "topic_decisions", "accounts", "ghost")]


def test_a_topic_is_found_by_the_beginning_of_its_id_or_its_label(run: Run, tell: Tell, say: Say) -> None:
    run()
    topic = by_label(tell("list"))[QUESTIONS[0]]["topic_id"]
    for spelled in (topic, topic[:12], topic.removeprefix("topic-")[:6], QUESTIONS[0].lower()):
        assert tell("show", spelled)["topic_id"] == topic
    assert "there is no topic 'topic-'; near it are: topic-" in say("dismiss", "topic-", status=2)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["assign", "x"], "Missing option '--owner'"),
        (["assign", "x", "--owner", "o" * 101], "option --owner: string should have at most 100 characters"),
        (["dismiss", "x", "--note", "n" * 501], "option --note: string should have at most 500 characters"),
        (["assign", "t", "--owner", " \t "], "option --owner: the owner is empty; name who writes the article"),
        (["dismiss", "nothing"], "there is no topic 'nothing'; `agent-metrics topics list --all` shows those"),
        (["dismiss", "t", "--account", "nobody"], "there is no account 'nobody'; the published ones are: other, shop"),
        (["dismiss", "t"], "this home has no lake, so a decision would stay here unseen; decide where the runs are"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_what_to_do_and_decides_nothing(
    place: Home, say: Say, options: list[str], told: str
) -> None:
    shop = Shop()
    shop.topic("t")
    shop.conversation("c")
    shop.ask("t", "c", UNTIL)
    publish_to(place, shop)
    assert told in say(*options, status=2)
    assert not list(place.root.rglob("topic_decisions/*"))


def test_what_a_person_wrote_steers_no_terminal_and_is_published_by_postgres(
    run: Run, place: Home, server: str, tell: Tell, say: Say
) -> None:
    url = servers.fresh(server)
    run("--warehouse", url)
    tell("assign", QUESTIONS[0], "--owner", HOSTILE[:100], "--note", "it's 'so' \\ $1", "--warehouse", url)
    assert all(sign.isprintable() or sign == "\n" for sign in say("list", "--warehouse", url))
    run("--warehouse", url)
    topic = by_label(tell("list", "--warehouse", url))[QUESTIONS[0]]
    assert (topic["owner"], topic["note"]) == (one_line(HOSTILE[:100]), "it's 'so' \\ $1")
    assert all(sign.isprintable() for sign in topic["owner"])  # other readers show what is published as it stands
    for command in (["list"], ["show", QUESTIONS[0]]):
        told = say(*command, "--warehouse", url)
        assert all(sign.isprintable() or sign == "\n" for sign in told), command
