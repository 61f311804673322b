"""Open gaps in a shopper's own words, and what articles have changed, from both warehouses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.ground.errors import InputError
from flows.ground.home import Home
from flows.published.open_gaps import Asked, closed_topics, open_gaps
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.reader import Reader
from tests.gaps.shop import HOSTILE, ago, busy_shop, hostile_shop, publish_to, told_shop
from tests.published.conftest import Read
from tests.published.shop import MIDNIGHT, Shop


def test_the_costliest_come_first(read: Read) -> None:
    reader = read(busy_shop())
    asked, found = open_gaps(reader, "shop", 8)
    assert (asked.question_count, asked.gap_count, asked.topic_count) == (31, 3, 4)
    assert [(one.topic.topic_id, one.topic.people, one.question) for one in found] == [
        ("fewer", 2, "Where is it?"),
        ("most", 3, "Where is it?"),
        ("asked", 1, "Where is it?"),
    ]
    assert [one.topic.topic_id for one in open_gaps(reader, "shop", 1)[1]] == ["fewer"]
    assert [one.topic.topic_id for one in open_gaps(reader, "other", 8)[1]] == ["elsewhere"]


def seasonal_shop() -> Shop:
    """Two gaps: `sizes` is asked about by many, in spring; `gifts` by few, and lately."""
    shop = Shop()
    shop.topic("sizes")
    shop.topic("gifts")
    shop.topic("covered", is_gap="false")
    spring, june = MIDNIGHT - timedelta(days=60), MIDNIGHT

    def ask(topic: str, conversation: str, at: datetime, is_unanswered: str | None) -> None:
        shop.ask(topic, conversation, at)
        shop.rows["knowledge_gap_questions"][-1]["is_unanswered"] = is_unanswered

    for number in range(6):
        key = f"s{number}"
        shop.conversation(
            key, "routed", at=spring, profile_id=f"p{number % 2}", channel=("web_chat", "sms")[number % 2]
        )
        ask("sizes", key, spring + timedelta(minutes=number), "true")
    for number, (status, profile, said) in enumerate(
        [("routed", "p", "true"), ("closed", "p", "false"), ("open", None, "true"), ("resolved", None, None)]
    ):
        shop.conversation(f"g{number}", status, at=june, profile_id=profile, channel=("sms", "email")[number // 2])
        ask("gifts", f"g{number}", june + timedelta(minutes=1), said)
        shop.ask("gifts", f"g{number}", june + timedelta(minutes=2))
    ask("gifts", "g3", june + timedelta(days=1), "true")  # on the date after
    shop.ask("covered", "g0", june)
    shop.ask(None, "g0", june)
    return shop


@pytest.fixture(scope="module")
def seasonal(read: Read) -> Reader:
    return read(seasonal_shop())


def test_gaps_are_those_of_the_range_and_its_counts_too(seasonal: Reader) -> None:
    """The page of a quiet week showed what had been asked in spring."""
    june = date(2026, 6, 1)
    assert found_of(seasonal) == {"sizes": Asked(6, 2, 6, 6, 6), "gifts": Asked(9, 3, 4, 2, 3)}
    assert list(found_of(seasonal)) == ["sizes", "gifts"]
    assert found_of(seasonal, first=june, last=june) == {"gifts": Asked(8, 3, 4, 2, 2)}
    assert found_of(seasonal, first=june) == {"gifts": Asked(9, 3, 4, 2, 3)}
    assert found_of(seasonal, last=date(2026, 5, 31)) == {"sizes": Asked(6, 2, 6, 6, 6)}
    assert found_of(seasonal, first=date(2026, 5, 1), last=date(2026, 5, 31)) == {}


def test_gaps_are_those_of_the_channels(seasonal: Reader) -> None:
    assert found_of(seasonal, channels=("sms",)) == {"sizes": Asked(3, 1, 3, 3, 3), "gifts": Asked(4, 1, 2, 2, 1)}
    assert found_of(seasonal, channels=("email",)) == {"gifts": Asked(5, 2, 2, 0, 2)}
    assert found_of(seasonal, first=date(2026, 6, 2), channels=("sms",)) == {}
    (_, one) = open_gaps(seasonal, "shop", 1, channels=("email",))
    assert [gap.topic.question_count for gap in one] == [9]  # the topic itself is as it is


def found_of(reader: Reader, **asked: Any) -> dict[str, Asked]:
    return {one.topic.topic_id: one.asked for one in open_gaps(reader, "shop", 8, **asked)[1]}


def test_each_question_is_of_its_own_account(read: Read) -> None:
    """Topics of two accounts may have one id."""
    shop = Shop()
    for account in ("shop", "other"):
        shop.topic("same", account, representative_question=f"Of {account}?")
        shop.conversation("c", account_id=account)
        shop.ask("same", "c", ago(days=1), account_id=account)
    reader = read(shop)
    assert [open_gaps(reader, account, 8)[1][0].question for account in ("shop", "other")] == ["Of shop?", "Of other?"]


def test_nothing_was_asked(read: Read) -> None:
    reader = read(Shop())
    asked, found = open_gaps(reader, "shop", 8)
    assert (asked.question_count, asked.unassigned_share, found) == (0, None, ())
    assert closed_topics(reader, "shop", 5) == ()
    with pytest.raises(InputError, match="there is no account 'nobody'"):
        open_gaps(reader, "nobody", 8)


def test_hostile_texts_stay_texts_and_are_cut(read: Read) -> None:
    reader = read(hostile_shop())
    ((only,),) = [open_gaps(reader, "shop", 8)[1]]
    assert (only.topic.label, only.question, only.topic.best_article_title) == (HOSTILE, HOSTILE, HOSTILE)
    shop = Shop()
    shop.topic("it's \\", representative_question="👩‍👩‍👧" * 300)
    shop.conversation("c")
    shop.ask("it's \\", "c", ago(days=1))
    ((only,),) = [open_gaps(read(shop), "shop", 8)[1]]
    assert only.question == ("👩‍👩‍👧" * 300)[:300]


def test_what_an_article_has_changed(read: Read) -> None:
    """Rule 8.3; a closure that nobody asked before or since has changed nothing that could be told."""
    reader = read(told_shop())
    (only,) = closed_topics(reader, "shop", 5)
    assert (only.topic_id, only.label) == ("topic-abc", "Returns")
    closure = only.closure
    assert (closure.article_id, closure.article_title) == ("helps", "How to return")
    assert (closure.conversations_before, closure.handed_off_before, closure.handoff_rate_before) == (4, 3, 0.75)
    assert (closure.conversations_after, closure.handed_off_after, closure.handoff_rate_after) == (2, 0, 0)
    assert (closure.handoff_rate_change, closure.change_low, closure.change_high) == (-0.75, -0.9536, 0.0714)
    assert closure.closed_at.astimezone(UTC) == ago(days=2)
    assert closure.reopened_at == ago(days=1)
    assert closed_topics(reader, "other", 5) == ()


def test_the_newest_closures_come_first(read: Read) -> None:
    shop = Shop()
    for number in range(4):
        counts = {"conversations_before": 1, "conversations_after": number}
        ids = {"topic_id": f"ended {number}", "article_id": "gone"}
        shop.add("knowledge_gap_closures", "shop", **ids, closed_at=ago(days=number), **counts)
    reader = read(shop)
    found = closed_topics(reader, "shop", 2)
    assert [(one.topic_id, one.label, one.closure.article_title) for one in found] == [
        ("ended 1", None, None),  # neither the topic nor the article is there any more
        ("ended 2", None, None),
    ]
    assert len(closed_topics(reader, "shop", 5)) == 3


def test_a_limited_reader_sees_figures_and_no_words(read_limited: Read) -> None:
    shop = told_shop()
    limited = read_limited(shop)
    _, (only,) = open_gaps(limited, "shop", 8)
    assert (only.topic.topic_id, only.topic.people, only.topic.label, only.question) == ("topic-abc", 6, None, None)
    (closed,) = closed_topics(limited, "shop", 5)
    assert (closed.label, closed.closure.article_title) == (None, "How to return")


def test_a_version_that_did_not_tell_what_went_unanswered_says_nothing_of_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    publish_to(home, seasonal_shop())
    home.published_file.chmod(0o644)
    with duckdb.connect(str(home.published_file)) as connection:
        connection.execute("alter table metrics.knowledge_gap_questions drop column is_unanswered")
    with DuckDBFile(home).read() as reader:
        assert found_of(reader, first=date(2026, 6, 1)) == {"gifts": Asked(9, 3, 4, 2, None)}
