"""What is said of silent days, of a mute agent and of a low rate, each where it holds and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest

from flows.published.notes import notes
from flows.warehouses.publication import Publication, read_published
from flows.warehouses.reader import Reader
from tests.published.conftest import Read, account_of
from tests.published.shop import Shop

TODAY = date(2026, 6, 7)  # of the publication's as-of instant, noon in UTC, in both accounts
A_DAY = timedelta(days=1)
STATUSES = ("resolved", "resolved", "resolved", "routed", "open")
ANSWERED = {"agent_message_count": 1}


class Told(NamedTuple):
    """A note in English."""

    kind: str
    what: str
    remedy: str


def publication_of(reader: Reader) -> Publication:
    standing = read_published(reader)
    assert standing
    return standing.newest


def told(
    reader: Reader,
    first: date,
    last: date,
    account: str = "shop",
    *,
    as_of: datetime | None = None,
    data_up_to: datetime | None = None,
) -> tuple[Told, ...]:
    """The notes; of a publication with other instants where these are given."""
    newest = publication_of(reader)
    publication = replace(newest, as_of=as_of or newest.as_of, data_up_to=data_up_to or newest.data_up_to)
    found = notes(reader, account_of(reader, account), publication, first, last)
    return tuple(Told(one.kind, " ".join(map(str, one.what)), str(one.remedy)) for one in found)


def said(found: Iterable[Told]) -> list[tuple[str, str]]:
    return [(one.kind, one.what) for one in found]


def days(first: date, last: date) -> list[date]:
    return [first + number * A_DAY for number in range((last - first).days + 1)]


def ask(shop: Shop, dates: Iterable[date], count: int = 5, account: str = "shop", **more: object) -> None:
    """So many conversations on each of the dates; three of five are resolved, one is open."""
    for day in dates:
        for number in range(count):
            at = datetime(day.year, day.month, day.day, 12, number % 60, tzinfo=UTC)
            name = f"{day} {len(shop.rows['conversations'])}"
            status = str(more.get("status", STATUSES[number % 5]))
            running = {"open_reason": "running"} if status == "open" else {}
            facts = {**ANSWERED, **running, **{key: value for key, value in more.items() if key != "status"}}
            shop.conversation(name, status, account, at=at, **facts)


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.skill("returns", True)
    return shop


def test_nothing_has_come_ever(read: Read, shop: Shop) -> None:
    ask(shop, [TODAY], account="other")
    (only,) = told(read(shop), TODAY - 6 * A_DAY, TODAY)
    assert (only.kind, only.what) == ("silence", "No conversation of this account has come yet.")
    assert "agent-metrics doctor" in only.remedy


def test_a_busy_week_needs_no_word(read: Read, shop: Shop) -> None:
    ask(shop, days(date(2026, 5, 1), TODAY))
    assert told(read(shop), TODAY - 6 * A_DAY, TODAY) == ()


def test_nothing_was_delivered_since(read: Read, shop: Shop) -> None:
    """Nothing of any account came: the sources are to be looked at, not the agent."""
    ask(shop, days(date(2026, 5, 1), date(2026, 6, 3)))
    reader = read(shop)
    up_to = datetime(2026, 6, 3, 20, tzinfo=UTC)
    (only,) = told(reader, date(2026, 6, 1), TODAY, data_up_to=up_to)
    assert only.what == "No conversation from 4 Jun 2026 to 7 Jun 2026. Nothing was delivered since 3 Jun 2026."
    assert "Look at the sources" in only.remedy
    (only,) = told(reader, date(2026, 6, 6), TODAY, data_up_to=up_to)  # the silence began before the range
    assert only.what.startswith("No conversation from 6 Jun 2026 to 7 Jun 2026, nor before that since 3 Jun 2026. Noth")
    # what was silent long before deliveries stopped was switched off
    (only,) = told(reader, date(2026, 6, 1), TODAY, data_up_to=up_to + 2 * A_DAY)
    assert "Usually it is 5.0 a day" in only.what
    # it stopped on the fourth, which had none until then: that is not a silence of the agent
    (only,) = told(reader, date(2026, 6, 1), TODAY, data_up_to=up_to + A_DAY)
    assert only.what.endswith("Nothing was delivered since 4 Jun 2026.")


def test_a_night_is_no_end_of_deliveries(read: Read, shop: Shop) -> None:
    """Just after midnight the newest event is of yesterday."""
    ask(shop, days(date(2026, 5, 1), date(2026, 6, 3))[::3], count=1, status="resolved")
    as_of = datetime(2026, 6, 6, 3, 5, tzinfo=UTC)
    data_up_to = as_of - timedelta(minutes=10)
    found = told(read(shop), date(2026, 6, 5), date(2026, 6, 6), as_of=as_of, data_up_to=data_up_to)
    last, to = "3 Jun 2026", "to the agent"
    assert said(found) == [
        ("silence", f"No conversation from 5 Jun 2026 to 6 Jun 2026, nor before that since {last}. Nobody wrote {to}.")
    ]


def test_another_account_goes_on(read: Read, shop: Shop) -> None:
    """What came for the other account says that deliveries work, though perhaps not this one's source."""
    ask(shop, days(date(2026, 5, 1), date(2026, 6, 3)))
    ask(shop, days(date(2026, 5, 1), TODAY), account="other")
    reader = read(shop)
    (only,) = told(reader, date(2026, 6, 1), TODAY)
    assert only.what == (
        "No conversation from 4 Jun 2026 to 7 Jun 2026. Usually it is 5.0 a day: the agent is probably switched off, "
        "or its source delivers nothing any more."
    )
    assert "agent-metrics status" in only.remedy
    assert told(reader, date(2026, 6, 1), TODAY, "other") == ()


