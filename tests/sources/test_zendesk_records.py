"""What Zendesk's own description has of tickets, their metrics and users is known, and not told as unexpected."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flows.ground.errors import SourceRefused
from flows.lake import Lake
from tests.sources.fake_api import Answer, Asked
from tests.sources.fake_zendesk import FakeZendesk
from tests.sources.pulled import current, pulled
from tests.sources.test_zendesk import client

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
# Names of TicketObject, TicketMetricObject, UserForAdmin and SatisfactionRatingObject, beside what the fake has.
TICKET = """
    additional_collaborators allow_attachments allow_channelback assignee_email assignee_id attribute_value_ids brand_id
    collaborator_ids collaborators comment custom_status_id due_at email_cc_ids email_ccs encoded_id fields follower_ids
    followers followup_ids forum_topic_id from_messaging_channel group_id has_incidents is_public macro_id macro_ids
    metadata organization_id origin_zrn priority problem_id raw_subject recipient requester safe_update
    satisfaction_probability sharing_agreement_ids sharing_agreements submitter_id support_type suspended_ticket_id
    suspension_type_id system_metadata tde_workspace ticket_form_id tpe_voice_comment type updated_stamp url
    via_followup_source_id via_id voice_comment
    """
METRICS = """
    agent_wait_time_in_minutes assigned_at assignee_stations assignee_updated_at created_at custom_status_updated_at
    first_resolution_time_in_minutes full_resolution_time_in_minutes group_stations id initially_assigned_at
    latest_comment_added_at on_hold_time_in_minutes replies requester_updated_at
    requester_wait_time_in_minutes status_updated_at updated_at url
    """
USER = """
    active agent_brand_ids alias chat_only created_at custom_role_id default_group_id details iana_time_zone
    last_login_at locale locale_id moderator name notes only_private_comments organization_id phone photo
    remote_photo_url report_csv restricted_agent role role_type separation shared shared_agent shared_phone_number
    signature suspended suspension_details tags ticket_restriction time_zone two_factor_auth_enabled updated_at url
    verified
    """
RATING = "assignee_id comment created_at group_id id reason reason_code reason_id requester_id ticket_id updated_at url"
EMAIL = {
    "channel": "email",
    "source": {
        "from": {
            "address": "shopper@example.com",
            "name": "words",
            "id": 1,
            "title": "words",
            "original_recipients": [],
        },
        "to": {"address": "help@shop.example", "name": "words"},
        "rel": None,
    },
}


def test_what_zendesks_description_has_is_known_and_no_words_are_stored(lake: Lake) -> None:
    with FakeZendesk() as desk:
        rating = {**dict.fromkeys(RATING.split(), "words"), "score": "good"}
        desk.ticket(1, NOON, reply=7, **dict.fromkeys(TICKET.split(), "words"), via=EMAIL, satisfaction_rating=rating)
        desk.metrics[1] |= dict.fromkeys(METRICS.split(), "words")
        desk.users[5001] |= dict.fromkeys(USER.split(), "words") | {"email": None}
        summary = pulled("zendesk", client(desk), lake)
    assert (summary.refused, summary.unknown_fields) == ({}, {})
    (ticket,) = current(lake, "tickets").values()
    assert (ticket["satisfaction"], ticket["email"]) == ("good", "shopper@example.com")
    assert "words" not in ticket["_payload"]


@pytest.mark.parametrize("channel", [30, 30.5, True, ["email"], {"email": 1}, None])
def test_a_channel_of_another_shape_costs_no_ticket(lake: Lake, channel: object) -> None:
    with FakeZendesk() as desk:
        desk.ticket(1, NOON, via={**EMAIL, "channel": channel}, requester_id=None)
        desk.ticket(2, NOON, via=EMAIL, requester_id=None)
        summary = pulled("zendesk", client(desk), lake)
    assert summary.refused == {}
    assert {number: row["email"] for (_, number), row in current(lake, "tickets").items()} == {
        "1": None,
        "2": "shopper@example.com",
    }


def exported(desk: FakeZendesk, lake: Lake, tickets: object) -> dict[str, int]:
    """What is refused of an export that has this in place of its list, of ticket 1."""
    desk.ticket(1, NOON)
    answered = desk.answer

    def answer(asked: Asked) -> Answer:
        said: Answer = answered(asked)
        if "tickets" in said.body:
            said.body["tickets"] = said.body["tickets"][0] if tickets == "alone" else tickets
        return said

    desk.answer = answer  # type: ignore[method-assign]
    return pulled("zendesk", client(desk), lake).refused


def test_one_ticket_in_place_of_a_list_is_read(lake: Lake) -> None:
    """The pull ended with it, in every run."""
    with FakeZendesk() as desk:
        assert exported(desk, lake, "alone") == {}
    assert {number for _, number in current(lake, "tickets")} == {"1"}


@pytest.mark.parametrize("tickets", [None, 7, "busy"])
def test_an_export_without_tickets_does_not_pass_for_an_empty_one(lake: Lake, tickets: object) -> None:
    """Its cursor would leave behind what it did not bring."""
    with FakeZendesk() as desk, pytest.raises(SourceRefused, match="tickets"):
        exported(desk, lake, tickets)
