"""What Gorgias alone has: nothing keeps it from making a ticket twice, or from sending what is written there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from flows.delivery.handoffs.gorgias import GorgiasTickets
from flows.delivery.handoffs.ticket import Created
from flows.ground.errors import SourceUnavailable
from flows.settings.helpdesks import GorgiasDesk
from flows.sources.api import http
from tests.delivery.fake_desk import Fate, to_make
from tests.delivery.fake_gorgias_tickets import KEY, USERNAME, FakeGorgiasTickets
from tests.sources.fake_api import Answer

SECRETS = {"GORGIAS_TICKETS_USERNAME": USERNAME, "GORGIAS_TICKETS_API_KEY": KEY}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGorgiasTickets]:
    monkeypatch.setattr(http, "ATTEMPTS", 2)
    with FakeGorgiasTickets() as desk:
        yield desk


def ask(there: FakeGorgiasTickets) -> GorgiasTickets:
    return GorgiasTickets(GorgiasDesk(account="shop", base_url=there.url), SECRETS, lambda _: None)


def posts(there: FakeGorgiasTickets) -> int:
    return sum(one.method == "POST" for one in there.asked)


def test_both_messages_say_when_they_were_sent_and_only_the_note_is_the_teams(there: FakeGorgiasTickets) -> None:
    ask(there).create(to_make())
    question, note = there.tickets[1].messages
    assert (question["channel"], question["from_agent"], question["sender"]) == (
        "api",
        False,
        {"email": "ann@example.com"},
    )
    assert datetime.fromisoformat(question["sent_datetime"]) == datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert (note["channel"], note["from_agent"], note["sender"]) == ("internal-note", True, {"email": USERNAME})
    assert note["sent_datetime"]
    assert there.tickets[1].tags == ["agent-metrics", "Order status"]
    assert there.sent == []


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.BROKEN_AFTER])
def test_a_ticket_whose_making_was_not_answered_is_found_at_once(there: FakeGorgiasTickets, fate: Fate) -> None:
    there.fate = lambda asked: fate if asked.method == "POST" else Fate.DONE
    assert ask(there).create(to_make()) == Created("1", was_there=True)
    assert posts(there) == len(there.tickets) == 1


@pytest.mark.parametrize("fate", [Fate.BROKEN, Fate.CUT, Fate.THROTTLED])
def test_a_try_that_failed_is_one_call_alone(there: FakeGorgiasTickets, fate: Fate) -> None:
    there.fate = lambda asked: fate if asked.method == "POST" else Fate.DONE
    with pytest.raises(SourceUnavailable) as raised:
        ask(there).create(to_make())
    assert raised.value.is_transient
    assert posts(there) == 1
    assert there.tickets == {}


@pytest.mark.parametrize("body", [b"<html>", b"", {"ticket": 1}, None])
def test_an_answer_that_nobody_can_read_says_that_something_was_done(there: FakeGorgiasTickets, body: Any) -> None:
    answer = there.answer
    there.answer = lambda asked: Answer(201, body) if asked.method == "POST" and answer(asked) else answer(asked)  # type: ignore[method-assign]
    assert ask(there).create(to_make()) == Created("1", was_there=True)
    assert posts(there) == 1


def test_a_look_up_that_fails_after_an_unanswered_try_makes_no_second_one(there: FakeGorgiasTickets) -> None:
    fates = {"POST": Fate.LOST}
    there.fate = lambda asked: fates.get(asked.method, Fate.DONE if not there.tickets else Fate.BROKEN)
    with pytest.raises(SourceUnavailable):
        ask(there).create(to_make())
    there.fate = lambda asked: Fate.DONE
    assert ask(there).create(to_make()) == Created("1", was_there=True)
    assert len(there.tickets) == 1


def test_a_ticket_in_the_bin_is_not_made_again(there: FakeGorgiasTickets) -> None:
    ask(there).create(to_make())
    there.tickets[1].trashed_datetime = datetime.now(UTC)
    assert ask(there).create(to_make()).was_there