@pytest.mark.parametrize("is_available", [True, False])
def test_all_skills_are_off(read: Read, is_available: bool) -> None:
    shop = Shop()
    for skill in ("returns", "orders"):
        shop.skill(skill, False)
    shop.skill("sizes", is_available)
    shop.skill("elsewhere", not is_available, "other")
    ask(shop, days(date(2026, 5, 1), date(2026, 6, 5)))
    ask(shop, [TODAY], account="other")
    reader = read(shop)
    (only,) = told(reader, date(2026, 6, 1), TODAY)
    assert ("none of its skills is available" in only.what) is not is_available
    assert ("Switch skills on" in only.remedy) is not is_available


def test_skills_that_only_messages_name_do_not_say_that_the_agent_is_off(read: Read) -> None:
    """An account whose source had died was told, for sure, that its agent was switched off."""
    shop = Shop()
    shop.add("skills", skill="returns", label="returns", is_available="false")
    ask(shop, days(date(2026, 5, 1), date(2026, 5, 31)))
    ask(shop, [TODAY], account="other")
    (only,) = told(read(shop), date(2026, 6, 1), TODAY)
    assert "none of its skills" not in only.what
    assert "probably switched off, or its source delivers nothing any more" in only.what


def test_skills_that_are_off_now_say_nothing_of_earlier_days(read: Read) -> None:
    shop = Shop()
    shop.skill("returns", False)
    ask(shop, [*days(date(2026, 5, 1), date(2026, 5, 20)), *days(date(2026, 5, 25), TODAY)])
    shop.click(shop.rows["conversations"][0]["conversation_id"], 21 * 24 * 60)  # on 22 May: no conversation
    (only,) = told(read(shop), date(2026, 5, 15), TODAY)
    assert only.what == (
        "No conversation from 21 May 2026 to 24 May 2026. Usually it is 5.0 a day: the agent was probably switched off."
    )


