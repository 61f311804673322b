"""An account of Klaviyo: JSON:API with cursors, two windows of limits, and the beta of the Customer Agent.

What the real API is known to refuse is refused: a missing revision, a wrong prefix of the key, unknown filters.
"""

from __future__ import annotations

import base64
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flows.sources.api import JsonObject
from tests.sources.fake_api import Answer, Asked, FakeApi

KEY = "pk_canary"
FILTER = re.compile(r'([a-z-]+)\(([a-z_]+),("[^"]*"|[^),]+)\)')
MAY_FILTER = {
    "events": {"equals": {"metric_id"}, "greater-or-equal": {"datetime"}, "less-than": {"datetime"}},
    "profiles": {"greater-than": {"updated"}, "less-than": {"updated"}},
    "customer-agent-conversations": {"greater-or-equal": {"created_at"}, "equals": {"status"}},
}
CONSENT = {
    "subscriptions.email.marketing.can_receive_email_marketing",
    "subscriptions.sms.marketing.can_receive_sms_marketing",
    "subscriptions.whatsapp.marketing.can_receive",
}
MAY_NAME = {  # fields of which a choice can be asked for
    "metrics": ("metric", {"name", "created", "updated", "integration"}),
    "profiles": (
        "profile",
        {"email", "phone_number", "first_name", "last_name", "updated", "location", "properties", *CONSENT},
    ),
    "agent-skills": ("agent-skill", {"name", "display_name", "status", "source", "description", "instructions"}),
}
REPORTS = {f"customer-agent-{kind}-reports" for kind in ("values", "skill-values", "tool-values")}
TOOL_STATISTICS = {"count", "last-call", "avg-duration-ms", "success-rate"}
SIZES = {"events": (200, 1000), "profiles": (20, 100)}


