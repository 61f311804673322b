"""Intercom over real HTTP, by its own description: what Fin said, handed over and used, and nothing guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.ground.errors import SourceRefused
from flows.lake import Lake
from flows.settings.tree import AccountSourcesSettings
from flows.sources.intercom import client as asking
from flows.sources.intercom.client import Client
from flows.sources.intercom.settings import IntercomSettings
from tests.sources.fake_api import Answer, Asked
from tests.sources.fake_intercom import TOKEN, FakeIntercom, agent, content, part, seconds
from tests.sources.pulled import ACCOUNT, count, current, environment, payloads, pulled

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CREDENTIALS = environment(INTERCOM_ACCESS_TOKEN=TOKEN)


def client(there: FakeIntercom, credentials: Any = CREDENTIALS, **settings: Any) -> Client:
    settings = {"base_url": there.url, "calls_per_minute": 100_000, "start": "2026-05-01"} | settings
    return Client(ACCOUNT, IntercomSettings(**settings), credentials, lambda _: None)


def after(minutes: int) -> datetime:
    return NOON + minutes * MINUTE


def test_a_conversation_stands_with_who_said_what_and_without_notes(lake: Lake) -> None:
    with FakeIntercom() as there:
        there.conversation(
            7,
            NOON,
            part(1, after(1), "fin", "<p>On its <i>way</i></p>"),
            part(2, after(2), "lead", "thanks"),
            part(3, after(3), "admin", "a secret", part_type="note"),
            part(4, after(4), "bot", "Rate us"),
            part(5, after(5), "admin", "I can help", part_type="assignment"),
            part(6, after(6), "admin", None, part_type="conversation_attribute_updated_by_admin"),
            part(8, after(8), "user", None, attachments=[{"name": "photo"}]),
        )
        summary = pulled("intercom", client(there), lake)
    assert summary.refused == {}
    assert current(lake, "conversations")["7"]["channel"] == "web_chat"
    said = [(row["sender"], row["text"], row["sent_at"]) for row in current(lake, "messages").values()]
    assert sorted(said, key=lambda one: one[2]) == [
        ("visitor", "Where is my order?", NOON),
        ("agent", "On its way", after(1)),
        ("visitor", "thanks", after(2)),
        ("system", "Rate us", after(4)),
        ("human", "I can help", after(5)),
        ("visitor", None, after(8)),
    ]
    profile = current(lake, "profiles")["contact-7"]
    assert (profile["email"], profile["first_name"]) == ("shopper7@shop.example", "Shopper 7")
    assert "private city" not in profile["_payload"]
    row = current(lake, "conversations")["7"]
    assert (row["agent"], row["profile_id"], row["source_status"]) == ("intercom", "contact-7", None)
    assert (row["rating"], row["closed_at"]) == (None, None)


@pytest.mark.parametrize(
    ("state", "is_handed_over"),
    [("escalated", True), ("procedure_handoff", True)]
    + [
        (state, False)
        for state in ("assumed_resolution", "confirmed_resolution", "negative_feedback", None, "new word")
    ],
)
def test_a_resolution_state_says_whether_fin_handed_over(lake: Lake, state: str | None, is_handed_over: bool) -> None:
    with FakeIntercom() as there:
        there.conversation(7, NOON, part(1, after(1), "fin"), ai_agent=agent(state))
        pulled("intercom", client(there), lake)
    steps = [(row["type"], row["reason"], row["platform"]) for row in current(lake, "handoff_events").values()]
    assert steps == ([("accepted", state, "intercom")] if is_handed_over else [])
    assert current(lake, "conversations")["7"]["source_status"] == state


def test_a_person_joins_where_the_conversation_is_assigned_after_fin_answered(lake: Lake) -> None:
    """Assigned at once to an inbox's owner, every conversation would have been handed off."""
    person, team, fin = ({"type": kind, "id": id_} for kind, id_ in (("admin", "9"), ("team", "5"), ("admin", "fin-1")))
    with FakeIntercom() as there:
        there.conversation(
            7,
            NOON,
            part(1, after(0), "bot", None, part_type="assignment", assigned_to=person),
            part(2, after(1), "fin"),
            part(3, after(2), "bot", None, part_type="assignment", assigned_to=fin),
            part(4, after(3), "bot", None, part_type="assignment", assigned_to=team),
            part(5, after(4), "bot", None, part_type="assignment", assigned_to=person),
            ai_agent=agent("escalated"),
        )
        pulled("intercom", client(there), lake)
    steps = sorted((row["occurred_at"], row["type"]) for row in current(lake, "handoff_events").values())
    assert steps == [(after(3), "accepted"), (after(4), "human_joined")]


