"""A HubSpot in which tickets are made, strictly by its descriptions of CRM objects and properties, version 2026-09.

A value of a property with unique values is taken once, whatever the letters' case, also of a ticket that was deleted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.delivery.fake_desk import BadRequest, FakeDesk, is_email, only
from tests.sources.fake_api import Answer, Asked

TOKEN = "hubspot_tickets_canary"
OBJECTS, PROPERTY = "/crm/objects/2026-09", "/crm/properties/2026-09/tickets/agent_metrics_id"
KNOWN = {"subject", "content", "hs_pipeline", "hs_pipeline_stage", "agent_metrics_id", "hs_ticket_priority"}
INSTANT = "2026-06-01T12:00:00.000Z"
CONFLICTS = {  # status, category and message where another ticket has our id; `said` as public programs recorded it
    "said": (
        400,
        "VALIDATION_ERROR",
        "Cannot set PropertyValueCoordinates{{portalId=1, objectTypeId=ObjectTypeId{{legacyObjectType=TICKET}}, "
        "propertyName=agent_metrics_id, value={value}}} on 2. {there} already has that value.",
    ),
    "code": (400, "VALIDATION_ERROR", "Property values were not valid: [CONFLICTING_UNIQUE_VALUE]"),
    "words that nobody knows": (400, "VALIDATION_ERROR", "agent_metrics_id: the value is in use"),
    "status": (409, "CONFLICT", "Ticket already exists. Existing ID: {there}"),
}


@dataclass
class DeskTicket:
    id: int
    external_id: str | None
    properties: dict[str, str]
    contacts: list[str]
    is_archived: bool = False


class FakeHubspotTickets(FakeDesk):
    """`contacts`: ids by address. `has_property`, `is_unique`: of the property with our id. `shows`: whether a look-up
    shows tickets yet.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.tickets: dict[int, DeskTicket]
        self.contacts: dict[str, str] = {}
        self.has_property = self.is_unique = self.may_write = self.shows = True
        self.demanded: str | None = None
        self.conflict = CONFLICTS["said"]
        self.sent: list[str] = []  # to shoppers: no call that is taken here sends anything

    def tickets_of(self, external: str) -> list[DeskTicket]:
        return [one for one in self.tickets.values() if one.external_id == external]

    def done(self, asked: Asked) -> Answer:
        with self.lock:
            if asked.headers.get("authorization") != f"Bearer {TOKEN}":
                raise BadRequest(401, _error("INVALID_AUTHENTICATION", "Authentication credentials not found."))
            if (asked.method, asked.path) == ("GET", PROPERTY):
                return self._property()
            if asked.method == "POST" and asked.headers.get("content-type") != "application/json":
                raise BadRequest(415, _error("VALIDATION_ERROR", "Unsupported media type"))
            if (asked.method, asked.path) == ("POST", f"{OBJECTS}/tickets"):
                return self._create(json.loads(asked.body))
            for kind in ("tickets", "contacts"):
                if (asked.method, asked.path) == ("POST", f"{OBJECTS}/{kind}/batch/read"):
                    return self._read(kind, json.loads(asked.body), asked.params)
            raise BadRequest(404, _error("OBJECT_NOT_FOUND", "resource not found"))

    def _property(self) -> Answer:
        if not self.has_property:
            raise BadRequest(404, _error("OBJECT_NOT_FOUND", "property agent_metrics_id does not exist"))
        texts = dict.fromkeys(("description", "fieldType", "groupName", "label", "name", "type"), "text")
        return Answer(200, {**texts, "options": [], "hasUniqueValue": self.is_unique})

    def _read(self, kind: str, body: Any, params: Mapping[str, str]) -> Answer:
        given = only(body, {"inputs", "properties", "propertiesWithHistory"}, {"idProperty"}, _wrong)
        if params.keys() - {"archived"} or params.get("archived", "false") not in {"true", "false"}:
            raise _wrong(f"unknown parameters {params}")
        names = [only(one, {"id"}, set(), _wrong)["id"] for one in given["inputs"]]
        unique = "agent_metrics_id" if kind == "tickets" else "email"
        if given.get("idProperty") != unique or (kind == "tickets" and not (self.has_property and self.is_unique)):
            raise _wrong(f"{given.get('idProperty')} is not a unique identifier property of {kind}")
        if kind == "contacts":
            found = [(self.contacts[one], {"email": one}) for one in names if one in self.contacts]
        else:
            archived = params.get("archived") == "true"
            found = [
                (str(one.id), {"agent_metrics_id": one.external_id or ""})
                for name in names
                for one in self.like(name)
                if self.shows and one.is_archived == archived
            ]
        results = [_shown(number, {**properties, "hs_object_id": number}) for number, properties in found]
        times = dict.fromkeys(("completedAt", "startedAt"), INSTANT)
        if results:
            return Answer(200, {"status": "COMPLETE", "results": results, **times})
        error = {"category": "OBJECT_NOT_FOUND", "status": "error", "message": "Could not get some objects"}
        more = {"numErrors": 1, "errors": [{**error, "context": {"ids": names}, "errors": [], "links": {}}]}
        return Answer(207, {"status": "COMPLETE", "results": [], **times, **more})

    def _create(self, body: Any) -> Answer:
        if not self.may_write:
            raise BadRequest(403, _error("MISSING_SCOPES", "This app hasn't been granted all required scopes: tickets"))
        given = only(body, {"associations", "properties"}, set(), _wrong)
        needed = {"subject", "hs_pipeline", "hs_pipeline_stage"}
        properties = dict(only(given["properties"], needed, KNOWN - needed, _wrong))
        if self.demanded:
            raise _wrong(f"{self.demanded} is required")
        if not all(isinstance(one, str) for one in properties.values()):
            raise _wrong("properties: texts are needed")
        if len(properties.get("content", "")) > 65_536:
            raise _wrong("content: too long")
        ours = properties.get("agent_metrics_id")
        if ours and (there := self.like(ours)):
            status, category, said = self.conflict
            raise BadRequest(status, _error(category, said.format(value=ours, there=there[0].id)))
        contacts = [self._contact(one) for one in given["associations"]]
        number = len(self.tickets) + 1
        self.tickets[number] = DeskTicket(number, ours, properties, contacts)
        return Answer(201, _shown(str(number), properties))

    def _contact(self, given: Any) -> str:
        one = only(given, {"to", "types"}, set(), _wrong)
        number = str(only(one["to"], {"id"}, set(), _wrong)["id"])
        kinds = [only(kind, {"associationCategory", "associationTypeId"}, set(), _wrong) for kind in one["types"]]
        if kinds != [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 16}]:
            raise _wrong(f"types: {kinds}")
        if number not in self.contacts.values():
            raise _wrong(f"contact {number} does not exist")
        return number

    def knows(self, email: str) -> str:
        """A contact of this address; its id."""
        assert is_email(email)
        return self.contacts.setdefault(email, f"90{len(self.contacts)}")


def _shown(number: str, properties: dict[str, str]) -> dict[str, Any]:
    times = {"createdAt": INSTANT, "updatedAt": INSTANT}
    return {"id": number, "properties": properties, "archived": False, **times, "url": "https://hubspot.example"}


def _error(category: str, message: str) -> dict[str, str]:
    return {"status": "error", "message": message, "category": category, "correlationId": "aeb5f871"}


def _wrong(said: str) -> BadRequest:
    return BadRequest(400, _error("VALIDATION_ERROR", said))