def test_silences_in_the_middle_are_told_the_longest_first_by_date(read: Read, shop: Shop) -> None:
    silent = {date(2026, 5, day) for day in (10, 11, 14, 17, 18, 21, 24, 25, 26, 28)}
    ask(shop, (day for day in days(date(2026, 4, 1), TODAY) if day not in silent), count=12)
    found = told(read(shop), date(2026, 5, 8), TODAY)
    assert [one.what.partition(".")[0] for one in found] == [
        "No conversation from 10 May 2026 to 11 May 2026",
        "No conversation on 14 May 2026",
        "No conversation from 17 May 2026 to 18 May 2026",
        "No conversation from 24 May 2026 to 26 May 2026",
    ]
    assert all("a day: the agent was probably switched off." in one.what for one in found)
    assert "Usually it is 12 a day" in found[0].what


def test_a_silence_that_began_long_before_the_range(read: Read, shop: Shop) -> None:
    """Compared with what was usual before it began, however long ago."""
    ask(shop, days(date(2025, 12, 1), date(2026, 1, 31)))
    ask(shop, [date(2026, 5, 30), TODAY], account="other")
    reader = read(shop)
    (only,) = told(reader, date(2026, 6, 1), date(2026, 6, 6))
    assert only.what.startswith(
        "No conversation from 1 Jun 2026 to 6 Jun 2026, nor before that since 31 Jan 2026. Usually it is 5.0 a day"
    )


def test_a_quiet_account_is_often_silent(read: Read, shop: Shop) -> None:
    ask(shop, days(date(2026, 4, 1), TODAY)[::4], count=1, status="resolved")
    found = told(read(shop), date(2026, 6, 1), date(2026, 6, 3))
    assert said(found) == [("silence", "No conversation from 1 Jun 2026 to 3 Jun 2026. Nobody wrote to the agent.")]
    assert "a wider range" in found[0].remedy


def test_a_young_account_is_judged_by_the_days_that_it_has(read: Read, shop: Shop) -> None:
    """Three busy days are not a quiet month."""
    ask(shop, days(date(2026, 6, 1), date(2026, 6, 3)), count=9)
    ask(shop, [TODAY], account="other")
    (only,) = told(read(shop), date(2026, 5, 1), TODAY - A_DAY)
    assert "from 4 Jun 2026 to 6 Jun 2026. Usually it is 9.0 a day" in only.what


@pytest.mark.parametrize("last", [TODAY, TODAY - A_DAY])
def test_today_alone_is_never_silent(read: Read, shop: Shop, last: date) -> None:
    ask(shop, days(date(2026, 5, 1), last))
    assert told(read(shop), TODAY - 6 * A_DAY, TODAY) == ()


def test_what_has_not_begun_or_not_come_yet(read: Read, shop: Shop) -> None:
    ask(shop, days(date(2026, 5, 1), TODAY))
    reader = read(shop)
    assert said(told(reader, date(2026, 4, 1), date(2026, 4, 30))) == [
        ("silence", "The first conversation came on 1 May 2026.")
    ]
    assert told(reader, date(2026, 4, 1), date(2026, 5, 2)) == ()
    assert said(told(reader, date(2026, 7, 1), date(2026, 7, 2))) == [("silence", "These dates are yet to come.")]
    assert told(reader, TODAY - 6 * A_DAY, TODAY + 9 * A_DAY) == ()


def test_a_click_before_the_first_conversation_begins_nothing(read: Read, shop: Shop) -> None:
    ask(shop, days(date(2026, 6, 1), TODAY))
    shop.click(shop.rows["conversations"][0]["conversation_id"], -3 * 24 * 60, "link_click")
    assert told(read(shop), date(2026, 5, 20), TODAY) == ()


@pytest.mark.parametrize(
    ("as_of", "silent"),
    [
        (datetime(2026, 6, 8, 2, 59, tzinfo=UTC), ()),  # still 7 June there: today alone
        (datetime(2026, 6, 8, 3, 1, tzinfo=UTC), ("from 7 Jun 2026 to 8 Jun 2026",)),
    ],
)
def test_days_are_those_of_the_account(read: Read, shop: Shop, as_of: datetime, silent: tuple[str, ...]) -> None:
    """Rule 1.1: São Paulo is three hours behind."""
    ask(shop, days(date(2026, 5, 1), TODAY - A_DAY))
    found = told(read(shop), date(2026, 6, 1), date(2026, 6, 8), as_of=as_of, data_up_to=as_of)
    assert [one.what.partition(".")[0] for one in found] == [f"No conversation {when}" for when in silent]


