"""What Intercom may answer one day: fields that are new, and shapes that its description does not have."""

from __future__ import annotations

from datetime import UTC, datetime
from time import sleep
from typing import Any

import pytest

from flows.lake import Lake
from tests.sources.fake_api import Answer, Asked
from tests.sources.fake_intercom import FakeIntercom, agent, content, part, seconds
from tests.sources.pulled import current, payloads, pulled
from tests.sources.test_intercom import NOON, after, client

HALF = "half a character \ud83d"
ODD = ["text", "7", 7, [], ["text"], [[]], {}, {"id": []}, None, True]
REFUSED = {  # by what is odd; a part without a kind and a content without an address are none, whatever they are
    "found": {"conversations": 10},
    "whole": {"conversations": 10},
    "contact": {"profiles": 10},
    "part": {"messages": 8},
    "content": {"articles": 8},
    "conversation_parts": {"messages": 6},
}
NESTED = {"source", "contacts", "channel", "statistics", "conversation_rating", "ai_agent", "state"}


def all_of(names: str, **known: Any) -> dict[str, Any]:
    return {**dict.fromkeys(names.split()), **known}


def documented_part(number: int) -> dict[str, Any]:
    author = {"type": "bot", "id": "9", "name": "Fin", "email": "fin@shop.example"}
    return all_of(
        """type notified_at attachments external_id redacted email_message_metadata metadata state tags event_details
        app_package_code""",
        id=number,
        part_type="comment",
        body="Hello",
        created_at=seconds(after(number)),
        updated_at=seconds(after(number)),
        assigned_to={"type": "admin", "id": "5"},
        author=author | {"from_ai_agent": True, "is_ai_answer": True},
    )


def documented() -> dict[str, Any]:
    """A conversation with every field that the description of version 2.16 has, nested ones too."""
    reference = {"type": "contact", "id": "c1", "external_id": "70"}
    source = all_of(
        "id delivered_as recipients reply_to subject attachments url redacted email_message_metadata",
        type="email",
        body="Where?",
        author=all_of("name email", type="user", id="c1"),
    )
    ai_agent = all_of(
        "source_type source_title last_answer_type rating_remark created_at updated_at",
        resolution_state="escalated",
        rating=4,
        content_sources={
            "type": "content_source.list",
            "total_count": 1,
            "content_sources": [content("file", "u", "t")],
        },
    )
    statistics = all_of(
        """type time_to_assignment time_to_admin_reply time_to_first_close time_to_last_close median_time_to_reply
        first_contact_reply_at first_assignment_at first_admin_reply_at first_close_at last_assignment_at
        last_assignment_admin_reply_at last_contact_reply_at last_admin_reply_at last_closed_by_id count_reopens
        count_assignments assigned_team_first_response_time handling_time adjusted_handling_time
        assigned_team_first_response_time_in_office_hours""",
        last_close_at=seconds(after(9)),
        count_conversation_parts=2,
    )
    return all_of(
        """type title waiting_since snoozed_until open read priority admin_assignee_id team_assignee_id company tags
        teammates custom_attributes first_contact_reply sla_applied linked_objects sales_agent_participated sales_agent
        external_references monitor_evaluations scorecards topics ticket""",
        state="closed",
        ai_agent_participated=True,
        source=source,
        contacts={"type": "contact.list", "contacts": [reference]},
        conversation_rating=all_of("remark created_at updated_at contact teammate", rating=2),
        statistics=statistics,
        ai_agent=ai_agent,
        channel={"initial": "email", "current": "messenger"},
        conversation_parts={
            "type": "conversation_part.list",
            "conversation_parts": [documented_part(1), documented_part(2)],
            "total_count": 2,
        },
    )


def documented_contact() -> dict[str, Any]:
    return all_of(
        """type external_id workspace_id role email_domain owner_id has_hard_bounced marked_email_as_spam avatar
        unsubscribed_from_emails created_at signed_up_at last_seen_at last_replied_at last_contacted_at
        last_email_opened_at last_email_clicked_at language_override browser browser_version browser_language os
        android_app_name android_app_version android_device android_os_version android_sdk_version
        android_last_seen_at ios_app_name ios_app_version ios_device ios_os_version ios_sdk_version ios_last_seen_at
        custom_attributes tags notes companies location social_profiles merge_history enabled_push_messaging
        opted_out_subscription_types opted_in_subscription_types utm_campaign utm_content utm_medium utm_source
        utm_term referrer""",
        id="c1",
        email="ann@shop.example",
        phone=None,
        name="Ann",
        updated_at=seconds(NOON),
    )


