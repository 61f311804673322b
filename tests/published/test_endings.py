"""Skills and how conversations with them ended, on both warehouses."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from flows.published.endings import SkillEnding, skill_endings
from flows.published.report import report
from flows.warehouses.reader import Reader
from tests.published.conftest import Read, account_of
from tests.published.shop import Shop

DAY = date(2026, 6, 1)
A_DAY = 24 * 60


def skilled_shop() -> Shop:
    shop = Shop()
    shop.skill("unused", True)
    shop.skill("returns", True)
    shop.skill("old", False)
    shop.skill("long gone", False)
    shop.skill("returns", True, "other")
    for number, status in enumerate(("resolved", "resolved", "routed", "closed", "open")):
        reason: dict[str, Any] = {"open_reason": "unanswered"} if status == "open" else {}
        shop.conversation(f"c{number}", status, channel="sms" if number == 2 else "web_chat", **reason)
        shop.say(f"c{number}", 0, skill="returns")
    shop.say("c0", A_DAY - 1 / 60, skill="returns")
    shop.say("c0", -1 / 60, skill="returns")
    shop.say("c0", A_DAY, skill="long gone")
    shop.say("c0", 1, "human", skill="unused")
    shop.say("c0", 1, skill=None)
    shop.say("c4", 1, skill="old")
    shop.conversation("elsewhere", account_id="other")
    shop.say("elsewhere", 4 * 60, skill="returns")
    return shop


@pytest.fixture(scope="module")
def reader(read: Read) -> Reader:
    return read(skilled_shop())


def test_skills_come_with_the_endings_of_their_conversations(reader: Reader) -> None:
    """Rule 6.4: agent messages on local dates, every available skill, others only where they were used."""
    found = skill_endings(reader, account_of(reader), DAY, DAY)
    assert found == (
        SkillEnding("returns", "Returns", True, 6, 5, resolved=2, routed=1, closed=1, open=1, running=0, unanswered=1),
        SkillEnding("old", "Old", False, 1, 1, resolved=0, routed=0, closed=0, open=1, running=0, unanswered=1),
        SkillEnding("unused", "Unused", True, 0, 0, resolved=0, routed=0, closed=0, open=0, running=0, unanswered=0),
    )
    told = report(reader, "shop", DAY, DAY).skills
    assert [(one.skill, one.label, one.messages, one.conversations) for one in told] == [
        (one.skill, one.label, one.messages, one.conversations) for one in found
    ]


def test_skills_by_channel(reader: Reader) -> None:
    found = skill_endings(reader, account_of(reader), DAY, DAY, ("sms",))
    assert [(one.skill, one.messages, one.resolved, one.routed) for one in found] == [
        ("returns", 1, 0, 1),
        ("unused", 0, 0, 0),
    ]
    assert skill_endings(reader, account_of(reader), DAY, DAY, ("sms", "web_chat"))[0].messages == 6


def test_without_messages_available_skills_are_at_0(read: Read) -> None:
    shop = Shop()
    shop.skill("new", True)
    shop.skill("old", False)
    reader = read(shop)
    (only,) = skill_endings(reader, account_of(reader), DAY, DAY)
    assert (only.skill, only.messages, only.conversations) == ("new", 0, 0)
    assert skill_endings(reader, account_of(reader, "other"), DAY, DAY) == ()


def test_who_sees_no_texts_sees_skills(read_limited: Read) -> None:
    limited = read_limited(skilled_shop())
    assert skill_endings(limited, account_of(limited), DAY, DAY)[0].messages == 6
