"""What Klaviyo's description says of the bodies and filters that are sent to it, read as strictly as it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from operator import ge, gt, le, lt
from typing import Any

from flows.sources.api import JsonObject
from tests.sources.fake_api import Answer


class BadRequest(Exception):
    """A request that is answered with an error, and the answer."""

    def __init__(
        self,
        detail: str,
        status: int = 400,
        *,
        code: str = "invalid",
        pointer: str = "/data",
        errors: list[JsonObject] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        one = {"id": "1", "code": code, "title": "Invalid input.", "detail": detail, "source": {"pointer": pointer}}
        self.answer = Answer(status, {"errors": errors or [one]}, headers or {})


def an_email(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[^@\s]+@[^@\s]+", value))


def a_number(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"\+[1-9]\d{6,14}", value))


def filters_of(given: str) -> list[tuple[str, str, Any]]:
    """Operator, field and value of each filter: a text, a list of texts, or an instant."""
    found: list[tuple[str, str, Any]] = []
    while given:
        if not (match := re.match(r"([a-z-]+)\(([a-z_]+),", given)):
            raise BadRequest("Invalid filter provided", pointer="filter")
        rest = given[match.end() :]
        if rest[:1] in {'"', "["}:
            try:
                value, end = json.JSONDecoder().raw_decode(rest)
            except ValueError:
                raise BadRequest("Invalid filter provided", pointer="filter") from None
        else:
            end = rest.find(")")
            value = datetime.fromisoformat(rest[:end])
        if rest[end : end + 1] != ")" or (match[1] == "any") != isinstance(value, list):
            raise BadRequest("Invalid filter provided", pointer="filter")
        if isinstance(value, list) and not 1 <= len(value) <= 100:
            raise BadRequest("any takes up to 100 values", pointer="filter")
        found.append((match[1], match[2], value))
        given = rest[end + 1 :].removeprefix(",")
    return found


def holds(op: str, has: Any, value: Any) -> bool:
    if op in {"any", "equals"}:
        return bool(has in value if op == "any" else has == value)
    there = datetime.fromisoformat(has)
    compared = {"greater-or-equal": ge, "greater-than": gt, "less-or-equal": le, "less-than": lt}[op]
    return bool(compared(there, value))


def members_of(body: Any) -> list[str]:
    """The ids of `{"data": [{"type": "profile", "id": …}]}`."""
    data = _object(body, {"data"}, {"data"})["data"]
    if not isinstance(data, list) or not data:
        raise BadRequest("'data' must be a list that is not empty")
    if len(data) > 1000:
        raise BadRequest("A maximum of 1000 profiles can be changed in one call")
    for one in data:
        given = _object(one, {"type", "id"}, {"type", "id"})
        if given["type"] != "profile" or not isinstance(given["id"], str) or not given["id"]:
            raise BadRequest("Each must be a profile with an id")
    return [one["id"] for one in data]


def list_name_of(body: Any) -> str:
    given = _attributes(body, "list", {"name", "opt_in_process"}, {"name"})
    if not isinstance(given["name"], str) or not given["name"]:
        raise BadRequest("'name' must be a text", pointer="/data/attributes/name")
    return str(given["name"])


def profile_of(body: Any, size: int) -> JsonObject:
    if size > 100_000:
        raise BadRequest("The payload is too large.", 413)
    given = _attributes(body, "profile", {"email", "phone_number", "external_id", "first_name", "last_name"}, set())
    _must_be_addresses(given, "/data/attributes")
    if not {"email", "phone_number", "external_id"} & given.keys():
        raise BadRequest("One of email, phone_number or external_id is needed.")
    return given


def event_of(body: Any, size: int, now: datetime) -> JsonObject:
    """What an event says; `id`, `email` and `phone_number` are those of its profile."""
    if size > 5_000_000:
        raise BadRequest("The payload is too large.", 413)
    may = {"properties", "time", "value", "value_currency", "unique_id", "backfill", "metric", "profile"}
    given = _attributes(body, "event", may, {"properties", "metric", "profile"})
    metric = _attributes(given["metric"], "metric", {"name", "service"}, {"name"})["name"]
    if not isinstance(metric, str) or not 0 < len(metric) < 128:
        raise BadRequest("The name of a metric must have less than 128 characters.")
    at = datetime.fromisoformat(given["time"]) if given.get("time") else now
    if at.tzinfo is None or at.year <= 1990 or at > now + timedelta(days=366):
        raise BadRequest("The time is out of range.")
    value, currency = given.get("value"), given.get("value_currency")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise BadRequest("'value' must be a number")
    if currency is not None and not re.fullmatch("[A-Z]{3}", currency):
        raise BadRequest("'value_currency' must be a code of ISO 4217")
    if not isinstance(given.get("backfill", False), bool) or not isinstance(given.get("unique_id", ""), str):
        raise BadRequest("'backfill' must be true or false, and 'unique_id' a text")
    _must_be_properties(given["properties"])
    profile = _object(_object(given["profile"], {"data"}, {"data"})["data"], {"type", "id", "attributes"}, {"type"})
    if profile["type"] != "profile" or "attributes" not in profile:
        raise BadRequest("The profile must have a type and attributes.")
    who = _object(profile["attributes"], {"email", "phone_number", "external_id", "properties"}, set())
    _must_be_addresses(who, "/data/attributes/profile/data/attributes")
    if not (profile.get("id") or who):
        raise BadRequest("The profile must have an identifier.")
    return {
        "metric": metric,
        "at": at.astimezone(UTC).replace(microsecond=0),
        "value": value,
        "value_currency": currency,
        "unique_id": given.get("unique_id", ""),
        "is_backfill": given.get("backfill", False),
        "properties": given["properties"],
        "id": profile.get("id"),
        "email": who.get("email"),
        "phone_number": who.get("phone_number"),
    }


def _must_be_properties(given: Any) -> None:
    if not isinstance(given, dict) or len(given) > 400:
        raise BadRequest("An event has up to 400 properties.", pointer="/data/attributes/properties")
    for value in given.values():
        if value is None:
            raise BadRequest("no property of ours is null")
        if isinstance(value, list) and len(value) > 4000:
            raise BadRequest("A list has up to 4000 items.")
        if len(json.dumps(value, ensure_ascii=False).encode()) > 1024 * 100:
            raise BadRequest("A field has up to 100 kB.")


def _must_be_addresses(given: JsonObject, pointer: str) -> None:
    if "email" in given and not an_email(given["email"]):
        raise BadRequest(f"Invalid email address {given['email']}", pointer=f"{pointer}/email")
    if "phone_number" in given and not a_number(given["phone_number"]):
        raise BadRequest(f"Invalid phone number {given['phone_number']}", pointer=f"{pointer}/phone_number")


def _attributes(body: Any, kind: str, may: Collection[str], must: Collection[str]) -> JsonObject:
    data = _object(_object(body, {"data"}, {"data"})["data"], {"type", "attributes"}, {"type", "attributes"})
    if data["type"] != kind:
        raise BadRequest(f"'type' must be {kind}", pointer="/data/type")
    return _object(data["attributes"], may, must)


def _object(given: Any, may: Collection[str], must: Collection[str]) -> JsonObject:
    if not isinstance(given, dict):
        raise BadRequest("an object is needed")
    if unknown := given.keys() - set(may):
        raise BadRequest(f"'{min(unknown)}' is not a valid field")
    if missing := set(must) - given.keys():
        raise BadRequest(f"'{min(missing)}' is a required field")
    return given