def test_nothing_that_the_description_has_is_unexpected(lake: Lake) -> None:
    with FakeIntercom() as there:
        there.short = 1
        there.conversation(7, NOON, **documented())
        there.conversation(8, NOON)
        there.contacts["c1"] = documented_contact()
        summary = pulled("intercom", client(there), lake)
    assert (summary.unknown_fields, summary.refused) == ({}, {})
    row = current(lake, "conversations")["7"]
    assert (row["channel"], row["profile_id"], row["rating"], row["closed_by"]) == ("email", "c1", 4, None)
    assert current(lake, "messages")["7/2"]["article_ids"] == ["u"]


def test_what_is_new_is_told_once_and_not_stored(lake: Lake) -> None:
    with FakeIntercom() as there:
        there.conversation(7, NOON, part(1, after(1), "fin", tone="private"), mood="private", title="private")
        there.contacts["contact-7"] |= {"shoe_size": "private"}
        first = pulled("intercom", client(there), lake)
        sleep(1)  # times have whole seconds: a pull in the same second as the one before it asks for none
        there.conversation(8, datetime.now(UTC), mood="private")
        sleep(1)
        second = pulled("intercom", client(there), lake)
    assert first.unknown_fields == {"Contact.shoe_size": 1, "Conversation.mood": 1, "ConversationPart.tone": 1}
    assert (second.unknown_fields, second.refused) == ({}, {})
    assert current(lake, "conversations").keys() == {"7", "8"}
    stored = [one for table in ("conversations", "messages", "profiles") for one in payloads(lake, table)]
    assert len(stored) == 7
    assert not any(word in one for one in stored for word in ("private", "ann@shop.example", "a@b.c"))


def test_what_a_conversation_can_do_without_is_left_out_and_told(lake: Lake) -> None:
    with FakeIntercom() as there:
        odd = agent("escalated", rating="five") | {"resolution_state": []}
        statistics = {"last_close_at": "soon", "count_conversation_parts": "many"}
        there.conversation(7, NOON, ai_agent=odd, statistics=statistics, conversation_rating="good")
        there.contacts["contact-7"] |= {"phone": {"home": 1}}
        summary = pulled("intercom", client(there), lake)
    assert summary.refused == {}
    assert summary.unknown_fields == {
        "AiAgent.rating = ?": 1,
        "AiAgent.resolution_state = ?": 1,
        "Contact.phone = ?": 1,
        "Conversation.conversation_rating = ?": 1,
        "Statistics.count_conversation_parts = ?": 1,
        "Statistics.last_close_at = ?": 1,
    }
    row = current(lake, "conversations")["7"]
    assert (row["rating"], row["source_status"], row["channel"]) == (None, None, "web_chat")


@pytest.mark.parametrize("where", [*REFUSED, *sorted(NESTED)])
def test_another_shape_refuses_one_record_at_most(lake: Lake, where: str) -> None:
    """A conversation for each of `ODD`, and a sound one."""
    with FakeIntercom() as there:
        for number in range(10, 11 + len(ODD)):
            used = agent(None, content("file", f"u{number}", "t"))
            there.conversation(number, NOON, part(1, after(1), "fin"), ai_agent=used, channel={"initial": "messenger"})
        odd_ones = dict(zip(there.conversations, ODD, strict=False))
        for name, odd in odd_ones.items():
            whole = there.conversations[name]
            if where == "part":
                whole["conversation_parts"]["conversation_parts"].append(odd)
            elif where == "content":
                whole["ai_agent"]["content_sources"]["content_sources"].append(odd)
            elif where == "contact":
                there.hidden.add(f"contact-{name}")
            elif where in whole:
                whole[where] = odd
        answered = there.answer

        def answer(asked: Asked) -> Answer:
            said: Answer = answered(asked)
            path, _, name = asked.path.rpartition("/")
            if where == "found" and asked.path == "/conversations/search":
                said.body["conversations"][: len(ODD)] = ODD
            of = name.removeprefix("contact-")
            if path == {"whole": "/conversations", "contact": "/contacts"}.get(where) and of in odd_ones:
                return Answer(200, odd_ones[of] or {})  # an answer that is null as a whole is no answer
            return said

        there.answer = answer
        summary = pulled("intercom", client(there), lake)
    assert summary.refused == REFUSED.get(where, {})
    stand = 1 if where in {"found", "whole"} else len(ODD) + 1
    assert len(current(lake, "conversations")) == stand
    assert {"20/source", "20/1"} <= current(lake, "messages").keys()