def test_a_mute_agent(read: Read, shop: Shop) -> None:
    """Shoppers wrote, and the agent answered nobody; four are too few to say so, one answer is enough."""
    ask(shop, days(date(2026, 5, 1), date(2026, 6, 1)))
    for day, count in ((2, 5), (3, 4), (4, 9)):
        ask(shop, [date(2026, 6, day)], count, status="open", agent_message_count=0)
    ask(shop, [date(2026, 6, 5)], 8, status="open", agent_message_count=0)
    ask(shop, [date(2026, 6, 5)], 1, status="resolved")
    ask(shop, days(date(2026, 6, 6), TODAY))
    reader = read(shop)
    (only,) = told(reader, date(2026, 6, 1), TODAY)
    assert only == Told(
        "mute",
        "The agent answered nobody from 2 Jun 2026 to 4 Jun 2026, on 2 dates.",
        "It was probably switched off: see where it is set up.",
    )
    (only,) = told(reader, date(2026, 6, 3), TODAY)
    assert only.what == "The agent answered nobody on 4 Jun 2026."


def low_shop(resolved: int, over: int, still_open: int = 0) -> Shop:
    """90 days of 60 % before 1 June, of 4 in 5 conversations that are over: a norm of 75 %."""
    shop = Shop()
    ask(shop, days(date(2026, 3, 3), date(2026, 5, 31)))
    ask(shop, [date(2026, 6, 1)], resolved, status="resolved")
    ask(shop, [date(2026, 6, 1)], over - resolved, status="closed")
    ask(shop, [date(2026, 6, 1)], still_open, status="open")
    ask(shop, [TODAY], account="other")
    return shop


@pytest.mark.parametrize(
    ("resolved", "over", "still_open", "is_low"),
    [
        (40, 80, 0, True),
        (9, 19, 0, False),  # too few to judge
        (14, 24, 0, False),  # so few that the interval holds the norm
        (60, 80, 500, False),  # open ones make it look low
        (40, 80, 500, True),
        (80, 80, 0, False),
        (58, 80, 0, False),
        (720, 1000, 0, False),  # surely below, and not well below
        (690, 1000, 0, True),
        (0, 20, 0, True),
    ],
)
def test_a_rate_well_below_the_norm(read: Read, resolved: int, over: int, still_open: int, is_low: bool) -> None:
    found = told(read(low_shop(resolved, over, still_open)), date(2026, 6, 1), date(2026, 6, 1))
    assert [one.kind for one in found] == (["rate"] if is_low else [])
    if is_low:
        rates = (f"{resolved / over:.0%} were resolved", "in the 90 days before it was 75%.")
        assert found[0].what == f"Of the conversations that are over, {'; '.join(rates)}"
        assert "articles do not answer" in found[0].remedy


def test_without_a_norm_no_rate_is_low(read: Read) -> None:
    shop = Shop()
    ask(shop, [date(2026, 5, 31)], 19, status="resolved")
    ask(shop, [date(2026, 6, 1)], 40, status="closed")
    reader = read(shop)
    assert told(reader, date(2026, 6, 1), date(2026, 6, 1)) == ()
    assert told(reader, date(2026, 5, 31), date(2026, 6, 1)) == ()


def test_the_weightiest_come_first_and_no_more_than_four(read: Read) -> None:
    shop = low_shop(10, 80)
    ask(shop, [date(2026, 6, day) for day in (3, 5)], status="open", agent_message_count=0)
    found = told(read(shop), date(2026, 6, 1), TODAY)
    assert [one.kind for one in found] == ["rate", "silence", "silence", "silence"]


def test_who_sees_no_texts_is_told_the_same(read_limited: Read) -> None:
    (only,) = told(read_limited(low_shop(40, 80)), date(2026, 6, 1), date(2026, 6, 1))
    assert only.kind == "rate"
