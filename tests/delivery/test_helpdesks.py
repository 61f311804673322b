"""Tickets over real HTTP, in servers that follow the vendors' references: one for each hand-off, whatever happens."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from flows.delivery.handoffs.fitting import NO_QUESTION
from flows.delivery.handoffs.gorgias import GorgiasTickets
from flows.delivery.handoffs.helpdesk import Helpdesk
from flows.delivery.handoffs.ticket import Created, Line, NewTicket, external_id
from flows.delivery.handoffs.zendesk import ZendeskTickets
from flows.ground.errors import InputError, SourceRefused, SourceUnavailable
from flows.settings.helpdesks import GorgiasDesk, ZendeskDesk
from flows.sources.api import http
from tests.delivery import fake_gorgias_tickets, fake_zendesk_tickets
from tests.delivery.fake_desk import ASKED_AT, SLOWLY, FakeDesk, Fate, to_make
from tests.delivery.fake_gorgias_tickets import FakeGorgiasTickets
from tests.delivery.fake_zendesk_tickets import FakeZendeskTickets
from tests.sources.fake_api import Asked

SECRETS = {
    "ZENDESK_TICKETS_CLIENT_ID": fake_zendesk_tickets.CLIENT_ID,
    "ZENDESK_TICKETS_CLIENT_SECRET": fake_zendesk_tickets.CLIENT_SECRET,
    "GORGIAS_TICKETS_USERNAME": fake_gorgias_tickets.USERNAME,
    "GORGIAS_TICKETS_API_KEY": fake_gorgias_tickets.KEY,
}
WRITES = {"POST", "PUT"}
FATES = [one for one in Fate if one is not Fate.REPEATED]  # which nothing but Zendesk's keys can mend
GORGIAS = [("POST", "tickets"), ("GET", "tickets")]
ZENDESK = [*GORGIAS, ("PUT", "tickets"), ("POST", "token")]


@dataclass(frozen=True)
class Desk:
    """A server, and what a shopper and the team find in it."""

    there: FakeDesk

    def ask(self, secrets: dict[str, str] = SECRETS) -> Helpdesk:
        if isinstance(self.there, FakeZendeskTickets):
            return ZendeskTickets(ZendeskDesk(subdomain="shop", base_url=self.there.url), secrets, lambda _: None)
        return GorgiasTickets(GorgiasDesk(account="shop", base_url=self.there.url), secrets, lambda _: None)

    def tickets(self, conversation: str = "C1") -> list[Any]:
        return self.there.tickets_of(external_id("shop", conversation))

    def reached(self) -> list[tuple[str, str]]:
        """What a shopper was sent."""
        return self.there.mailed if isinstance(self.there, FakeZendeskTickets) else self.there.sent  # type: ignore[attr-defined]

    def texts(self, ticket: Any) -> tuple[list[str], list[str]]:
        """What stands in a ticket for all to see, and the notes of the team."""
        if isinstance(self.there, FakeZendeskTickets):
            both = [(one.public, one.body) for one in ticket.comments]
        else:
            both = [(one["channel"] != "internal-note", one["body_text"]) for one in ticket.messages]
        return [text for is_public, text in both if is_public], [text for is_public, text in both if not is_public]


@contextmanager
def opened(kind: type[FakeDesk]) -> Iterator[Desk]:
    with kind() as there:
        yield Desk(there)


@pytest.fixture(params=[FakeZendeskTickets, FakeGorgiasTickets], ids=["zendesk", "gorgias"])
def desk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    with opened(request.param) as found:
        yield found


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TIMEOUT", (2.0, SLOWLY / 2))


def made(desk: Desk, ticket: NewTicket, tries: int = 20) -> Created:
    """As a ledger goes on until it knows: a later run asks again."""
    for _ in range(tries):
        try:
            return desk.ask().create(ticket)
        except SourceRefused:
            raise
        except SourceUnavailable:
            time.sleep(SLOWLY)
    raise AssertionError("it was never made")


def once(fate: Fate, method: str, path: str = "tickets") -> Any:
    """The fate of the first such call, and nothing for the others."""
    left = [fate]

    def decide(asked: Asked) -> Fate:
        return left.pop() if left and asked.method == method and path in asked.path else Fate.DONE

    return decide


def test_a_ticket_has_the_question_for_the_shopper_and_the_conversation_for_the_team(desk: Desk) -> None:
    created = desk.ask().create(to_make())
    (ticket,) = desk.tickets()
    assert created == Created(str(ticket.id), was_there=False)
    public, notes = desk.texts(ticket)
    assert public == ["Where is my parcel?"]
    (note,) = notes
    assert "[14:00] Shopper: Where is my parcel?" in note
    assert "[14:00] AI agent: I do not know." in note
    for told in ("ann@example.com", "P1", "Order status", "Blue shirt", "https://page.example/?conversation=C1"):
        assert told in note
    assert "{{" not in note
    assert "<b>" not in note
    assert ticket.subject == "Hand-off: my parcel"


@pytest.mark.usefixtures("_impatient")
def test_the_conversation_never_reaches_the_shopper_and_the_question_once_at_most(desk: Desk) -> None:
    for fate in (Fate.DONE, Fate.LOST, Fate.LATE, Fate.BROKEN_AFTER):
        desk.there.fate = once(fate, "POST")
        made(desk, to_make(fate.name))
        made(desk, to_make(fate.name))
    assert all("AI agent" not in text for _, text in desk.reached())
    if isinstance(desk.there, FakeGorgiasTickets):
        assert desk.reached() == []
    else:  # Zendesk's own confirmation, as with every ticket
        assert desk.reached() == [("ann@example.com", "Where is my parcel?")] * 4


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize(
    ("desk", "call"),
    [(FakeZendeskTickets, one) for one in ZENDESK] + [(FakeGorgiasTickets, one) for one in GORGIAS],
    indirect=["desk"],
)
def test_one_ticket_with_one_note_whatever_becomes_of_a_call(desk: Desk, call: tuple[str, str], fate: Fate) -> None:
    desk.there.fate = once(fate, *call)
    created = made(desk, to_make())
    time.sleep(SLOWLY if fate in {Fate.SLOW, Fate.LATE} else 0)
    (ticket,) = desk.tickets()
    assert created.ticket_id == str(ticket.id)
    public, notes = desk.texts(ticket)
    assert (len(public), len(notes)) == (1, 1)
    assert desk.ask().create(to_make()) == Created(str(ticket.id), was_there=True)
    assert len(desk.tickets()) == 1
    assert len(desk.texts(ticket)[1]) == 1


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("seed", range(2))
def test_tickets_are_counted_after_a_rain_of_faults(desk: Desk, seed: int) -> None:
    """Each hand-off is tried until it is known to be made, and some are tried again after that."""
    random_ = random.Random(seed)
    desk.there.fate = lambda asked: random_.choice(FATES) if random_.random() < 0.25 else Fate.DONE
    conversations = [f"C{number}" for number in range(6)]
    created = {one: made(desk, to_make(one, email=f"{one}@example.com")) for one in conversations}
    for one in random_.sample(conversations, 4):
        assert made(desk, to_make(one, email=f"{one}@example.com")) == Created(created[one].ticket_id, was_there=True)
    time.sleep(SLOWLY)
    assert {one: len(desk.tickets(one)) for one in conversations} == dict.fromkeys(conversations, 1)
    assert {one: str(desk.tickets(one)[0].id) for one in conversations} == {
        one: made.ticket_id for one, made in created.items()
    }
    for one in conversations:
        public, notes = desk.texts(desk.tickets(one)[0])
        assert (public, len(notes)) == (["Where is my parcel?"], 1)
    assert len(set(desk.reached())) == len(desk.reached())


def test_a_ticket_is_found_by_exactly_its_external_id_the_oldest_first(desk: Desk) -> None:
    there: Any = desk.there
    ask = desk.ask()
    assert ask.find("agent-metrics:shop:C1") is None
    for _ in range(8):
        there.add("agent-metrics:shop:c1")  # lists of databases take it for the same
    for _ in range(3):
        there.add("agent-metrics:shop:C1")
    assert ask.find("agent-metrics:shop:C1") == "9"
    assert ask.find("agent-metrics:shop:C") is None
    strange = external_id("shop", "ü & ?=1#\n/%")
    there.add(strange)
    assert ask.find(strange) == "12"


def test_a_helpdesk_that_hangs_does_not_hold_the_others_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five tries of two minutes for each call: who waited for another helpdesk waited for half an hour."""
    monkeypatch.setattr(http, "ATTEMPTS", 5)
    monkeypatch.setattr(http, "URGENT", (2, SLOWLY / 2))
    desk.there.fate = lambda asked: Fate.LATE if asked.path.endswith("tickets") else Fate.DONE
    with pytest.raises(SourceUnavailable, match="does not answer"):
        desk.ask().create(to_make())
    assert [one.method for one in desk.there.asked if one.path.endswith("tickets")] == ["GET", "GET"]


