"""Chatwoot over real HTTP: the conversations of its agents, although all there is are pages, newest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.ground.errors import SourceRefused
from flows.lake import Lake
from flows.sources.chatwoot.client import Client
from flows.sources.chatwoot.settings import ChatwootSettings
from tests.sources.fake_api import Answer
from tests.sources.fake_chatwoot import TOKEN, FakeChatwoot, message
from tests.sources.pulled import ACCOUNT, count, current, environment, pulled

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CREDENTIALS = environment(CHATWOOT_ACCESS_TOKEN=TOKEN)


def client(there: FakeChatwoot, credentials: Any = CREDENTIALS, **settings: Any) -> Client:
    settings = {"account": 1, "base_url": there.url, "calls_per_minute": 100_000, "start": "2026-05-01"} | settings
    return Client(ACCOUNT, ChatwootSettings(**settings), credentials, lambda _: None)


def after(minutes: int) -> datetime:
    return NOON + minutes * MINUTE


def test_a_conversation_stands_with_who_said_what_and_without_private_notes(lake: Lake) -> None:
    survey = {"submitted_values": {"csat_survey_response": {"rating": 4, "feedback_message": ""}}}
    with FakeChatwoot() as there:
        there.conversation(
            7,
            after(9),
            message(1, after(0), "contact", "Where is it?"),
            message(2, after(1), "captain_assistant", "On its way"),
            message(3, after(2), "user", "a secret", private=True),
            message(4, after(3), None, "Conversation was marked resolved", message_type=2),
            message(5, after(4), None, "We are back at 9", message_type=3),
            message(6, after(5), None, "I can help", sender_type="User"),
            message(8, after(6), None, "Rate us", message_type=3, content_type="input_csat", content_attributes=survey),
            message(9, after(7), "agent_bot", None),
        )
        summary = pulled("chatwoot", client(there), lake)
    assert summary.refused == {}
    said = [(row["sender"], row["text"]) for row in current(lake, "messages").values()]
    assert sorted(said, key=str) == sorted(
        [
            ("visitor", "Where is it?"),
            ("agent", "On its way"),
            ("system", "We are back at 9"),
            ("human", "I can help"),
            ("system", "Rate us"),
            ("agent", None),
        ],
        key=str,
    )
    row = current(lake, "conversations")["7"]
    assert (row["channel"], row["agent"], row["profile_id"], row["rating"]) == ("web_chat", "chatwoot", "107", 4)
    assert (row["source_status"], row["closed_at"], row["updated_at"]) == ("pending", None, after(9))
    assert current(lake, "profiles")["107"]["email"] == "shopper7@shop.example"
    assert "private city" not in row["_payload"]


def test_what_no_agent_took_part_in_is_not_ours(lake: Lake) -> None:
    """Every mail that people answer would have been a conversation of the agent that is open."""
    with FakeChatwoot() as there:
        there.conversation(7, NOON, message(1, NOON, "contact"), message(2, after(1), "user"))
        there.conversation(8, NOON, message(3, NOON, "contact"), message(4, after(1), "user"))
        there.event(1, "conversation_bot_handoff", 8, after(1))  # the bot handed over without a word
        pulled("chatwoot", client(there), lake)
    assert current(lake, "conversations").keys() == {"8"}
    assert current(lake, "messages").keys() == {"8/3", "8/4"}


@pytest.mark.parametrize("name", ["conversation_bot_handoff", "conversation_captain_handoff"])
def test_an_event_says_that_the_agent_handed_over_also_after_the_conversation_was_read(lake: Lake, name: str) -> None:
    with FakeChatwoot() as there:
        there.conversation(7, NOON, message(1, NOON, "contact"), message(2, after(1), "agent_bot"))
        pulled("chatwoot", client(there), lake)
        now = datetime.now(UTC).replace(microsecond=0)
        there.event(1, name, 7, now)
        there.event(2, name, None, now)
        there.event(3, name, 99, now)  # of a conversation that nobody has seen
        pulled("chatwoot", client(there), lake)
    steps = [
        (row["conversation_id"], row["type"], row["occurred_at"]) for row in current(lake, "handoff_events").values()
    ]
    assert steps == [("7", "accepted", now)]
    assert current(lake, "conversations")["7"]["source_status"] == name


@pytest.mark.parametrize(
    ("events", "closed_by"),
    [
        ([("conversation_bot_resolved", None), ("conversation_resolved", 5)], "agent"),
        ([("conversation_captain_resolved", None)], "agent"),
        ([("conversation_resolved", 5)], "human"),
        ([("conversation_resolved", None)], None),
    ],
)
def test_a_resolved_conversation_says_by_whom(lake: Lake, events: list[Any], closed_by: str | None) -> None:
    with FakeChatwoot() as there:
        there.conversation(
            7, after(5), message(1, NOON, "contact"), message(2, after(1), "agent_bot"), status="resolved"
        )
        there.event(1, "conversation_bot_resolved", 7, after(-60))  # it was opened again after this
        for number, (name, user) in enumerate(events, 2):
            there.event(number, name, 7, after(5), user)
        there.conversation(8, after(5), message(3, after(1), "agent_bot"), status="open")
        there.event(9, "conversation_bot_resolved", 8, after(2))
        pulled("chatwoot", client(there), lake)
    found = current(lake, "conversations")
    assert (found["7"]["closed_at"], found["7"]["closed_by"]) == (after(5), closed_by)
    assert (found["8"]["closed_at"], found["8"]["closed_by"]) == (None, None)


def test_a_long_conversation_is_read_to_its_first_message(lake: Lake, tmp_path: Path) -> None:
    """An answer has twenty messages, and nothing in it says that there are more."""
    with FakeChatwoot() as there:
        there.conversation(7, after(60), *(message(one, after(one), "agent_bot") for one in range(1, 51)))
        pulled("chatwoot", client(there), lake)
        assert len(current(lake, "messages")) == 50
    with FakeChatwoot() as there:
        there.knows_before = False  # a server as its description says
        there.conversation(8, after(60), *(message(one, after(one), "agent_bot") for one in range(1, 4)))
        other = Lake(tmp_path / "other")
        pulled("chatwoot", client(there), other)
    assert len(current(other, "messages")) == 3


def test_words_that_are_new_to_us_stay_as_they_are_and_one_record_stops_nothing(lake: Lake) -> None:
    with FakeChatwoot() as there:
        first = there.conversation(
            7, NOON, message(1, NOON, "agent_bot"), message(2, after(1), "hologram"), "no message"
        )
        first["meta"]["channel"] = "Channel::Telegram"
        there.conversation(8, NOON, {"id": 3, "created_at": "soon"})
        there.conversation(9, NOON, message(4, NOON, "agent_bot"), created_at="yesterday")
        there.conversation(10, NOON, message(5, NOON, "agent_bot"), meta=None)
        there.conversation(11, NOON, message(6, NOON, "agent_bot"))
        summary = pulled("chatwoot", client(there), lake)
        again = pulled("chatwoot", client(there), lake)
    assert current(lake, "conversations").keys() == {"7", "11"}
    assert current(lake, "conversations")["7"]["channel"] == "Channel::Telegram"
    assert "messages: created_at 'soon' is not a time" in summary.refusals
    assert summary.refused["conversations"] == 2  # a time that is none, and no channel
    assert again.loads == []


def test_a_first_load_that_is_cut_off_goes_on_and_news_come_first(lake: Lake, tmp_path: Path) -> None:
    with FakeChatwoot(faults=0.02) as there:
        there.page = 5
        for number in range(1, 31):
            there.conversation(number, after(number), message(number, after(number), "agent_bot"))
        for round_ in range(24):
            pulled("chatwoot", client(there), Lake(tmp_path / "lake"), minutes=0)
            if round_ == 13:  # moves up while the past is read
                now = datetime.now(UTC)
                there.conversation(1, now, message(1, after(1), "agent_bot"), message(99, now, "contact", "and now?"))
        full = pulled("chatwoot", client(there), lake)
        assert (full.loads, full.rows) == ([], {})
        there.faults = 0.0
        there.asked.clear()
        pulled("chatwoot", client(there), lake)
        pages = [one.params["page"] for one in there.asked if one.path.endswith("/conversations")]
    assert current(lake, "conversations").keys() == {str(number) for number in range(1, 31)}
    assert current(lake, "messages")["1/99"]["text"] == "and now?"
    assert count(lake, "conversations") <= 31
    assert pages == ["1", "2"]


def test_nothing_that_was_last_active_before_the_start_is_taken(lake: Lake) -> None:
    with FakeChatwoot() as there:
        there.page = 3
        for number in range(1, 31):
            there.conversation(number, NOON + number * timedelta(days=1), message(number, NOON, "agent_bot"))
        pulled("chatwoot", client(there, start="2026-06-20"), lake)
    assert len(current(lake, "conversations")) == 12


def test_a_wrong_token_missing_rights_and_an_older_server_are_said_in_one_sentence(lake: Lake) -> None:
    with FakeChatwoot() as there:
        assert client(there).check().endswith("conversations can be read")
        with pytest.raises(SourceRefused, match=r"chatwoot answers 401.*see to the access token") as raised:
            client(there, {"CHATWOOT_ACCESS_TOKEN": "wrong_canary"}).check()
        assert "canary" not in str(raised.value)
        there.is_admin = False
        with pytest.raises(SourceRefused, match=r"403.*administrator"):
            client(there).check()
        there.has_events = False
        assert "no reporting events" in client(there).check()
        there.conversation(7, NOON, message(1, NOON, "agent_bot"))
        pulled("chatwoot", client(there), lake)
        assert current(lake, "conversations").keys() == {"7"}
        there.answer = lambda asked: Answer(200, [])
        with pytest.raises(SourceRefused, match=r"answers in a shape that is not known: .* is not an object"):
            pulled("chatwoot", client(there), lake)