@pytest.mark.parametrize(
    ("who", "closed_by"), [("admin", "human"), ("bot", "agent"), ("fin", "agent"), ("user", "visitor"), (None, None)]
)
def test_a_closed_conversation_says_by_whom(lake: Lake, who: str | None, closed_by: str | None) -> None:
    closing = [part(3, after(9), who, None, part_type="close")] if who else []
    with FakeIntercom() as there:
        there.conversation(
            7,
            NOON,
            part(1, after(1), "fin"),
            *closing,
            state="closed",
            statistics={"type": "conversation_statistics", "last_close_at": seconds(after(9))},
        )
        there.conversation(8, NOON, *closing, statistics={"last_close_at": seconds(after(9))})  # opened again
        pulled("intercom", client(there), lake)
    found = current(lake, "conversations")
    assert (found["7"]["closed_at"], found["7"]["closed_by"]) == (after(9), closed_by)
    assert (found["8"]["closed_at"], found["8"]["closed_by"]) == (None, None)


def test_articles_stand_on_fins_last_answer_and_the_rating_is_the_shoppers(lake: Lake) -> None:
    article = content("article", "https://app.intercom.com/a/apps/x/articles/articles/42/show", "Shipping")
    page = content("external_content", "https://shop.example/faq", None)
    nothing = content("file", None, None)
    with FakeIntercom() as there:
        there.conversation(
            7,
            NOON,
            part(1, after(1), "fin"),
            part(2, after(2), "fin"),
            part(3, after(3), "user"),
            ai_agent=agent("confirmed_resolution", article, page, nothing, rating=4),
        )
        there.conversation(8, NOON, ai_agent=None, conversation_rating={"rating": 2, "remark": None})
        there.conversation(9, NOON, ai_agent=agent(None, rating=0))
        single = agent(None)
        single["content_sources"]["content_sources"] = article  # a list of one, as an object
        there.conversation(10, NOON, part(1, after(1), "fin"), ai_agent=single)
        pulled("intercom", client(there), lake)
    used = {key: row["article_ids"] for key, row in current(lake, "messages").items() if row["article_ids"]}
    assert used == {"7/2": ["42", "https://shop.example/faq"], "10/1": ["42"]}
    articles = {key: (row["title"], row["body"]) for key, row in current(lake, "articles").items()}
    assert articles == {"42": ("Shipping", None), "https://shop.example/faq": ("https://shop.example/faq", None)}
    assert [current(lake, "conversations")[one]["rating"] for one in ("7", "8", "9")] == [4, 2, None]


def test_words_that_are_new_to_us_stay_as_they_are(lake: Lake) -> None:
    with FakeIntercom() as there:
        first = there.conversation(7, NOON, part(1, after(1), "hologram"), part(2, after(2), "fin", author=None))
        first["source"]["type"] = "Twitter"
        there.conversation(8, NOON, channel={"initial": "zendesk_sunshine", "current": None})
        there.conversation(9, NOON)["source"]["type"] = "phone_call"
        pulled("intercom", client(there), lake)
    channels = {key: row["channel"] for key, row in current(lake, "conversations").items()}
    assert channels == {"7": "Twitter", "8": "zendesk_sunshine", "9": "voice"}
    with_word = [row for row in payloads(lake, "messages") if "hologram" in row]
    assert with_word


def test_missing_parts_are_asked_for_again_and_then_counted(lake: Lake) -> None:
    """60 of 100 conversations had fewer parts than their own counter said, and every sync was green."""
    with FakeIntercom() as there:
        there.conversation(7, NOON, *(part(one, after(one), "fin") for one in range(1, 5)))
        there.withheld["7"] = 2
        long = there.conversation(8, NOON, part(1, after(1), "fin"), part(2, after(2), "admin", part_type="note"))
        long["conversation_parts"]["total_count"] = 5
        there.conversation(9, NOON, conversation_parts=None)
        pulled("intercom", client(there), lake)
        assert there.paths().count("/conversations/7") == 2
    counts = {row["conversation_id"]: (row["thing"], row["value"]) for row in current(lake, "source_counts").values()}
    assert counts == {"7": ("messages", 5), "8": ("messages", 5)}  # with the message that opened it, without the note
    ours = [key.partition("/")[0] for key in current(lake, "messages")]
    assert (ours.count("7"), ours.count("8")) == (5, 2)


