"""Tickets of a HubSpot: the whole conversation is the ticket's description, which the team alone reads.

A property of tickets has our id, and HubSpot takes each of its values once: a second ticket is refused over there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dlt.sources.helpers.rest_client.auth import BearerTokenAuth

from flows.delivery.handoffs.fitting import conversation
from flows.delivery.handoffs.refusals import of_the_ticket
from flows.delivery.handoffs.ticket import Created, NewTicket
from flows.ground.errors import InputError, SourceRefused, SourceUnavailable
from flows.settings.helpdesks import HubspotDesk
from flows.sources.api import Flag, Http, Id, JsonObject, Listed, Loosely, Pace, Record, Text, Unknown
from flows.sources.hubspot.client import NAME

PROPERTY = "agent_metrics_id"  # of tickets; somebody makes it, with unique values
CALLS = ((100, 10.0),)
MOST_BYTES = 60_000  # of a description; HubSpot takes 65,536 characters
OF_CONTACT = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 16}  # ticket to contact
NOT_UNIQUE = "see to the property agent_metrics_id of tickets: it has to have unique values (docs/handoffs.md)"


class HubspotTickets:
    """One HubSpot, as a place where tickets are made."""

    platform = NAME

    def __init__(self, settings: HubspotDesk, environment: Mapping[str, str], waiting: Callable[[float], None]) -> None:
        self._settings, self._unknown = settings, Unknown()
        auth = BearerTokenAuth(settings.access_token.read(environment))
        self._http = Http(
            NAME, settings.url, auth=auth, pace=Pace(NAME, CALLS, waiting), explain=_explain, is_urgent=True
        )
        self._objects = f"crm/objects/{settings.version}"

    def check(self) -> str:
        """The property and one look-up; nothing is made."""
        path = f"crm/properties/{self._settings.version}/tickets/{PROPERTY}"
        if not Property.answered(NAME, self._http.get(path), self._unknown).hasUniqueValue:
            raise InputError(f"values of {NAME}'s property {PROPERTY} are not unique", remedy=NOT_UNIQUE)
        self._having(PROPERTY)
        return (
            f"{self._settings.url} answers, tickets can be looked up; whether they may be made shows with the first. "
            "Its tickets are not pulled, so what comes of these hand-offs stays not_known"
        )

    def find(self, external_id: str) -> str | None:
        """The ticket that has exactly this id, also one that was deleted and can be restored."""
        return self._having(external_id)

    def create(self, ticket: NewTicket) -> Created:
        """Make the ticket, unless `find` has it. After a try without success it is looked for."""
        if there := self._having(ticket.external_id):
            return Created(there, was_there=True)
        body = self._body(ticket, self._contact(ticket.email))
        try:
            with of_the_ticket():
                answer = self._http.post_once(f"{self._objects}/tickets", body)
                return Created(Ticket.answered(NAME, answer, self._unknown).id, was_there=False)
        except SourceUnavailable as failed:
            if there := self._having(ticket.external_id):
                return Created(there, was_there=True)
            if isinstance(failed, SourceRefused) and _is_of_our_id(failed):
                remedy = (
                    f"it is tried again: a ticket with this id may be there and not be shown yet; else {NOT_UNIQUE}"
                )
                raise SourceUnavailable(failed.what, where=failed.where, remedy=remedy) from None
            raise

    def _having(self, external_id: str) -> str | None:
        for archived in ("false", "true"):
            found = self._read(f"tickets/batch/read?archived={archived}", PROPERTY, external_id)
            for one in found:
                if one.properties and one.properties.agent_metrics_id == external_id:
                    return one.id
        return None

    def _contact(self, email: str) -> str | None:
        """The contact with this address; none is made, since contacts may cost."""
        return next((one.id for one in self._read("contacts/batch/read", "email", email)), None)

    def _read(self, path: str, property_: str, value: str) -> tuple[Ticket, ...]:
        asked = {
            "idProperty": property_,
            "inputs": [{"id": value}],
            "properties": [property_],
            "propertiesWithHistory": [],
        }
        try:
            return Found.answered(NAME, self._http.post(f"{self._objects}/{path}", asked), self._unknown).results
        except SourceRefused as refused:  # a look-up is never the fault of a ticket
            raise SourceUnavailable(refused.what, where=refused.where, remedy=refused.remedy) from None

    def _body(self, ticket: NewTicket, contact: str | None) -> JsonObject:
        return {
            "properties": {
                "subject": ticket.subject,
                "content": conversation(ticket, MOST_BYTES),
                "hs_pipeline": self._settings.pipeline,
                "hs_pipeline_stage": self._settings.stage,
                PROPERTY: ticket.external_id,
            },
            "associations": [{"to": {"id": contact}, "types": [dict(OF_CONTACT)]}] if contact else [],
        }


class Known(Record):
    agent_metrics_id: Text = None

    not_read = "createdate hs_lastmodifieddate hs_object_id email lastmodifieddate"


class Ticket(Record):
    id: Id
    properties: Loosely[Known] = None

    not_read = "archived archivedAt createdAt objectWriteTraceId propertiesWithHistory updatedAt url"


class Found(Record):
    results: Listed[Ticket] = ()

    not_read = "completedAt errors links numErrors requestedAt startedAt status"


class Property(Record):
    hasUniqueValue: Flag = False  # noqa: N815  HubSpot's name

    not_read = (
        "archived archivedAt calculated calculationFormula createdAt createdUserId dataSensitivity dateDisplayHint "
        "description displayOrder externalOptions fieldType formField groupName hidden hubspotDefined label "
        "modificationMetadata name options referencedObjectType sensitiveDataCategories showCurrencySymbol type "
        "updatedAt updatedUserId"
    )


def _is_of_our_id(refused: SourceRefused) -> bool:
    """Whether it speaks of our property, most likely as another ticket has the value: its words are not documented."""
    said = str(refused.answer)
    return any(word in said for word in (PROPERTY, "already has that value", "CONFLICTING_UNIQUE_VALUE"))


def _explain(status: int, answer: Any) -> str | None:
    if status == 400 and PROPERTY in str(answer):
        return NOT_UNIQUE
    if 300 <= status < 400 or status == 404:
        return f"see to base_url and version, and make the property {PROPERTY} of tickets (docs/handoffs.md)"
    return {
        400: "see to what it says, then `agent-metrics handoffs retry`",
        401: "see to the access token",
        403: "give the private app the scopes tickets and crm.objects.contacts.read",
    }.get(status)
