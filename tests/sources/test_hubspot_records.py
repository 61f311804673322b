"""What HubSpot's records may look like: as its descriptions have them, with more than that, and otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flows.ground.errors import SourceRefused
from flows.lake import Lake
from flows.sources.api import Unknown
from flows.sources.hubspot.mapping import sender
from flows.sources.hubspot.records import KnownThread, Said, Thread
from tests.sources.fake_api import Answer, Asked
from tests.sources.fake_hubspot import CONTACTS, ROOT, FakeHubspot, message, stamp, step
from tests.sources.pulled import current, pulled
from tests.sources.test_hubspot import client

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
AT = stamp(NOON)
IDENTIFIER = {"type": "HS_EMAIL_ADDRESS", "value": "private@shop.example"}
# Beside what the fake has by itself.
THREAD = {
    "latestMessageReceivedTimestamp": AT,
    "latestMessageSentTimestamp": AT,
    "assignedTo": "A-1",
    "closedAt": AT,
    "threadAssociations": {"associatedTicketId": "55"},
}
EVERY: dict[str, Any] = {
    "updatedAt": AT,
    "client": {"clientType": "INTEGRATION", "integrationAppId": 5},
    "senders": [{"actorId": "L-1", "name": "private", "senderField": "FROM", "deliveryIdentifier": IDENTIFIER}],
    "recipients": [{"actorId": "V-1", "name": "private", "recipientField": "TO", "deliveryIdentifier": IDENTIFIER}],
}
MESSAGE: dict[str, Any] = {
    **EVERY,
    "richText": "<p>private</p>",
    "attachments": [{"type": "FILE", "fileId": "1", "fileUsageType": "IMAGE", "name": "private", "url": "private"}],
    "subject": "private",
    "inReplyToId": "m0",
    "status": {"statusType": "FAILED", "failureDetails": {"errorMessage": "private", "errorMessageTokens": {}}},
}
CONTACT = {
    "properties": {
        "email": "shopper@shop.example",
        "createdate": AT,
        "hs_object_id": "private",
        "lastmodifieddate": AT,
    },
    "propertiesWithHistory": {},
    "archivedAt": None,
    "objectWriteTraceId": "private",
    "url": "private",
}


def test_what_the_descriptions_have_is_known_and_only_what_is_read_is_stored(lake: Lake) -> None:
    with FakeHubspot() as there:
        there.actors["L-1"] = {"id": "L-1", "type": "LLM", "name": "private", "avatar": "private"}
        there.actors["A-1"] = {"id": "A-1", "type": "AGENT", "email": "private", "name": "private"}
        there.thread(
            7,
            NOON,
            message(1, NOON, "L-1", **MESSAGE),
            message(2, NOON, "B-1", "cut", **MESSAGE | {"truncationStatus": "TRUNCATED"}),
            message(3, NOON, "A-1", "private", **MESSAGE | {"type": "COMMENT"}),
            message(4, NOON, "S-1", "Hi", type="WELCOME_MESSAGE", **EVERY),
            step(5, NOON, "ASSIGNMENT", "L-1", assignedFrom="A-2", assignedTo="A-1", **EVERY),
            step(6, NOON, "THREAD_STATUS_CHANGE", "L-1", newStatus="CLOSED", **EVERY),
            step(8, NOON, "THREAD_INBOX_CHANGE", "L-1", fromInboxId="1", toInboxId="2", **EVERY),
            **THREAD,
        )
        there.contacts["107"] |= CONTACT
        _change(there, f"{ROOT}channels", lambda body: {**body, "total": 2, "paging": {"prev": {"before": "1"}}})
        _change(there, f"{ROOT}threads", lambda body: {**body, "paging": {"next": {"after": "", "link": ""}}})
        batch = {"errors": [], "links": {}, "numErrors": 1, "requestedAt": AT, "startedAt": AT, "completedAt": AT}
        _change(there, f"{ROOT}actors/batch/read", lambda body: body | batch)
        _change(there, CONTACTS, lambda body: body | batch)
        summary = pulled("hubspot", client(there), lake)
    assert (summary.refused, summary.unknown_fields) == ({}, {})
    assert current(lake, "profiles")["107"]["email"] == "shopper@shop.example"
    for table in ("conversations", "messages", "profiles"):
        assert not [row for row in current(lake, table).values() if "private" in row["_payload"]]


def test_what_nobody_expected_is_told_by_its_name_and_not_stored(lake: Lake) -> None:
    with FakeHubspot() as there:
        said = message(1, NOON, "L-1", tone="cross", senders=[{"actorId": "L-1", "mood": "cross"}])
        there.thread(7, NOON, said, mood="cross", threadAssociations={"dealId": "cross"}, assignedTo=["cross"])
        there.contacts["107"] |= {"mood": "cross"}
        summary = pulled("hubspot", client(there), lake)
        again = pulled("hubspot", client(there), lake)
    assert summary.refused == {}
    assert summary.unknown_fields == {
        "Associations.dealId": 1,
        "Contact.mood": 1,
        "Message.tone": 1,
        "Properties.hs_ip": 1,
        "Sender.mood": 1,
        "Thread.mood": 1,
        "Thread.assignedTo = ?": 1,
    }
    assert (again.unknown_fields, again.loads) == ({}, [])
    for table in ("conversations", "messages", "profiles"):
        assert not [row for row in current(lake, table).values() if "cross" in row["_payload"]]


@pytest.mark.parametrize(
    ("odd", "refused"),
    [
        ({"threadAssociations": None, "associatedContactId": None, "assignedTo": None, "closedAt": None}, ""),
        ({"threadAssociations": "x", "associatedContactId": ["x"], "assignedTo": {}}, ""),
        ({"threadAssociations": [], "associatedContactId": 108, "assignedTo": 5, "originalChannelId": 1000}, ""),
        ({"originalChannelId": {}}, "conversations: originalChannelId '{}' is not a text"),
        ({"id": 8, "threadAssociations": {"associatedTicketId": 55}, "latestMessageTimestamp": 1780315200}, ""),
        ({"id": {}}, "conversations: id '{}' is not a text"),
        ({"status": []}, "conversations: status '[]' is not a text"),
        ({"createdAt": {}}, "conversations: createdAt '{}' is not a text"),
        ({"createdAt": "soon"}, 'conversations: created_at is not a timestamp of the years 1900 to 2200: "soon"'),
        (
            {"status": "CLOSED", "closedAt": "soon"},
            'conversations: closed_at is not a timestamp of the years 1900 to 2200: "soon"',
        ),
        ({"latestMessageTimestamp": [AT]}, f"conversations: latestMessageTimestamp \"['{AT}']\" is not a time"),
    ],
)
def test_an_odd_thread_is_refused_alone_or_counts_without_what_is_odd(
    lake: Lake, odd: dict[str, Any], refused: str
) -> None:
    with FakeHubspot() as there:
        there.thread(7, NOON, message(1, NOON, "L-1"))
        there.thread(8, NOON, message(2, NOON, "L-1"))
        _change(there, f"{ROOT}threads", lambda body: {"results": [body["results"][0], body["results"][1] | odd]})
        summary = pulled("hubspot", client(there), lake)
    assert summary.refusals == ([refused] if refused else [])
    assert current(lake, "conversations").keys() == ({"7"} if refused else {"7", "8"})


@pytest.mark.parametrize(
    ("odd", "refused", "who"),
    [
        ({"senders": None, "updatedAt": None, "direction": None, "assignedTo": None}, "", "agent"),
        ({"senders": "x", "direction": {}, "truncationStatus": []}, "", "agent"),
        ({"senders": {"actorId": "A-1"}, "createdBy": {}}, "", "human"),
        ({"senders": [{"actorId": {}}]}, "", "agent"),
        ({"senders": [None], "createdBy": "V-1"}, "", "visitor"),
        ({"id": 2, "text": 5, "createdAt": 1780315200, "archived": "false"}, "", "agent"),
        ({"id": None}, "messages: it has no id", ""),
        ({"text": {}}, "messages: text '{}' is not a text", ""),
        ({"createdAt": ["x"]}, "messages: createdAt \"['x']\" is not a time", ""),
        ({"type": {}}, "messages: type '{}' is not a text", ""),
        ({"senders": [], "createdBy": []}, "messages: sender is missing", ""),
    ],
)
def test_an_odd_message_is_refused_alone_or_counts_without_what_is_odd(
    lake: Lake, odd: dict[str, Any], refused: str, who: str
) -> None:
    with FakeHubspot() as there:
        there.thread(7, NOON, message(1, NOON, "L-1"), message(2, NOON, "L-1") | odd)
        summary = pulled("hubspot", client(there), lake)
    assert summary.refusals == ([refused] if refused else [])
    said = current(lake, "messages")
    assert said.pop("7/m1")["sender"] == "agent"
    assert [row["sender"] for row in said.values()] == ([who] if who else [])


@pytest.mark.parametrize("odd", ["a text", ["a list"], None, 7])
@pytest.mark.parametrize("path", ["threads", "threads/7/messages", "channels", "actors/batch/read", CONTACTS])
def test_a_record_that_is_none_stops_nothing(lake: Lake, path: str, odd: Any) -> None:
    with FakeHubspot() as there:
        there.actors["X-5"] = {"id": "X-5", "type": "LLM"}
        there.thread(7, NOON, message(1, NOON, "X-5"))
        where = path if path == CONTACTS else ROOT + path
        _change(there, where, lambda body: {**body, "results": [odd, *body["results"]]})
        summary = pulled("hubspot", client(there), lake)
    table = {"threads": "conversations", "threads/7/messages": "messages"}.get(path)
    assert summary.refused == ({table: 1} if table else {})
    row = current(lake, "conversations")["7"]
    assert (row["channel"], row["profile_id"], set(current(lake, "messages"))) == ("web_chat", "107", {"7/m1"})


@pytest.mark.parametrize("path", ["threads", "threads/7/messages", "channels", "actors/batch/read", CONTACTS])
def test_a_record_alone_is_a_list_of_one(lake: Lake, path: str) -> None:
    with FakeHubspot() as there:
        there.actors["X-5"] = {"id": "X-5", "type": "LLM"}
        there.thread(7, NOON, message(1, NOON, "X-5"))
        where = path if path == CONTACTS else ROOT + path
        _change(there, where, lambda body: {**body, "results": body["results"][0], "paging": None})
        summary = pulled("hubspot", client(there), lake)
    row = current(lake, "conversations")["7"]
    assert (summary.refused, row["channel"], row["profile_id"]) == ({}, "web_chat", "107")
    assert set(current(lake, "messages")) == {"7/m1"}


@pytest.mark.parametrize(
    "odd",
    [
        {"email": None, "phone": 123, "firstname": {}, "lastname": []},
        "nobody",
        None,
        [],
    ],
)
def test_a_contact_that_says_little_is_a_shopper_still(lake: Lake, odd: Any) -> None:
    with FakeHubspot() as there:
        there.thread(7, NOON, message(1, NOON, "L-1"))
        there.contacts["107"] |= {"properties": odd, "updatedAt": "soon"}
        summary = pulled("hubspot", client(there), lake)
    assert summary.refused == {}
    assert summary.unknown_fields["Contact.updatedAt = ?"] == 1
    assert current(lake, "profiles")["107"]["email"] is None
    assert current(lake, "conversations")["7"]["profile_id"] == "107"


@pytest.mark.parametrize("path", ["threads", "threads/7/messages", "channels", "actors/batch/read", CONTACTS])
@pytest.mark.parametrize("body", [[], "a text", 7])
def test_an_answer_that_is_no_object_is_said_and_nothing_is_passed_over(lake: Lake, path: str, body: Any) -> None:
    with FakeHubspot() as there:
        there.thread(7, NOON, message(1, NOON, "L-1"))
        answer = there.answer
        _change(there, path if path == CONTACTS else ROOT + path, lambda _: body)
        with pytest.raises(SourceRefused, match="hubspot answers in a shape that is not known"):
            pulled("hubspot", client(there), lake)
        there.answer = answer
        pulled("hubspot", client(there), lake)
    assert set(current(lake, "messages")) == {"7/m1"}


def test_a_page_that_does_not_say_whether_there_is_more_is_no_end(lake: Lake) -> None:
    with FakeHubspot() as there:
        there.thread(7, NOON, message(1, NOON, "L-1"))
        _change(there, f"{ROOT}threads", lambda body: {**body, "paging": {"next": "perhaps"}})
        with pytest.raises(SourceRefused, match=r"not known: paging\.next 'perhaps' is not an object"):
            pulled("hubspot", client(there), lake)


def test_a_cut_message_that_is_gone_meanwhile_keeps_what_came(lake: Lake) -> None:
    """It stopped the pull."""
    with FakeHubspot() as there:
        there.thread(7, NOON, message(1, NOON, "L-1", "the beginn", truncationStatus="TRUNCATED"))
        answer = there.answer
        there.answer = lambda asked: Answer(404, {}) if asked.path.endswith("content") else answer(asked)
        assert pulled("hubspot", client(there), lake).refused == {}
    assert current(lake, "messages")["7/m1"]["text"] == "the beginn"


@pytest.mark.parametrize("refused", ["sort", "association"])
def test_threads_whose_options_are_refused_are_asked_for_without(lake: Lake, refused: str) -> None:
    with FakeHubspot() as there:
        there.short, there.is_unsorted = 4, True
        for number in range(1, 11):
            there.thread(number, NOON + number * timedelta(days=1), message(number, NOON, "L-1"))
        answer = there.answer
        there.answer = lambda asked: Answer(400, {"message": "no"}) if refused in asked.params else answer(asked)
        pulled("hubspot", client(there), lake)
        asked = [refused in one.params for one in there.asked if one.path == f"{ROOT}threads"]
        again = pulled("hubspot", client(there), lake)
    assert asked == [True, False, False, False]
    assert (len(current(lake, "conversations")), again.loads) == (10, [])


def test_what_an_earlier_version_kept_is_no_change_and_makes_the_same_rows() -> None:
    raw = {"id": 7, "status": "OPEN", "createdAt": AT, "latestMessageTimestamp": AT, "assignedTo": None}
    kept = KnownThread.model_validate({"thread": raw, "channel": "LIVE_CHAT", "contact": None})
    assert kept.thread == Thread.read({**raw, "spam": False}, Unknown())
    said = Said.model_validate({"id": "m1", "type": "MESSAGE", "text": "", "createdAt": AT, "actor": "LLM"})
    assert (sender(said), said.createdAt) == ("agent", NOON.isoformat())


def _change(there: FakeHubspot, path: str, change: Callable[[Any], Any]) -> None:
    answer = there.answer

    def changed(asked: Asked) -> Answer:
        answered = answer(asked)
        return Answer(200, change(answered.body)) if asked.path == path else answered

    there.answer = changed  # type: ignore[method-assign]