def test_numbers_as_text_and_a_record_in_place_of_a_list_are_read(lake: Lake) -> None:
    """And half a character, which no file can hold."""
    with FakeIntercom() as there:
        fin = part(1, after(1), "fin", HALF, created_at=str(seconds(after(1))), id=1)
        whole = there.conversation(7, NOON, ai_agent=agent(None, rating="4"), conversation_parts=fin)
        whole |= {"contacts": {"type": "contact", "id": "contact-7"}, "created_at": str(seconds(NOON))}
        answered = there.answer

        def alone(asked: Asked) -> Answer:
            said: Answer = answered(asked)
            if asked.path.endswith("/search"):
                name = "data" if asked.path.startswith("/contacts") else "conversations"
                said.body |= {name: said.body[name][0] if said.body[name] else None, "total_count": "1", "pages": []}
            return said

        there.answer = alone
        summary = pulled("intercom", client(there), lake)
    assert summary.refused == {}
    assert summary.unknown_fields == {"ConversationList.pages = ?": 1}
    row = current(lake, "conversations")["7"]
    assert (row["profile_id"], row["rating"], row["created_at"]) == ("contact-7", 4, NOON)
    assert current(lake, "messages")["7/1"]["text"] == "half a character \ufffd"
    assert current(lake, "profiles").keys() == {"contact-7"}


def test_a_note_that_cannot_be_read_is_not_even_kept_as_refused(lake: Lake) -> None:
    with FakeIntercom() as there:
        note = part(1, after(1), "admin", "a secret", part_type="note", created_at="soon")
        there.conversation(7, NOON, note, part(2, after(2), "fin"), part(3, after(3), "fin", created_at="soon"))
        summary = pulled("intercom", client(there), lake)
    assert (summary.refused, summary.refusals) == ({"messages": 1}, ["messages: created_at 'soon' is not a time"])
    assert not any("a secret" in one for one in payloads(lake, "messages"))
    counted = current(lake, "source_counts")["intercom/messages/7"]["value"]
    assert counted == 3  # the one that opened it, Fin's, and the one that is refused


def test_times_may_come_as_text(lake: Lake) -> None:
    closing = part(2, after(5), "admin", None, part_type="close", created_at=after(5).isoformat())
    with FakeIntercom() as there:
        there.conversation(7, NOON, part(1, after(1), "fin"), closing, state="closed")
        pulled("intercom", client(there), lake)
    row = current(lake, "conversations")["7"]
    assert (row["closed_at"], row["closed_by"]) == (after(5), "human")


@pytest.mark.parametrize("has_profiles", [True, False])
def test_a_contact_that_only_the_search_has_and_nobody_can_read_is_refused_once(lake: Lake, has_profiles: bool) -> None:
    """It was left out without a word; one that can be read by its id is not refused."""
    with FakeIntercom() as there:
        for number in (1, 2, 3):
            there.conversation(number, NOON)
        answered = there.answer

        def answer(asked: Asked) -> Answer:
            said: Answer = answered(asked)
            if asked.path == "/contacts/search":
                said.body["data"] = ["no contact" if one["id"] != "contact-3" else one for one in said.body["data"][1:]]
            if asked.path == "/contacts/contact-1":
                return Answer(404, {"type": "error.list", "errors": [{"code": "not_found", "message": "Not found"}]})
            return said

        there.answer = answer
        summary = pulled("intercom", client(there, profiles=has_profiles), lake)
    assert summary.refused == {"profiles": 1}
    assert current(lake, "conversations").keys() == {"1", "2", "3"}
    assert set(current(lake, "profiles")) == ({"contact-2", "contact-3"} if has_profiles else set())
