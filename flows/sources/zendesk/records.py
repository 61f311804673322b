"""What is read of Zendesk's answers: Incremental exports, Tickets, Ticket metrics, Users of its API reference."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from flows.sources.api import Flag, Id, Listed, Loosely, Record, Text, Whole


class CustomField(Record):
    id: Text = None
    value: Any = None


class Score(Record):
    score: Text = None

    not_read = """
        assignee_id comment created_at group_id id reason reason_code reason_id requester_id ticket_id updated_at url
        """


class Time(Record):
    """A time until something, in whole minutes or seconds."""

    calendar: Whole = None

    not_read = "business"


class Metrics(Record):
    ticket_id: Text = None
    solved_at: Text = None
    reply_time_in_minutes: Loosely[Time] = None
    reply_time_in_seconds: Loosely[Time] = None
    reopens: Loosely[Whole] = None

    not_read = """
        agent_wait_time_in_minutes assigned_at assignee_stations assignee_updated_at created_at custom_status_updated_at
        first_resolution_time_in_minutes full_resolution_time_in_minutes group_stations id initially_assigned_at
        latest_comment_added_at on_hold_time_in_minutes replies requester_updated_at
        requester_wait_time_in_minutes status_updated_at updated_at url
        """


class Sender(Record):
    address: Text = None

    not_read = """
        channel facebook_id formatted_phone id name original_recipients phone profile_url subject ticket_id title
        twitter_id username
        """


class Origin(Record):
    sender: Loosely[Sender] = Field(default=None, alias="from")

    not_read = "to rel"


class Via(Record):
    channel: Text = None
    source: Loosely[Origin] = None


class User(Record):
    id: Id
    email: Text = None
    external_id: Text = None
    user_fields: Loosely[dict[str, Any]] = None

    not_read = """
        abilities active agent_brand_ids alias chat_only created_at custom_role_id default_group_id details
        email_verified iana_time_zone last_active last_login_at locale locale_id moderator name notes
        only_private_comments organization_id permanently_deleted phone photo remote_photo_url report_csv
        restricted_agent role role_type separation shared shared_agent shared_phone_number signature suspended
        suspension_details tags ticket_restriction time_zone two_factor_auth_enabled updated_at url verified
        """


class Ticket(Record):
    id: Id
    external_id: Text = None
    requester_id: Text = None
    status: Text = None
    custom_fields: Loosely[Listed[CustomField]] = None
    satisfaction_rating: Loosely[Score] = None
    created_at: Text = None
    updated_at: Text = None
    generated_timestamp: Loosely[Whole] = None
    metric_set: Any = None
    via: Loosely[Via] = None

    not_read = """
        additional_collaborators allow_attachments allow_channelback assignee_email assignee_id attribute_value_ids
        brand_id collaborator_ids collaborators comment custom_status_id deleted_ticket_form_id description due_at
        email_cc_ids email_ccs encoded_id fields follower_ids followers followup_ids forum_topic_id
        from_messaging_channel group_id has_incidents is_public macro_id macro_ids metadata organization_id origin_zrn
        priority problem_id raw_subject recipient requester result_type safe_update satisfaction_probability
        sharing_agreement_ids sharing_agreements subject submitter_id support_type suspended_ticket_id
        suspension_type_id system_metadata tags tde_workspace ticket_form_id tpe_voice_comment type updated_stamp url
        via_followup_source_id via_id voice_comment
        """


def _alone(value: Any) -> Any:
    """One ticket without a list is a list of one; nothing at all is not a page."""
    return [value] if isinstance(value, Mapping) else value


class Export(Record):
    """A page of the incremental export."""

    tickets: Annotated[tuple[Any, ...], BeforeValidator(_alone)]
    metric_sets: Listed[Any] = ()
    users: Listed[Any] = ()
    end_of_stream: Flag = False
    after_cursor: Text = None

    not_read = "after_url before_cursor before_url count next_page end_time"


class Users(Record):
    users: Listed[Any] = ()

    not_read = "count next_page previous_page"


class TicketMetrics(Record):
    ticket_metric: Any = None  # one, or a list of one


class Interval(Record):
    """Business hours, in minutes after the midnight with which the Sunday begins."""

    start_time: int
    end_time: int


class Schedule(Record):
    id: Id
    name: Text = None
    time_zone: Id
    intervals: Listed[Interval] = ()

    not_read = "created_at updated_at"


class Schedules(Record):
    schedules: Listed[Any] = ()

    not_read = "count next_page previous_page url"


class Holiday(Record):
    """Days that are closed, its last one, too; no name of it is kept."""

    start_date: date
    end_date: date

    not_read = "id name"


class Holidays(Record):
    holidays: Listed[Holiday] = ()

    not_read = "count next_page previous_page url"


class AccessToken(Record):
    access_token: Id
    expires_in: Loosely[float] = None

    not_read = "token_type scope refresh_token refresh_token_expires_in"
