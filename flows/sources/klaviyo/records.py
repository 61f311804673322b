"""What is read of Klaviyo's answers: Events, Metrics and Profiles of its API reference.

JSON:API: a record has an `id`, its `attributes`, and `relationships` to others. The properties of an event are the
account's own, an object of any names; `flows.sources.klaviyo.properties` finds what stands there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator

from flows.sources.api import Id, Instant, JsonObject, Loosely, Record, Text
from flows.sources.klaviyo.properties import first, only

T = TypeVar("T")


def several(value: Any) -> Any:
    if isinstance(value, Mapping):
        return [value] if value else None
    return value


def _inside(value: Any) -> Any:
    return {} if value is None else value


# A list, or one alone, as the beta's description has it; null where there is nothing.
Several = Annotated[tuple[T, ...] | None, BeforeValidator(several)]
# An object that is empty where there is none.
Inside = Annotated[T, BeforeValidator(_inside)]


class Links(Record):
    next: Text = None

    not_read = "self prev first last"


class Page(Record):
    """A list, or one record alone. Its links are strict: without the next one the rest would be missing."""

    data: Several[Any]
    links: Inside[Links] = Links()

    not_read = "included meta"

    @property
    def records(self) -> tuple[Any, ...]:
        return self.data or ()


class Resource(Record):
    """Another record, by its id."""

    id: Id

    not_read = "type"


class ToOne(Record):
    data: Loosely[Resource] = None

    not_read = "links meta"


class MetricAttributes(Record):
    name: Text = None

    not_read = "created updated integration"


class Metric(Record):
    id: Id
    attributes: Inside[MetricAttributes] = MetricAttributes()

    not_read = "type links relationships"


class Metrics(Record):
    """All of an account."""

    metrics: tuple[Loosely[Metric], ...]


class EmailMarketing(Record):
    can_receive_email_marketing: Loosely[bool] = None

    not_read = """
        consent consent_timestamp custom_method_detail double_optin last_updated list_suppressions method method_detail
        suppression
        """


class SmsMarketing(Record):
    can_receive_sms_marketing: Loosely[bool] = None

    not_read = "consent consent_timestamp last_updated method method_detail"


class EmailSubscription(Record):
    marketing: Loosely[EmailMarketing] = None

    not_read = "open_tracking"


class SmsSubscription(Record):
    marketing: Loosely[SmsMarketing] = None

    not_read = "transactional"


class WhatsappMarketing(Record):
    can_receive: Loosely[bool] = None

    not_read = "consent consent_timestamp created_timestamp last_updated metadata phone_number valid_until"


class WhatsappSubscription(Record):
    marketing: Loosely[WhatsappMarketing] = None

    not_read = "conversational transactional"


class Subscriptions(Record):
    email: Loosely[EmailSubscription] = None
    sms: Loosely[SmsSubscription] = None
    whatsapp: Loosely[WhatsappSubscription] = None

    not_read = "mobile_push"


class ProfileAttributes(Record):
    email: Text = None
    phone_number: Text = None
    first_name: Loosely[Text] = None
    last_name: Loosely[Text] = None
    updated: Text = None
    subscriptions: Loosely[Subscriptions] = None

    not_read = """
        created external_id image last_event_date locale location organization predictive_analytics properties title
        """

    @property
    def can_receive_email(self) -> bool | None:
        """Whether the address is not suppressed; None where Klaviyo does not say."""
        marketing = self.subscriptions.email.marketing if self.subscriptions and self.subscriptions.email else None
        return marketing.can_receive_email_marketing if marketing else None

    @property
    def can_receive_sms(self) -> bool | None:
        """Whether the shopper subscribed to text messages; None where Klaviyo does not say."""
        marketing = self.subscriptions.sms.marketing if self.subscriptions and self.subscriptions.sms else None
        return marketing.can_receive_sms_marketing if marketing else None

    @property
    def can_receive_whatsapp(self) -> bool | None:
        """Whether the shopper subscribed to messages by WhatsApp; None where Klaviyo does not say."""
        of = self.subscriptions
        marketing = of.whatsapp.marketing if of and of.whatsapp else None
        return marketing.can_receive if marketing else None


class Profile(Record):
    id: Id
    attributes: Inside[ProfileAttributes] = ProfileAttributes()

    not_read = "type links relationships"


class EventAttributes(Record):
    datetime: Loosely[Instant] = None
    timestamp: Loosely[Instant] = None  # seconds of Unix
    event_properties: Loosely[dict[str, Any]] = None
    properties: Loosely[dict[str, Any]] = None  # the name of older revisions

    not_read = "uuid"


class EventRelationships(Record):
    profile: Loosely[ToOne] = None
    metric: Loosely[ToOne] = None

    not_read = "attributions"


class Event(Record):
    id: Id
    attributes: Inside[EventAttributes] = EventAttributes()
    relationships: Inside[EventRelationships] = EventRelationships()

    not_read = "type links"

    @property
    def happened(self) -> str | None:
        """When it happened, as ISO text."""
        return self.attributes.datetime or self.attributes.timestamp

    @property
    def properties(self) -> JsonObject:
        return self.attributes.event_properties or self.attributes.properties or {}

    @property
    def profile_id(self) -> str | None:
        return _id_of(self.relationships.profile)

    @property
    def metric_id(self) -> str | None:
        """The id of its metric; two integrations have two metrics of one name."""
        return _id_of(self.relationships.metric)

    def said(self, names: Sequence[str]) -> Any:
        """The first of its properties that has one of these names and a value."""
        return first(self.properties, names)

    def kept_with(self, names: Collection[str]) -> JsonObject:
        """What is used of it: of its properties those with these names. No address of a browser, and no position."""
        found = self.kept()
        times = {
            name: value for name, value in found.get("attributes", {}).items() if name in {"datetime", "timestamp"}
        }
        return {**found, "attributes": {**times, "event_properties": only(self.properties, names)}}


def _id_of(related: ToOne | None) -> str | None:
    return related.data.id if related and related.data else None


class Fault(Record):
    detail: Text = None


class Faults(Record):
    """An answer that is none."""

    errors: Several[Fault] = None
