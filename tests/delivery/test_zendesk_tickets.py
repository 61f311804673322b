"""What Zendesk alone has: keys that make a call one of a kind, and a note that is written with care."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from flows.delivery.handoffs.ticket import Created
from flows.delivery.handoffs.zendesk import ZendeskTickets
from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.settings.helpdesks import ZendeskDesk
from flows.sources.api import http
from tests.delivery.fake_desk import Fate, to_make
from tests.delivery.fake_zendesk_tickets import CLIENT_ID, CLIENT_SECRET, Comment, FakeZendeskTickets
from tests.sources.fake_api import Answer, Asked

SECRETS = {"ZENDESK_TICKETS_CLIENT_ID": CLIENT_ID, "ZENDESK_TICKETS_CLIENT_SECRET": CLIENT_SECRET}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeZendeskTickets]:
    monkeypatch.setattr(http, "ATTEMPTS", 2)
    with FakeZendeskTickets() as desk:
        yield desk


def ask(there: FakeZendeskTickets) -> ZendeskTickets:
    return ZendeskTickets(ZendeskDesk(subdomain="shop", base_url=there.url), SECRETS, lambda _: None)


def test_the_same_call_again_is_the_same_ticket_although_the_list_does_not_show_it_yet(
    there: FakeZendeskTickets,
) -> None:
    there.is_shown = False
    first = ask(there).create(to_make())
    assert ask(there).create(to_make()) == first
    assert len(there.tickets) == 1
    (ticket,) = there.tickets.values()
    assert [one.public for one in ticket.comments] == [True, False]


def test_another_text_under_the_same_key_makes_no_second_ticket(there: FakeZendeskTickets) -> None:
    """A shopper goes on writing while the first try was not answered."""
    ask(there).create(to_make())
    there.is_shown = False
    later = to_make(question="Where is it now?")
    with pytest.raises(SourceUnavailable, match="two hours") as raised:
        ask(there).create(later)
    assert raised.value.is_transient
    there.before = lambda asked: setattr(
        there, "is_shown", there.is_shown or bool(asked.headers.get("idempotency-key"))
    )
    assert ask(there).create(later) == Created("1", was_there=True)  # found after the refusal
    there.passed = timedelta(hours=3)  # the key is forgotten; the look-up is not
    assert ask(there).create(later).was_there
    assert len(there.tickets) == 1


def test_a_text_that_was_refused_can_be_made_anew_when_the_key_is_forgotten(there: FakeZendeskTickets) -> None:
    there.suspended.add("ann@example.com")
    with pytest.raises(SourceRefused, match=r"is suspended.*is the user suspended") as raised:
        ask(there).create(to_make())
    assert not raised.value.is_transient
    there.suspended.clear()
    assert not ask(there).create(to_make()).was_there
    assert len(there.tickets) == 1


def test_a_client_without_the_scopes_refuses_no_ticket(there: FakeZendeskTickets) -> None:
    there.scopes = "read"
    with pytest.raises(SourceUnavailable, match=r"invalid_scope.*tickets:write") as raised:
        ask(there).create(to_make())
    assert raised.value.is_transient


def test_a_call_that_is_under_way_already_is_waited_for(there: FakeZendeskTickets) -> None:
    key = "0" * 64
    there.before = lambda asked: there.in_progress.add(asked.headers.get("idempotency-key", key))
    with pytest.raises(SourceUnavailable, match="IdempotentRequestInProgress") as raised:
        ask(there).create(to_make())
    assert raised.value.is_transient
    there.before = lambda asked: there.in_progress.clear()
    assert not ask(there).create(to_make()).was_there


def test_a_proxy_that_passes_a_call_on_twice_makes_one_ticket(there: FakeZendeskTickets) -> None:
    there.fate = lambda asked: Fate.REPEATED if asked.method == "POST" else Fate.DONE
    ask(there).create(to_make())
    assert len(there.tickets) == 1


def test_two_runs_at_once_make_one_ticket_with_one_note(there: FakeZendeskTickets) -> None:
    made: list[Created] = []
    runs = [threading.Thread(target=lambda: made.append(ask(there).create(to_make()))) for _ in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert {one.ticket_id for one in made} == {"1"}
    (ticket,) = there.tickets.values()
    assert [one.public for one in ticket.comments] == [True, False]


def test_a_ticket_that_others_change_meanwhile_gets_its_note(there: FakeZendeskTickets) -> None:
    changes = [2]

    def triggers(asked: Asked) -> None:
        if asked.method == "PUT" and changes[0]:
            changes[0] -= 1
            for one in there.tickets.values():
                one.updated_at += timedelta(seconds=1)

    there.before = triggers
    ask(there).create(to_make())
    (ticket,) = there.tickets.values()
    assert [one.public for one in ticket.comments] == [True, False]
    changes[0] = 3
    with pytest.raises(SourceUnavailable, match="changed by others") as raised:
        ask(there).create(to_make("C2"))
    assert raised.value.is_transient
    assert ask(there).create(to_make("C2")) == Created("2", was_there=True)
    assert [one.public for one in there.tickets[2].comments] == [True, False]


def test_a_note_of_somebody_else_is_not_taken_for_ours(there: FakeZendeskTickets) -> None:
    there.fate = lambda asked: Fate.CUT if asked.method == "PUT" else Fate.DONE
    with pytest.raises(SourceUnavailable):
        ask(there).create(to_make())
    there.fate = lambda asked: Fate.DONE
    (ticket,) = there.tickets.values()
    ticket.comments.append(Comment("agent", "Who is this? Reference: none", public=False))
    ask(there).create(to_make())
    ask(there).create(replace(to_make(), question="Later words"))
    assert [one.public for one in ticket.comments] == [True, False, False]


def test_a_note_that_is_refused_is_told_and_the_ticket_stands(there: FakeZendeskTickets) -> None:
    answer = there.answer
    closed = Answer(422, {"error": "RecordInvalid", "description": "Status: closed prevents ticket update"})
    there.answer = lambda asked: closed if asked.method == "PUT" else answer(asked)  # type: ignore[method-assign]
    with pytest.raises(SourceRefused, match="closed prevents ticket update"):
        ask(there).create(to_make())
    assert ask(there).find("agent-metrics:shop:C1") == "1"


def test_a_tag_is_one_that_triggers_can_ask_for(there: FakeZendeskTickets) -> None:
    ask(there).create(to_make(tag="Order status / où?"))
    assert there.tickets[1].tags == ["agent_metrics", "agent_metrics_order_status_o"]
