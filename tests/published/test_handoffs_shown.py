"""What came of hand-offs and who waits, on both warehouses (chapter 13)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from flows.ground.errors import InputError
from flows.published import waiting
from flows.published.handoffs import NO_REPLIES, OUTCOMES, Handoffs, Replies, handoffs, handoffs_by, handoffs_over
from flows.warehouses.reader import Reader
from tests.published.conftest import Read, account_of
from tests.published.shop import Shop

DAY = date(2026, 6, 1)
NOON = datetime(2026, 6, 1, 15, tzinfo=UTC)  # in São Paulo


def handing_shop() -> Shop:
    """On one day four of a complaint, of which two were answered, and two without a reason; one of another day."""
    shop = Shop()
    rows = (
        ("c1", "answered", "complaint", 10, 5, "web_chat"),
        ("c2", "answered", "complaint", 40, None, "web_chat"),
        ("c3", "lost", "complaint", None, None, "sms"),
        ("c4", "not_known", "complaint", None, None, "web_chat"),
        ("c5", "waiting", None, None, None, "web_chat"),
        ("c6", "declined", None, None, None, "web_chat"),
    )
    for number, (name, outcome, reason, minutes, business, channel) in enumerate(rows):
        at = NOON + timedelta(minutes=number)
        shop.conversation(name, channel=channel, profile_name=f"Name of {name}")
        shop.add(
            "handoffs",
            conversation_id=name,
            channel=channel,
            reason=reason,
            outcome=outcome,
            outcome_reason="no_email" if name == "c5" else None,
            began_at=at,
            began_on=DAY,
            handed_off_at=at + timedelta(seconds=30) if minutes else None,
            minutes_to_reply=minutes,
            business_minutes_to_reply=business,
            is_within_business_hours="true" if business else None,
            ticket_id=None,
            platform=None,
        )
    shop.conversation("c7")
    earlier = NOON - timedelta(days=1)
    shop.add(
        "handoffs",
        conversation_id="c7",
        channel="web_chat",
        reason="complaint",
        outcome="waiting",
        outcome_reason=None,
        began_at=earlier,
        began_on=DAY - timedelta(days=1),
        handed_off_at=earlier,
        ticket_id="77",
        platform="zendesk",
    )
    return shop


@pytest.fixture(scope="module")
def reader(read: Read) -> Reader:
    return read(handing_shop())


def outcomes(**counts: int) -> dict[str, int]:
    return {**dict.fromkeys(OUTCOMES, 0), **counts}


def test_outcomes_are_counted_and_replies_have_their_median_13_2(reader: Reader) -> None:
    found = handoffs(reader, "shop", DAY, DAY)
    assert found
    counts = outcomes(answered=2, lost=1, not_known=1, waiting=1, declined=1)
    waits = NOON + timedelta(minutes=4)
    replies, business = Replies(2, 50), Replies(1, 5)
    assert found == Handoffs(
        counts, 25.0, 5.0, waits, has_business_hours=True, replies=replies, business_replies=business
    )
    assert (replies.average, NO_REPLIES.average) == (25.0, None)
    assert (found.count, found.share("answered")) == (6, 0.4)  # of five it is known what came of them
    sms = handoffs(reader, "shop", DAY, DAY, ("sms",))
    assert sms == Handoffs(outcomes(lost=1), None, None, None, has_business_hours=False)
    nothing = handoffs(reader, "other", DAY, DAY)
    assert nothing
    assert (nothing.count, nothing.share("answered")) == (0, None)


def test_each_span_of_a_range_has_its_hand_offs_13_1(reader: Reader) -> None:
    first, last = DAY - timedelta(days=2), DAY
    days = handoffs_over(reader, "shop", first, last, unit="day")
    assert [(one.first, one.last, one.handoffs.count) for one in days] == [
        (first, first, 0),
        (DAY - timedelta(days=1), DAY - timedelta(days=1), 1),
        (DAY, DAY, 6),
    ]
    (whole,) = handoffs_over(reader, "shop", DAY, last + timedelta(days=1), ("sms",), unit="month")
    assert (whole.first, whole.last, whole.handoffs.count) == (DAY, last + timedelta(days=1), 1)
    weeks = handoffs_over(reader, "shop", first, last, unit="week")
    assert sum(one.handoffs.count for one in weeks) == 7


def test_by_reason_the_most_frequent_comes_first_and_none_is_a_group_13_1(reader: Reader) -> None:
    complaint, none = handoffs_by(reader, "shop", DAY, DAY, by="reason")
    assert (complaint.key, complaint.handoffs.count) == ("complaint", 4)
    assert complaint.handoffs.median_minutes_to_reply == 25.0
    assert (none.key, none.handoffs.by_outcome) == ("", outcomes(waiting=1, declined=1))
    by_channel = handoffs_by(reader, "shop", DAY, DAY, by="channel")
    assert [(one.key, one.handoffs.count) for one in by_channel] == [("web_chat", 5), ("sms", 1)]
    with pytest.raises(InputError, match="cannot be broken down by 'email'"):
        handoffs_by(reader, "shop", DAY, DAY, by="email")


def test_who_waits_stands_with_the_longest_first_whatever_the_date_13_2(reader: Reader) -> None:
    account = account_of(reader)
    found = waiting.page(reader, account)
    assert waiting.count(reader, account) == waiting.Waits(2, 1)
    assert waiting.count(reader, account).total == len(found) == 3
    states = [("c7", "waiting"), ("c3", "lost"), ("c5", "waiting")]
    assert [(one.conversation_id, one.outcome) for one in found] == states
    assert (found[0].ticket_id, found[0].platform, found[0].since) == ("77", "zendesk", NOON - timedelta(days=1))
    assert (found[2].outcome_reason, found[2].profile_name) == ("no_email", "Name of c5")
    assert [one.conversation_id for one in waiting.page(reader, account, offset=1, limit=1)] == ["c3"]
    assert waiting.count(reader, account, ("sms",)) == waiting.Waits(0, 1)


@pytest.mark.parametrize(
    ("waits", "words"),
    [
        (waiting.Waits(1, 2), "1 shopper waits for a person, 2 were lost"),
        (waiting.Waits(0, 1), "0 shoppers wait for a person, 1 was lost"),
    ],
)
def test_page_and_commands_say_both_numbers_with_the_same_words(waits: waiting.Waits, words: str) -> None:
    assert waits.words == words


def test_a_reader_who_may_see_no_texts_sees_no_names(read_limited: Read) -> None:
    limited = read_limited(handing_shop())
    found = waiting.page(limited, account_of(limited))
    assert [one.profile_name for one in found] == [None] * 3
    assert not limited.sees("metrics.handoffs", "email")