def test_conversations_of_two_accounts_with_one_id_have_a_ticket_each(desk: Desk) -> None:
    """Chats that are numbered 1, 2, 3 in each of two shops, and one helpdesk: the second shopper got no ticket."""
    for account in ("shop", "another shop"):
        asked = to_make("1", account_id=account, external_id=external_id(account, "1"))
        assert not desk.ask().create(asked).was_there
    assert len(desk.there.tickets) == 2


def test_odd_ids_and_an_empty_question_make_a_ticket(desk: Desk) -> None:
    for conversation in ("ü & ?=1#/%", "long" * 100, "line\nbreak"):
        created = desk.ask().create(to_make(conversation, question="", tag=None, name=None, email="new+1@example.com"))
        (ticket,) = desk.tickets(conversation)
        assert created.ticket_id == str(ticket.id)
        assert desk.texts(ticket)[0] == [NO_QUESTION]


def test_long_texts_of_any_alphabet_are_cut_to_what_a_helpdesk_takes(desk: Desk) -> None:
    lines = tuple(Line("visitor", ASKED_AT + timedelta(seconds=one), "長い話" * 500) for one in range(60))
    desk.ask().create(to_make(lines=lines, question="長い問い" * 10_000))
    (public, notes) = desk.texts(desk.tickets()[0])
    assert public[0].endswith("い…") or public[0].endswith("長…") or public[0].endswith("問…")
    assert all(len(text.encode()) <= 61_000 for text in (*public, *notes))
    assert "earlier messages left out" in notes[0]


