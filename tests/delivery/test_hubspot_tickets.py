"""Tickets in a HubSpot over real HTTP: one for each hand-off, whatever happens, and nothing that reaches a shopper."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from flows.delivery.handoffs.hubspot import HubspotTickets
from flows.delivery.handoffs.ticket import Created, Line, external_id
from flows.ground.errors import InputError, SourceRefused, SourceUnavailable
from flows.settings.helpdesks import HubspotDesk
from flows.sources.api import http
from tests.delivery.fake_desk import ASKED_AT, SLOWLY, Fate, to_make
from tests.delivery.fake_hubspot_tickets import CONFLICTS, TOKEN, FakeHubspotTickets
from tests.sources.fake_api import Asked

CALLS = [("POST", "/tickets"), ("POST", "/tickets/batch/read"), ("POST", "/contacts/batch/read")]


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHubspotTickets]:
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    monkeypatch.setattr(http, "TIMEOUT", (2.0, SLOWLY / 2))
    with FakeHubspotTickets() as desk:
        yield desk


def ask(there: FakeHubspotTickets, token: str = TOKEN, **more: str) -> HubspotTickets:
    secrets = {"HUBSPOT_TICKETS_ACCESS_TOKEN": token}
    return HubspotTickets(HubspotDesk(base_url=there.url, **more), secrets, lambda _: None)


def made(there: FakeHubspotTickets, conversation: str = "C1", tries: int = 20) -> Created:
    """As a ledger goes on until it knows: a later run asks again."""
    for _ in range(tries):
        try:
            return ask(there).create(to_make(conversation))
        except SourceRefused:
            raise
        except SourceUnavailable:
            time.sleep(SLOWLY)
    raise AssertionError("it was never made")


def once(fate: Fate, call: tuple[str, str]) -> Any:
    left = [fate]
    return lambda asked: left.pop() if left and asked.method == call[0] and asked.path.endswith(call[1]) else Fate.DONE


def test_the_conversation_is_the_description_and_the_contact_is_who_is_known(there: FakeHubspotTickets) -> None:
    contact = there.knows("ann@example.com")
    assert ask(there, pipeline="7", stage="8").create(to_make()) == Created("1", was_there=False)
    ticket = there.tickets[1]
    assert (ticket.external_id, ticket.contacts) == ("agent-metrics:shop:C1", [contact])
    assert ticket.properties["subject"] == "Hand-off: my parcel"
    assert (ticket.properties["hs_pipeline"], ticket.properties["hs_pipeline_stage"]) == ("7", "8")
    text = ticket.properties["content"]
    for told in ("ann@example.com", "Order status", "Blue shirt", "[14:00] AI agent: I do not know."):
        assert told in text
    assert "{{" not in text
    assert "<b>" not in text
    ask(there).create(to_make("C2", email="nobody.knows@example.com"))
    assert there.tickets[2].contacts == []
    assert len(there.contacts) == 1  # none was made


@pytest.mark.parametrize("fate", Fate)
@pytest.mark.parametrize("call", CALLS)
def test_one_ticket_whatever_becomes_of_a_call(there: FakeHubspotTickets, call: tuple[str, str], fate: Fate) -> None:
    there.fate = once(fate, call)
    created = made(there)
    time.sleep(SLOWLY if fate in {Fate.SLOW, Fate.LATE} else 0)
    assert created.ticket_id == "1"
    assert len(there.tickets) == 1
    assert made(there) == Created("1", was_there=True)


def test_tickets_are_counted_after_a_rain_of_faults(there: FakeHubspotTickets) -> None:
    random_ = random.Random(18)
    there.fate = lambda asked: random_.choice(list(Fate)) if random_.random() < 0.25 else Fate.DONE
    conversations = [f"C{number}" for number in range(6)]
    numbers = {one: made(there, one).ticket_id for one in [*conversations, *conversations[:4]]}
    time.sleep(SLOWLY)
    assert {one: [str(of.id) for of in there.tickets_of(external_id("shop", one))] for one in conversations} == {
        one: [number] for one, number in numbers.items()
    }


@pytest.mark.parametrize("conflict", CONFLICTS.values(), ids=list(CONFLICTS))
def test_two_runs_at_the_same_time_make_one_ticket_and_a_look_up_may_be_late(
    there: FakeHubspotTickets, conflict: tuple[int, str, str]
) -> None:
    """The unique property refuses the second one, and that refusal is not the end of the hand-off."""
    there.conflict = conflict
    there.shows = False
    assert made(there, tries=1) == Created("1", was_there=False)
    with pytest.raises(SourceUnavailable, match=f"answers {conflict[0]}") as raised:
        ask(there).create(to_make())
    assert not isinstance(raised.value, SourceRefused)
    there.shows = True
    assert made(there) == Created("1", was_there=True)
    assert len(there.tickets) == 1


def test_an_id_in_other_letters_is_another_and_a_deleted_ticket_is_not_made_again(there: FakeHubspotTickets) -> None:
    ask(there).create(to_make("C1"))
    assert ask(there).find("agent-metrics:shop:c1") is None
    there.tickets[1].is_archived = True
    assert ask(there).find("agent-metrics:shop:C1") == "1"
    assert made(there) == Created("1", was_there=True)


def test_a_hubspot_that_hangs_does_not_hold_the_others_up(
    there: FakeHubspotTickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "ATTEMPTS", 5)
    there.fate = lambda asked: Fate.LATE
    with pytest.raises(SourceUnavailable, match="does not answer"):
        ask(there).create(to_make())
    assert len(there.asked) == 2


def test_long_texts_and_odd_ids_make_a_ticket(there: FakeHubspotTickets) -> None:
    lines = tuple(Line("visitor", ASKED_AT + timedelta(seconds=one), "長い話" * 500) for one in range(60))
    for conversation in ("ü & ?=1#/%", "long" * 100, "line\nbreak"):
        created = ask(there).create(to_make(conversation, lines=lines, question="", name=None, tag=None))
        (ticket,) = there.tickets_of(external_id("shop", conversation))
        assert created.ticket_id == str(ticket.id)
        assert "earlier messages left out" in ticket.properties["content"]


def test_what_is_not_taken_is_refused_and_what_can_be_mended_refuses_nothing(there: FakeHubspotTickets) -> None:
    there.demanded = "Order number"
    with pytest.raises(SourceRefused, match=r"Order number.*handoffs retry") as refused:
        ask(there).create(to_make())
    assert not refused.value.is_transient
    there.demanded = None
    there.may_write = False
    with pytest.raises(SourceUnavailable, match=r"403.*scopes tickets") as raised:
        ask(there).create(to_make())
    assert raised.value.is_transient
    with pytest.raises(SourceUnavailable, match="see to the access token") as raised:
        ask(there, "wrong-token").create(to_make())
    assert raised.value.is_transient
    assert "wrong-token" not in str(raised.value)
    assert there.tickets == {}


@pytest.mark.parametrize("missing", ["has_property", "is_unique"])
def test_without_a_unique_property_no_ticket_is_made(there: FakeHubspotTickets, missing: str) -> None:
    """Nothing would keep a second ticket out."""
    setattr(there, missing, False)
    with pytest.raises((SourceRefused, InputError), match="agent_metrics_id"):
        ask(there).check()
    with pytest.raises(SourceUnavailable, match="unique") as raised:
        ask(there).create(to_make())
    assert raised.value.is_transient
    assert there.tickets == {}


def test_the_doctor_learns_that_tickets_can_be_looked_up(there: FakeHubspotTickets) -> None:
    said = ask(there).check()
    assert "tickets can be looked up" in said
    assert "not pulled, so what comes of these hand-offs stays not_known" in said
    assert there.tickets == {}
    assert [one.method for one in there.asked if isinstance(one, Asked)].count("GET") == 1
