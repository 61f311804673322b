"""Klaviyo where things are delivered to, strictly by its own description of 2026-07-15: lists, profiles, events.

What is wrong in a request is refused as a whole, and what happened can be told at the end.
"""

from __future__ import annotations

import base64
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlencode

from flows.sources.api import JsonObject
from tests.delivery.klaviyo_described import FIELDS, KNOWN, PATHS, RIGHTS, SCOPES, SIZES, SORTS
from tests.delivery.klaviyo_requests import (
    BadRequest,
    a_number,
    an_email,
    event_of,
    filters_of,
    holds,
    list_name_of,
    members_of,
    profile_of,
)
from tests.sources.fake_api import LOST, Answer, Asked, FakeApi

KEY = "pk_canary_of_deliveries"


@dataclass(frozen=True)
class Recorded:
    """An event that is recorded."""

    metric: str
    profile_id: str
    unique_id: str
    at: datetime
    value: float | None
    value_currency: str | None
    is_backfill: bool
    properties: JsonObject


class FakeKlaviyoLists(FakeApi):
    """`points`: whether an error says which id of a call it is about. `conflicts`: whether somebody who is in a list
    already is refused (409). `lost` are answers that never arrive though everything was done, by endpoint, such as
    `{"POST lists": 1}`; `throttled` the calls that are answered with 429 first.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.scopes = set(SCOPES)
        self.points, self.conflicts = False, False
        self.lost: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()
        self.new_lists_a_day = 150
        self.odd: set[str] = set()  # profiles that are there, and that no list takes
        self.keeps_case = False  # whether emails are shown as they were written, or small
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.lists: dict[str, JsonObject] = {}
        self.members: dict[str, dict[str, datetime]] = {}
        self.profiles: dict[str, JsonObject] = {}
        self.events: list[Recorded] = []
        self.calls: Counter[str] = Counter()  # by endpoint, those that were let in
        self._recorded: set[tuple[str, str, str]] = set()
        self.repeated = 0  # events that were told again, and not recorded again
        self._lock = threading.Lock()

    # What people do over there, and what tests look at in the end.

    def profile(self, email: str | None = None, phone: str | None = None, number: str | None = None) -> str:
        """Somebody whom the account knows; the id."""
        number = number or f"01PROFILE{len(self.profiles):07}"
        self.profiles[number] = {"email": email, "phone_number": phone, "updated": self.clock()}
        return number

    def a_list(self, name: str, *members: str) -> str:
        """A list that somebody made by hand; the id."""
        number = f"L{len(self.lists):05}"
        self.lists[number] = {"name": name, "created": self.clock()}
        self.members[number] = {one: self.clock() for one in members}
        return number

    def merge(self, old: str, into: str) -> None:
        """Two profiles are one: the id of the first has ended, and the second is in its lists."""
        del self.profiles[old]
        for members in self.members.values():
            if joined := members.pop(old, None):
                members.setdefault(into, joined)

    def told(self) -> JsonObject:
        """Who is in each list, by its name, and each event that is recorded, with how often."""
        by_name: dict[str, list[list[str]]] = {}
        for number, one in self.lists.items():
            by_name.setdefault(one["name"], []).append(sorted(self.members[number]))
        events = Counter((one.metric, one.unique_id) for one in self.events)
        return {"lists": by_name, "events": dict(events)}

    # What it answers.

    def answer(self, asked: Asked) -> Answer:
        with self._lock:
            try:
                return self._answered(asked)
            except BadRequest as error:
                return error.answer

    def _answered(self, asked: Asked) -> Answer:
        found = ((name, match) for pattern, name in PATHS if (match := re.fullmatch(pattern, asked.path)))
        name, match = next(found, ("", None))
        call = f"{asked.method} {name}"
        self._must_be_let_in(asked, name)
        if self.throttled[call] > 0:
            self.throttled[call] -= 1
            raise BadRequest("Request was throttled.", 429, code="throttled", headers={"Retry-After": "1"})
        self.calls[call] += 1
        of = unquote(match[1]) if match and match.groups() else ""
        if of and of not in self.lists:
            raise BadRequest(f"A list with id {of} does not exist.", 404)
        answer = self._got(asked, name, of) if asked.method == "GET" else self._done(asked, call, of)
        if self.lost[call] > 0:
            self.lost[call] -= 1
            return Answer(LOST, None)
        return answer

    def _must_be_let_in(self, asked: Asked, name: str) -> None:
        if asked.headers.get("authorization") != f"Klaviyo-API-Key {KEY}":
            raise BadRequest("Missing or invalid private key.", 401, code="not_authenticated")
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", revision := asked.headers.get("revision", "")) or revision < "2025":
            raise BadRequest("A valid revision header is required.")
        if asked.headers.get("x-klaviyo-revision-fall-forward-opt-out") != "1":
            raise BadRequest("a retired revision would mean another one")
        if (needed := RIGHTS.get((asked.method, name))) is None:
            raise BadRequest("No such path or method.", 404 if not name else 405)
        if missing := needed - self.scopes:
            raise BadRequest(f"The key lacks {', '.join(sorted(missing))}.", 403, code="permission_denied")
        if asked.method != "GET":
            if asked.headers.get("content-type") != "application/vnd.api+json":
                raise BadRequest("Unsupported media type.", 415)
            if asked.params:
                raise BadRequest(f"'{min(asked.params)}' is not a valid query parameter")

    def _done(self, asked: Asked, call: str, of: str) -> Answer:
        try:
            body = asked.json()
        except ValueError:
            raise BadRequest("The body is not JSON.") from None
        if call == "POST lists":
            return self._new_list(list_name_of(body))
        if call == "POST profile-import":
            return self._imported(body, len(asked.body))
        if call == "POST events":
            return self._told_event(body, len(asked.body))
        ids = members_of(body)
        self._must_be_there(ids, of if call.startswith("POST") else None)
        for one in ids:
            if call.startswith("POST"):
                self.members[of].setdefault(one, self.clock())
            else:
                self.members[of].pop(one, None)
        return Answer(204, None)

    def _new_list(self, name: str) -> Answer:
        day = self.clock() - timedelta(days=1)
        if sum(one["created"] > day for one in self.lists.values()) >= self.new_lists_a_day:
            raise BadRequest("Daily limit of lists.", 429, code="throttled", headers={"Retry-After": "40000"})
        number = self.a_list(name)
        return Answer(201, {"data": self._shown_list(number), "links": {"self": f"{self.url}/api/lists/{number}"}})

    def _must_be_there(self, ids: list[str], list_id: str | None) -> None:
        """One that is not there, or in the list already, refuses the whole call."""
        strange = {one: 404 for one in ids if one not in self.profiles}
        strange |= {one: 422 for one in ids if one in self.odd and list_id}
        already = [one for one in ids if self.conflicts and list_id and one in self.members[list_id]]
        if not strange and already:
            strange = dict.fromkeys(already, 409)
        if strange:
            said = {404: "does not exist", 422: "cannot be in a list", 409: "is in this list already"}
            errors = [
                error_of(f"Profile {one} {said[status]}.", "invalid", f"/data/{ids.index(one)}/id")
                for one, status in strange.items()
            ]
            status = next(iter(strange.values()))
            errors = errors if self.points else [error_of("Some of the profiles cannot be changed.", "invalid", "")]
            raise BadRequest("", status, errors=errors)

    def _imported(self, body: Any, size: int) -> Answer:
        given = profile_of(body, size)
        by_email = self._whose("email", given.get("email"))
        by_phone = self._whose("phone_number", given.get("phone_number"))
        if by_email and by_phone and by_email != by_phone:
            conflict = error_of("A profile already exists with one of these identifiers.", "duplicate_profile", "/data")
            errors = [{**conflict, "meta": {"duplicate_profile_id": by_phone}}]
            raise BadRequest("", 409, errors=errors)
        number = by_email or by_phone
        status = 200 if number else 201
        number = number or self.profile()
        self.profiles[number] |= {**given, "updated": self.clock()}
        return Answer(status, {"data": self._shown(number), "links": {"self": f"{self.url}/api/profiles/{number}"}})

    def _told_event(self, body: Any, size: int) -> Answer:
        given = event_of(body, size, self.clock())
        if number := given.pop("id"):
            if number not in self.profiles:
                raise BadRequest("The profile does not exist.", pointer="/data/attributes/profile/data/id")
        else:
            number = self._whose("email", given["email"]) or self._whose("phone_number", given["phone_number"])
            number = number or self.profile()
            self.profiles[number] |= {name: given[name] for name in ("email", "phone_number") if given[name]}
        event = Recorded(profile_id=number, **{name: given[name] for name in Recorded.__annotations__ if name in given})
        event = replace(event, unique_id=event.unique_id or event.at.isoformat())
        key = (event.metric, event.profile_id, event.unique_id)
        if key in self._recorded:
            self.repeated += 1
        else:
            self._recorded.add(key)
            self.events.append(event)
        return Answer(202, None)

    def _whose(self, field: str, value: str | None) -> str | None:
        same = (value or "").lower()
        return next((one for one, has in self.profiles.items() if same and (has[field] or "").lower() == same), None)

    def _got(self, asked: Asked, name: str, of: str) -> Answer:
        params, allowed = KNOWN[name]
        if unknown := asked.params.keys() - params:
            raise BadRequest(f"'{min(unknown)}' is not a valid query parameter")
        for kind, known in FIELDS.items():
            may = known | ({"joined_group_at"} if name == "members" else set())
            if not set(filter(None, asked.params.get(f"fields[{kind}]", "").split(","))) <= may:
                raise BadRequest(f"'{asked.params[f'fields[{kind}]']}' are not fields of {kind}")
        if name == "list":
            return Answer(200, {"data": self._shown_list(of), "links": {"self": self.url}})
        sort = asked.params.get("sort", "")
        if sort and sort.lstrip("-") not in SORTS[name]:
            raise BadRequest("Invalid sort provided")
        rows = self._rows(name, of, asked.params)
        for op, field, value in filters_of(asked.params.get("filter", "")):
            if op not in allowed.get(field, set()):
                raise BadRequest(f"{op}({field}) is not allowed here")
            for one in value if isinstance(value, list) else [value]:
                if field == "email" and not an_email(one):
                    raise BadRequest(f"{one} is not an email address", pointer="filter")
                if field == "phone_number" and not a_number(one):
                    raise BadRequest(f"{one} is not a phone number", pointer="filter")
            rows = [row for row in rows if self._is_asked_for(row, op, field, value)]
        if sort:
            rows.sort(key=lambda row: (str(row["attributes"].get(sort.lstrip("-"))), row["id"]), reverse=sort[0] == "-")
        return self._page(asked, name, rows)

    def _is_asked_for(self, row: JsonObject, op: str, field: str, value: Any) -> bool:
        if field == "name":  # names of lists are compared loosely
            asked = value if isinstance(value, list) else [value]
            return row["all"]["name"].casefold() in [one.casefold() for one in asked]
        return holds(op, row["id"] if field == "id" else row["all"].get(field), value)

    def _rows(self, name: str, of: str, params: Mapping[str, str]) -> list[JsonObject]:
        if name == "lists":
            return [self._shown_list(number) for number in self.lists]
        if name == "events":
            return []
        if name == "profiles":
            return [self._shown(number, params.get("fields[profile]")) for number in self.profiles]
        members = self.members[of].items()
        return [self._shown(number, params.get("fields[profile]"), joined) for number, joined in members]

    def _shown_list(self, number: str) -> JsonObject:
        one = self.lists[number]
        given = {"name": one["name"], "created": one["created"].isoformat(), "updated": one["created"].isoformat()}
        return {"type": "list", "id": number, "attributes": {**given, "opt_in_process": "double_opt_in"}, "all": given}

    def _shown(self, number: str, fields: str | None = None, joined: datetime | None = None) -> JsonObject:
        has = self.profiles[number]
        email = has["email"] if self.keeps_case or has["email"] is None else has["email"].lower()
        given = {"email": email, "phone_number": has["phone_number"], "updated": has["updated"].isoformat()}
        given |= {"joined_group_at": joined.isoformat()} if joined else {}
        chosen = {name: value for name, value in given.items() if not fields or name in fields.split(",")}
        return {"type": "profile", "id": number, "attributes": chosen, "all": given}

    def _page(self, asked: Asked, name: str, rows: list[JsonObject]) -> Answer:
        default, most = SIZES[name]
        size = asked.params.get("page[size]", str(default))
        if not size.isdigit() or not 1 <= int(size) <= most:
            raise BadRequest(f"page[size] must be between 1 and {most}")
        cursor = base64.urlsafe_b64decode(asked.params.get("page[cursor]", "")).decode()
        start = next((place + 1 for place, row in enumerate(rows) if row["id"] == cursor), 0)
        page, following = rows[start : start + int(size)], None
        if start + int(size) < len(rows):
            params = {**asked.params, "page[cursor]": base64.urlsafe_b64encode(page[-1]["id"].encode()).decode()}
            following = f"{self.url}{asked.path}?{urlencode(params)}"
        shown = [{name: value for name, value in row.items() if name != "all"} for row in page]
        return Answer(200, {"data": shown, "links": {"self": self.url, "next": following, "prev": None}})


def error_of(detail: str, code: str, pointer: str) -> JsonObject:
    source = {"pointer": pointer} if pointer else {}
    return {"id": "1", "code": code, "title": "Invalid input.", "detail": detail, "source": source}