class FakeKlaviyo(FakeApi):
    """`links` tells whether pages of the beta name the next one."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.lists: dict[str, list[JsonObject]] = {
            name: []
            for name in (
                "metrics",
                "events",
                "profiles",
                "agent-skills",
                "agent-knowledge",
                "customer-agent-conversations",
            )
        }
        self.messages: dict[str, list[JsonObject]] = {}
        self.scopes = {"events", "metrics", "profiles", "agents"}
        self.channels: dict[str, str] = {}  # of conversations, where it is not web chat
        self.invocations: dict[str, int] = {}  # of skills, whatever the range
        self.tools: dict[str, JsonObject] = {}  # statistics of tools, whatever the range
        self.knows_tools = True
        self.rates_of = 1  # or 100: whether rates are shares or per cent
        self.a_second, self.refused = 10**9, 0  # calls of conversations that are let through; those that were not
        self._recent: list[float] = []
        self.withheld: dict[str, int] = {}  # answers of a thread, by conversation, that leave its last message out
        self.broken: dict[str, int] = {}  # statuses of threads, by conversation
        self.tells_consent = True  # whether profiles take `additional-fields`
        self.as_object = False  # lists of the beta answer one record alone, as their description has it
        self.besides: dict[str, list[Any]] = {}  # what else stands on the first page of a list, whatever it is
        self.whole = False  # records have all their fields, whichever were asked for
        self.repeats = False  # a page begins with the last record of the one before
        self.links = True
        self.next_host = self.url

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Klaviyo-API-Key {KEY}":
            return wrong(401, "not_authenticated", "Missing or invalid private key.")
        match = re.fullmatch(r"/api/([a-z-]+)(?:/([^/]+)/customer-agent-messages)?/?", asked.path)
        if match is None:
            return wrong(404, "not_found", "No such path.")
        name = match[1]
        is_beta = name.startswith(("agent-", "customer-agent"))
        if not re.fullmatch(
            r"\d{4}-\d\d-\d\d\.pre" if is_beta else r"\d{4}-\d\d-\d\d", asked.headers.get("revision", "")
        ):
            return wrong(400, "invalid", "A valid revision header is required.")
        if asked.headers.get("x-klaviyo-revision-fall-forward-opt-out") != "1":
            return wrong(400, "invalid", "a retired revision would mean another one")
        if ("agents" if is_beta else name) not in self.scopes:
            return wrong(403, "permission_denied", f"missing scope for {name}")
        if name.startswith("customer-agent") and self._is_over_the_limit():
            error = wrong(429, "throttled", "Request was throttled. Expected available in 1 second.")
            return Answer(429, error.body, {"Retry-After": "1"})  # and no RateLimit-… then
        if name == "customer-agent-tool-values-reports" and not self.knows_tools:
            return wrong(404, "not_found", "No such path.")
        if name in REPORTS and asked.method == "POST":
            return self._report(asked, name.removesuffix("s"))
        if match[2]:
            if status := self.broken.get(match[2]):
                return wrong(status, "error", "It cannot be shown.")
            messages = self.messages.get(match[2], [])
            if left := self.withheld.get(match[2], 0):
                self.withheld[match[2]], messages = left - 1, messages[:-1]
            return self._page(asked, "customer-agent-messages", messages)
        if name not in self.lists:
            return wrong(404, "not_found", "No such path.")
        return self._listed(asked, name)

    def _is_over_the_limit(self) -> bool:
        self._recent = [at for at in self._recent if time.monotonic() - at < 1]
        if len(self._recent) >= self.a_second:
            self.refused += 1
            return True
        self._recent.append(time.monotonic())
        return False

    def _report(self, asked: Asked, kind: str) -> Answer:
        """Its own figures: by the status and the time that a conversation has here, or by what `invocations` says."""
        data = (asked.json() or {}).get("data") or {}
        given = data.get("attributes") or {}
        groupings, is_skill = given.get("groupings", []), kind.startswith("customer-agent-skill")
        if data.get("type") != kind:
            return wrong(400, "invalid", "'type' is not that of this report")
        if set(given) - {"statistics", "groupings", "timeframe", "filter"}:
            return wrong(400, "invalid", "Unknown attributes")
        if kind == "customer-agent-tool-values-report":
            return self._tools(given)
        if not set(given["statistics"]) <= ({"volume"} if is_skill else {"volume", "resolution-rate"}):
            return wrong(400, "invalid", "Invalid statistics")
        if groupings != ["skill"] if is_skill else not set(groupings) <= {"channel", "status"}:
            return wrong(400, "invalid", "Invalid groupings")
        since, until = (datetime.fromisoformat(given["timeframe"][name]) for name in ("start", "end"))
        if is_skill:
            return reported(kind, [({"skill": skill}, {"volume": n}) for skill, n in self.invocations.items()])
        found: dict[tuple[str, ...], list[str]] = {}
        for one in self.lists["customer-agent-conversations"]:
            if since <= datetime.fromisoformat(one["attributes"]["created_at"]) < until:
                of = {"status": one["attributes"]["status"], "channel": self.channels.get(one["id"], "web-chat")}
                found.setdefault(tuple(of[name] for name in groupings), []).append(of["status"])
        results = []
        for group, statuses in found.items():
            rate = statuses.count("resolved-by-ai") / len(statuses) * self.rates_of
            said = {"volume": len(statuses), "resolution-rate": round(rate, 4)}
            of = dict(zip(groupings, group, strict=True))
            results.append((of, {name: said[name] for name in given["statistics"]}))
        return reported(kind, results)

    def _tools(self, given: JsonObject) -> Answer:
        """By `tool_calls`; calls of test runs stay out only where the filter says so."""
        if given["groupings"] != ["tool"] or not set(given["statistics"]) <= TOOL_STATISTICS:
            return wrong(400, "invalid", "Invalid statistics or groupings")
        if given.get("filter") != 'any(source,["conversation"])':
            return wrong(400, "invalid", "this would count test runs")
        return reported(
            "customer-agent-tool-values-report",
            [
                ({"tool": tool}, {name: said.get(name) for name in given["statistics"]})
                for tool, said in self.tools.items()
            ],
        )

    def _listed(self, asked: Asked, name: str) -> Answer:
        kind, may_name = MAY_NAME.get(name, ("", set()))
        known = {"filter", "sort", "page[size]", "page[cursor]", f"fields[{kind}]"}
        if name == "profiles" and self.tells_consent:
            known.add("additional-fields[profile]")
        if unknown := asked.params.keys() - known:
            return wrong(400, "invalid", f"'{min(unknown)}' is not a valid query parameter")
        found = list(self.lists[name])
        if fields := asked.params.get(f"fields[{kind}]"):
            if not set(fields.split(",")) <= may_name:
                return wrong(400, "invalid", f"'{fields}' are not fields of {kind}")
            asks_consent = "additional-fields[profile]" in asked.params
            named = [one for one in fields.split(",") if asks_consent or one not in CONSENT]
            found = found if self.whole else [with_fields(one, named) for one in found]
        text = asked.params.get("filter", "")
        filters = FILTER.findall(text)
        if ",".join(f"{op}({field},{value})" for op, field, value in filters) != text:
            return wrong(400, "invalid", "Invalid filter provided")
        for op, field, value in filters:
            if field not in MAY_FILTER.get(name, {}).get(op, set()):
                return wrong(400, "invalid", f"{op}({field}) is not allowed here")
            found = [one for one in found if matches(one, op, field, value)]
        sort = asked.params.get("sort")
        if sort and sort.lstrip("-") not in {"datetime", "updated"}:
            return wrong(400, "invalid", "Invalid sort provided")
        if name == "customer-agent-conversations":
            found.sort(key=lambda one: (one["attributes"]["created_at"], one["id"]), reverse=True)
            found = [self._with_messages(one) for one in found]
        elif sort:
            found.sort(key=lambda one: (str(one["attributes"][sort.lstrip("-")]), one["id"]), reverse=sort[0] == "-")
        return self._page(asked, name, found)

    def _with_messages(self, conversation: JsonObject) -> JsonObject:
        """The conversation, which lists the ids of its messages."""
        listed = [{"type": "customer-agent-message", "id": one["id"]} for one in self.messages[conversation["id"]]]
        return {"relationships": {"customer-agent-messages": {"data": listed, "links": {}}}, **conversation}

    def _page(self, asked: Asked, name: str, found: list[JsonObject]) -> Answer:
        default, most = SIZES.get(name, (50, 100))
        if name in {"metrics", "agent-skills"}:  # of skills no sizes are documented
            default = most = 200
            if "page[size]" in asked.params:
                return wrong(400, "invalid", "'page[size]' is not a valid query parameter")
        size = int(asked.params.get("page[size]", default))
        if not 1 <= size <= most:
            return wrong(400, "invalid", f"page[size] must be between 1 and {most}")
        after = base64.urlsafe_b64decode(asked.params.get("page[cursor]", "")).decode()
        place = next((place for place, one in enumerate(found) if one["id"] == after), None)
        start = 0 if place is None else place if self.repeats else place + 1
        page = found[start : start + size]
        following = None
        if self.as_object and name.startswith("customer-agent"):
            return Answer(200, {"data": page[0] if page else [], "links": {"self": f"{self.url}{asked.path}"}})
        is_beta = name.startswith("customer-agent")
        if start + size < len(found) and (self.links or not is_beta):
            cursor = base64.urlsafe_b64encode(page[-1]["id"].encode()).decode()
            following = f"{self.next_host}{asked.path}?{urlencode({**asked.params, 'page[cursor]': cursor})}"
        page = [*page, *self.besides.get(name, ())] if start == 0 else page
        links = {"self": f"{self.url}{asked.path}", **({"next": following} if following or not is_beta else {})}
        return Answer(200, {"data": page, "links": links})

    def metric(self, name: str) -> str:
        """Add a metric; its id."""
        number = f"M{len(self.lists['metrics'])}"
        self.lists["metrics"].append({"type": "metric", "id": number, "attributes": {"name": name}})
        return number

    def event(self, metric: str, at: datetime, profile: str | None = "P1", /, **properties: Any) -> JsonObject:
        events = self.lists["events"]
        event = {
            "type": "event",
            "id": f"E{len(events):06}",
            "attributes": {"datetime": stamp(at), "event_properties": properties, "uuid": "u"},
            "relationships": {
                "metric": {"data": {"type": "metric", "id": metric}},
                "profile": {"data": {"type": "profile", "id": profile} if profile else None},
            },
        }
        events.append(event)
        return event

    def conversation(self, number: str, at: datetime, texts: list[str], status: str = "resolved-by-ai") -> JsonObject:
        """Add a conversation whose messages take turns, a minute apart, the shopper first; or replace it."""
        updated = at + timedelta(minutes=len(texts) - 1)
        record: JsonObject = {
            "type": "customer-agent-conversation",
            "id": number,
            "attributes": {"status": status, "created_at": stamp(at), "updated_at": stamp(updated)},
        }
        conversations = self.lists["customer-agent-conversations"]
        conversations[:] = [one for one in conversations if one["id"] != number] + [record]
        self.messages[number] = [
            {
                "type": "customer-agent-message",
                "id": str(turn),
                "attributes": {
                    "role": "agent" if turn % 2 else "user",
                    "content": text,
                    "created_at": stamp(at + timedelta(minutes=turn)),
                    "updated_at": stamp(at + timedelta(minutes=turn)),
                },
            }
            for turn, text in enumerate(texts)
        ]
        return record

    def profile(self, number: str, at: datetime, **given: Any) -> None:
        profiles = self.lists["profiles"]
        profiles[:] = [one for one in profiles if one["id"] != number]
        profiles.append({"type": "profile", "id": number, "attributes": {"updated": stamp(at), **given}})


def with_fields(record: JsonObject, fields: list[str]) -> JsonObject:
    given = record.get("attributes")
    if not isinstance(given, dict):
        return record
    chosen: JsonObject = {}
    for field in fields:
        *way, name = field.split(".")
        value, place = given, chosen
        for step in way:
            value, place = value.get(step, {}), place.setdefault(step, {})
        if name in value:
            place[name] = value[name]
    return {**record, "attributes": chosen}


def matches(record: JsonObject, op: str, field: str, value: str) -> bool:
    if field == "metric_id":
        return bool(record["relationships"]["metric"]["data"]["id"] == value.strip('"'))
    given = str(record["attributes"][field])
    if op == "equals":
        return given == value.strip('"')
    there, asked = datetime.fromisoformat(given), datetime.fromisoformat(value)
    return {"greater-or-equal": there >= asked, "greater-than": there > asked, "less-than": there < asked}[op]


def wrong(status: int, code: str, detail: str) -> Answer:
    return Answer(status, {"errors": [{"id": "1", "code": code, "title": code, "detail": detail}]})


def reported(kind: str, results: list[tuple[JsonObject, JsonObject]]) -> Answer:
    given = [{"groupings": of, "statistics": said} for of, said in results]
    return Answer(200, {"data": {"type": kind, "attributes": {"results": given}}})


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
