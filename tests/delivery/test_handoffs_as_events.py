"""Hand-offs that no API takes: an event with the same content, and an event with a text for the shopper."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from flows.command.delivering import delivering
from flows.delivery.klaviyo.endpoints import Group
from flows.settings import load
from tests.delivery.fake_klaviyo_lists import KEY, FakeKlaviyoLists
from tests.delivery.fake_zendesk_tickets import FakeZendeskTickets
from tests.delivery.handing_over import ACCEPTED_AT, Handing
from tests.delivery.receiver import SECRET, Receiver

KLAVIYO = """
[accounts.sources.klaviyo]
[accounts.deliveries.klaviyo]
base_url = "{url}"
"""
HOOK = """
[[accounts.deliveries.webhooks]]
name = "crm"
url = "{url}/in"
secret = "env:CRM_SECRET"
"""
INBOX = """
[accounts.handoffs.web_chat]
method = "ticket"
platform = "klaviyo_inbox"
"""
MESSAGE = """
[accounts.handoffs.sms]
method = "message"
text = "Somebody will write to you."
"""


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Handing[FakeZendeskTickets]]:
    with FakeZendeskTickets() as nobody:
        yield Handing(tmp_path, nobody, monkeypatch)


@pytest.fixture
def klaviyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKlaviyoLists]:
    monkeypatch.setenv("KLAVIYO_DELIVERY_KEY", KEY)
    monkeypatch.setattr(Group, "limits", property(lambda group: ((10_000, 1.0),)))
    with FakeKlaviyoLists() as there:
        yield there


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("CRM_SECRET", f"whsec_{SECRET}")
    with Receiver() as there:
        yield there


def test_a_hand_off_to_the_inbox_is_an_event_with_the_whole_conversation(
    team: Handing[FakeZendeskTickets], klaviyo: FakeKlaviyoLists
) -> None:
    team.settings(KLAVIYO.format(url=klaviyo.url) + INBOX)
    klaviyo.profile(email="ana@mail.example", number="ANA")
    team.begin()
    team.shop.product("p1", "Shirt", "https://shop.example/shirt")
    team.accepts("ANA", tag="Order status")
    team.publish()
    assert team.figures() == {"created": 1}
    (event,) = klaviyo.events
    assert (event.metric, event.profile_id, event.at) == ("Hand-off to the team requested", "ANA", ACCEPTED_AT)
    assert not event.is_backfill
    given = event.properties
    assert {name: given[name] for name in ("Conversation ID", "Channel", "Tags", "Reason", "Email", "Question")} == {
        "Conversation ID": "ANA",
        "Channel": "web_chat",
        "Tags": "Order status",
        "Reason": "shopper_request",
        "Email": "ana@mail.example",
        "Question": "Where is the parcel of ANA?",
    }
    assert given["Products"] == [{"title": "Shirt", "url": "https://shop.example/shirt"}]
    assert "AI agent: I do not know, { {ticket.id} }" in given["Conversation"]
    assert team.states() == {"ANA": ("created", None, None)}
    assert team.figures() == {}
    assert len(klaviyo.events) == 1


def test_a_message_is_an_event_with_its_text_alone(
    team: Handing[FakeZendeskTickets], klaviyo: FakeKlaviyoLists, receiver: Receiver
) -> None:
    team.settings(KLAVIYO.format(url=klaviyo.url) + HOOK.format(url=receiver.url) + INBOX + MESSAGE)
    klaviyo.profile(email="ana@mail.example", number="ANA")
    klaviyo.profile(email="ben@mail.example", number="BEN")
    team.begin("web_chat", "sms")
    team.accepts("ANA", channel="sms")
    team.accepts("BEN")
    team.publish()
    assert team.figures() == {"created": 2}
    told = {event.metric: event.properties for event in klaviyo.events}
    message = told["Hand-off message to the shopper due"]
    assert (message["Text"], message["Email"]) == ("Somebody will write to you.", "ana@mail.example")
    assert "Conversation" not in message
    assert told["Hand-off to the team requested"]["Conversation ID"] == "BEN"
    assert receiver.asked == []  # it goes to one delivery alone


def test_who_has_no_profile_is_found_by_the_email_that_was_given(
    team: Handing[FakeZendeskTickets], klaviyo: FakeKlaviyoLists, receiver: Receiver
) -> None:
    team.settings(KLAVIYO.format(url=klaviyo.url) + INBOX)
    klaviyo.profile(email="ana@mail.example", number="OVER_THERE")
    team.begin()
    team.accepts("ANA", profile_id=None)
    team.accepts("STRANGER", profile_id=None)
    team.publish()
    done = team.create()
    assert (done.exit_status, done.delivered[0].figures["created"]) == (5, 1)
    assert [one.profile_id for one in klaviyo.events] == ["OVER_THERE"]
    assert "there is no profile with this address" in str(team.states()["STRANGER"][2])
    team.settings(HOOK.format(url=receiver.url) + INBOX)
    team.accepts("CARL", profile_id=None)
    team.publish()
    team.create()
    assert team.states()["STRANGER"][0] == "dropped"
    assert "do not go to klaviyo any more" in str(team.states()["STRANGER"][2])
    (told,) = receiver.documents()
    assert (told["type"], told["data"]["profile_id"], told["data"]["email"]) == (
        "handoff.requested", None, "carl@mail.example",
    )  # fmt: skip


def test_an_event_that_failed_and_is_not_wanted_any_more_is_dropped(
    team: Handing[FakeZendeskTickets], receiver: Receiver
) -> None:
    team.settings(HOOK.format(url=receiver.url) + INBOX)
    team.begin()
    team.accepts("ANA")
    team.publish()
    receiver.answers = [503]
    assert team.create().exit_status == 5
    team.rows[0] |= {"replied_at": ACCEPTED_AT + timedelta(minutes=1), "outcome": "answered"}
    team.publish()
    team.later()
    assert team.figures() == {"dropped": 1}
    assert len(receiver.asked) == 1


def test_the_doctor_says_that_an_event_is_up_to_a_flow(team: Handing[FakeZendeskTickets], receiver: Receiver) -> None:
    team.settings(HOOK.format(url=receiver.url) + INBOX)
    said = [
        one.what for one in delivering(load(team.config, {"home": str(team.home.root)})) if one.check == "hand-offs"
    ]
    assert said == ["web_chat of shop goes as an event to webhook:crm; what becomes of it there is up to a flow there"]