def test_what_the_helpdesk_does_not_take_is_refused_with_its_reason(desk: Desk) -> None:
    there: Any = desk.there
    with pytest.raises(SourceRefused, match=r"nobody at all.*handoffs retry") as raised:
        desk.ask().create(to_make(email="nobody at all"))
    assert not raised.value.is_transient
    there.demanded = "Order number"
    with pytest.raises(SourceRefused, match="Order number") as raised:
        desk.ask().create(to_make())
    assert not raised.value.is_transient
    assert desk.tickets() == []
    there.demanded = None
    assert made(desk, to_make()).ticket_id == "1"


def test_what_can_be_mended_for_all_tickets_refuses_none(desk: Desk) -> None:
    """Credentials that are taken back for an hour must not end the hand-offs of this hour."""
    wrong = {name: f"wrong-{value}" for name, value in SECRETS.items()}
    for ask in (desk.ask(wrong).find, lambda _: desk.ask(wrong).create(to_make())):
        with pytest.raises(SourceUnavailable, match="see to") as raised:
            ask("agent-metrics:shop:C1")
        assert raised.value.is_transient
        assert all(value not in str(raised.value) for value in wrong.values())
    with pytest.raises(SourceRefused, match="see to"):
        desk.ask(wrong).check()
    desk.there.may_write = False  # type: ignore[attr-defined]
    with pytest.raises(SourceUnavailable, match=r"403.*tickets") as raised:
        desk.ask().create(to_make())
    assert raised.value.is_transient
    assert desk.tickets() == []


def test_a_check_asks_and_makes_nothing(desk: Desk) -> None:
    assert "whether they may be made shows with the first" in desk.ask().check()
    assert not any(asked.method in WRITES for asked in desk.there.asked if "token" not in asked.path)
    with pytest.raises(InputError, match="TICKETS"):
        desk.ask({})


@pytest.mark.parametrize("settings", [ZendeskDesk, GorgiasDesk])
def test_contact_data_goes_over_https_alone(settings: Any) -> None:
    with pytest.raises(ValueError, match="https"):
        settings(subdomain="shop", account="shop", base_url="http://shop.example")
