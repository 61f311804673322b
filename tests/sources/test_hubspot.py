"""HubSpot over real HTTP, by its own description: threads in which an AI agent or a bot took part."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.ground.errors import SourceRefused
from flows.lake import Lake
from flows.sources.hubspot.client import Client
from flows.sources.hubspot.settings import HubspotSettings
from tests.sources.fake_api import Answer
from tests.sources.fake_hubspot import TOKEN, FakeHubspot, message, stamp, step
from tests.sources.pulled import ACCOUNT, count, current, environment, pulled

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CREDENTIALS = environment(HUBSPOT_ACCESS_TOKEN=TOKEN)


def client(there: FakeHubspot, credentials: Any = CREDENTIALS, **settings: Any) -> Client:
    settings = {"base_url": there.url, "calls_per_10_seconds": 100_000} | settings
    return Client(ACCOUNT, HubspotSettings(**settings), credentials, lambda _: None)


def after(minutes: int) -> datetime:
    return NOON + minutes * MINUTE


def test_a_thread_stands_with_who_said_what_and_without_comments(lake: Lake) -> None:
    with FakeHubspot() as there:
        there.actors["X-5"] = {"id": "X-5", "type": "LLM", "name": "Agent"}
        there.thread(
            7,
            after(9),
            message(0, NOON, "S-hubspot", "Welcome", type="WELCOME_MESSAGE"),
            message(1, after(1), "V-1", "Where is it?"),
            message(2, after(2), "X-5", "On its way"),
            message(3, after(3), "A-3", "a secret", type="COMMENT"),
            message(4, after(4), "A-3", "I can help"),
            message(5, after(5), "E-1", "by mail"),
            message(6, after(6), "B-1", "cut", truncationStatus="TRUNCATED"),
            step(8, after(7), "THREAD_INBOX_CHANGE", "A-3"),
        )
        summary = pulled("hubspot", client(there), lake)
    assert summary.refused == {}
    assert {(row["sender"], row["text"]) for row in current(lake, "messages").values()} == {
        ("system", "Welcome"),
        ("visitor", "Where is it?"),
        ("agent", "On its way"),
        ("human", "I can help"),
        ("visitor", "by mail"),
        ("agent", "the whole text"),
    }
    row = current(lake, "conversations")["7"]
    assert (row["channel"], row["agent"], row["profile_id"], row["source_status"]) == (
        "web_chat",
        "hubspot",
        "107",
        "OPEN",
    )
    assert current(lake, "profiles")["107"]["email"] == "shopper7@shop.example"
    assert "private address" not in row["_payload"]


def test_what_no_agent_took_part_in_is_not_ours(lake: Lake) -> None:
    with FakeHubspot() as there:
        there.thread(7, NOON, message(1, NOON, "V-1"), message(2, after(1), "A-1"))
        there.thread(8, NOON, message(3, NOON, "V-1"), message(4, NOON, "B-1", type="WELCOME_MESSAGE"))
        pulled("hubspot", client(there), lake)
    assert current(lake, "conversations") == {}
    assert current(lake, "messages") == {}


def test_a_person_joins_and_closes_and_a_thread_that_is_closed_without_a_message_is_found(lake: Lake) -> None:
    with FakeHubspot() as there:
        said = [
            message(1, NOON, "V-1"),
            step(2, NOON, "ASSIGNMENT", "S-hubspot", assignedTo="A-1"),  # whose inbox it is
            message(3, after(1), "L-1"),
            step(4, after(2), "ASSIGNMENT", "L-1", assignedTo="B-1"),
            step(5, after(3), "ASSIGNMENT", "L-1", assignedTo="A-1"),
        ]
        there.thread(7, after(1), *said, threadAssociations={"associatedTicketId": "55"})
        pulled("hubspot", client(there), lake)
        assert current(lake, "conversations")["7"]["closed_at"] is None
        there.messages["7"].append(step(6, after(9), "THREAD_STATUS_CHANGE", "A-1", newStatus="CLOSED"))
        there.threads["7"] |= {"status": "CLOSED", "closedAt": stamp(after(9))}
        pulled("hubspot", client(there), lake)
        there.asked.clear()
        assert pulled("hubspot", client(there), lake).loads == []
        assert not [one for one in there.paths() if one.endswith("/messages")]  # nothing has changed
    steps = [(row["type"], row["occurred_at"], row["ticket_id"]) for row in current(lake, "handoff_events").values()]
    assert steps == [("human_joined", after(3), "55")]
    row = current(lake, "conversations")["7"]
    assert (row["closed_at"], row["closed_by"]) == (after(9), "human")


def test_words_that_are_new_to_us_stay_as_they_are_and_one_record_stops_nothing(lake: Lake) -> None:
    with FakeHubspot() as there:
        there.channels = {"id": "1000", "name": "CARRIER_PIGEON"}  # a list of one, as an object
        there.thread(7, NOON, message(1, NOON, "L-1"), message(2, NOON, "Q-1", "who?"), "no message")
        there.thread(8, NOON, message(3, NOON, "L-1"), createdAt="soon")
        there.thread(9, NOON, message(4, NOON, "L-1", createdAt="yesterday"), message(5, NOON, "L-1"))
        there.thread(10, NOON, message(6, NOON, "L-1"), latestMessageTimestamp="never", originalChannelId=None)
        there.threads["11"] = {"id": None, "latestMessageTimestamp": stamp(NOON)}
        there.thread(12, NOON, message(7, NOON, "L-1"), associatedContactId=None, originalChannelId="77")
        del there.contacts["109"]
        summary = pulled("hubspot", client(there), lake)
    found = current(lake, "conversations")
    assert found.keys() == {"7", "9", "12"}
    assert (found["7"]["channel"], found["12"]["channel"]) == ("CARRIER_PIGEON", "77")
    assert "conversations: latestMessageTimestamp 'never' is not a time" in summary.refusals
    assert current(lake, "messages").keys() == {"7/m1", "7/m2", "8/m3", "9/m5", "12/m7"}
    assert current(lake, "messages")["7/m2"]["sender"] == "Q"


@pytest.mark.parametrize("is_unsorted", [False, True])
def test_a_first_load_that_is_cut_off_goes_on(lake: Lake, tmp_path: Path, is_unsorted: bool) -> None:
    with FakeHubspot(faults=0.02) as there:
        there.short, there.is_unsorted = 4, is_unsorted
        for number in range(1, 21):
            there.thread(number, NOON + number * timedelta(days=1), message(number, NOON, "L-1"))
        for _ in range(8):
            pulled("hubspot", client(there, reread_days=1), Lake(tmp_path / "lake"), minutes=0)
        full = pulled("hubspot", client(there), lake)
    assert (full.loads, full.rows) == ([], {})
    assert len(current(lake, "conversations")) == 20
    assert count(lake, "messages") == 20


def test_a_wrong_token_and_missing_scopes_are_said_in_one_sentence(lake: Lake) -> None:
    with FakeHubspot() as there:
        assert "conversations and contacts can be read" in client(there).check()
        with pytest.raises(SourceRefused, match=r"hubspot answers 401.*see to the access token") as raised:
            client(there, {"HUBSPOT_ACCESS_TOKEN": "wrong_canary"}).check()
        assert "canary" not in str(raised.value)
        there.may_read = False
        with pytest.raises(SourceRefused, match=r"403.*conversations.read"):
            client(there).check()
        there.answer = lambda asked: Answer(200, [])
        with pytest.raises(
            SourceRefused, match=r"hubspot answers in a shape that is not known: '\[\]' is not an object"
        ):
            pulled("hubspot", client(there), lake)