def test_one_record_that_cannot_be_read_is_refused_and_the_rest_counts(lake: Lake) -> None:
    with FakeIntercom() as there:
        there.conversation(7, NOON, "no part", part(1, after(1), "fin", created_at="soon"), part(2, after(2), "fin"))
        there.conversation(8, NOON, created_at=None)
        rest = {"source": None, "contacts": None, "channel": {"initial": "messenger"}}
        there.conversation(9, NOON, **rest, conversation_parts=[part(1, after(1), "user")])
        there.conversation(10, NOON)
        there.contacts["contact-10"] |= {"updated_at": "yesterday"}
        summary = pulled("intercom", client(there), lake)
        again = pulled("intercom", client(there), lake)
    assert summary.refused == {"messages": 3, "conversations": 1, "profiles": 1}
    assert "messages: created_at 'soon' is not a time" in summary.refusals
    assert current(lake, "conversations").keys() == {"7", "9", "10"}
    assert "7/2" in current(lake, "messages")
    assert again.loads == []


def test_the_second_pull_writes_nothing_twice_and_finds_what_changed(lake: Lake) -> None:
    with FakeIntercom(faults=0.1) as there:
        for number in range(1, 41):
            there.conversation(number, after(number), part(1, after(number + 1), "fin"))
        first = pulled("intercom", client(there), lake)
        again = pulled("intercom", client(there), lake)
        assert (first.rows["conversations"], again.loads, first.first_load) == (40, [], None)
        now = datetime.now(UTC)
        changed = there.conversation(5, after(5), part(1, after(6), "fin"), part(2, now, "user", "and now?"))
        assert changed["updated_at"] >= seconds(now)
        third = pulled("intercom", client(there), lake)
    assert third.rows["messages"] == 1
    assert current(lake, "messages")["5/2"]["text"] == "and now?"


def test_short_pages_are_read_to_the_end_and_many_conversations_in_several_windows(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(asking, "MOST", 10)
    with FakeIntercom() as there:
        there.short = 3
        for number in range(1, 61):
            there.conversation(number, NOON + number * timedelta(hours=3))
        for _ in range(60):  # cut off at the end of every window
            summary = pulled("intercom", client(there), Lake(tmp_path / "lake"), minutes=0)
            if not summary.first_load:
                break
        pulled("intercom", client(there), lake)
        searches = [one.json() for one in there.asked if one.path == "/conversations/search"]
    assert current(lake, "conversations").keys() == {str(number) for number in range(1, 61)}
    assert count(lake, "conversations") == 60
    assert any("starting_after" in one["pagination"] for one in searches)


def test_a_conversation_that_goes_while_it_is_read_and_contacts_that_cannot_be_found_stop_nothing(lake: Lake) -> None:
    with FakeIntercom() as there:
        for number in (1, 2, 3, 4):
            there.conversation(number, NOON)
        there.hidden, there.merged = {"contact-2", "contact-3"}, {"contact-3"}
        del there.contacts["contact-4"]

        def gone(asked: Asked) -> None:
            if asked.path == "/conversations/1":
                there.conversations.pop("1", None)

        there.before = gone
        pulled("intercom", client(there), lake)
    assert current(lake, "conversations").keys() == {"2", "3", "4"}
    assert current(lake, "profiles").keys() == {"contact-2"}


def test_contacts_are_no_profiles_where_klaviyo_has_some(lake: Lake) -> None:
    """A shopper would have been two: one with the messages, and one with the orders."""
    both = AccountSourcesSettings.model_validate({"klaviyo": {}, "intercom": {}})
    alone = AccountSourcesSettings.model_validate({"intercom": {}})
    said = AccountSourcesSettings.model_validate({"klaviyo": {}, "intercom": {"profiles": True}})
    assert [one.intercom and one.intercom.profiles for one in (both, alone, said)] == [False, True, True]
    with FakeIntercom() as there:
        there.conversation(7, NOON)
        pulled("intercom", client(there, profiles=False), lake)
    assert current(lake, "profiles") == {}
    row = current(lake, "conversations")["7"]
    assert (row["profile_id"], row["email"]) == (None, "shopper7@shop.example")


def test_an_answer_of_another_shape_and_a_wrong_token_are_said_in_one_sentence(lake: Lake) -> None:
    with FakeIntercom() as there:
        assert "conversations and contacts can be read" in client(there).check()
        with pytest.raises(SourceRefused, match=r"intercom answers 401.*see to the access token") as raised:
            client(there, {"INTERCOM_ACCESS_TOKEN": "wrong_canary"}).check()
        assert "canary" not in str(raised.value)
        there.may_read = False
        with pytest.raises(SourceRefused, match=r"403.*rights to read conversations"):
            client(there).check()
        there.answer = lambda asked: Answer(200, [])
        with pytest.raises(SourceRefused, match=r"answers in a shape that is not known: .* is not an object"):
            pulled("intercom", client(there), lake)
    assert IntercomSettings(region="eu").url == "https://api.eu.intercom.io"
