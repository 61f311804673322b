"""A message as an event of Klaviyo, and what Klaviyo would not take; pure functions."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flows.delivery.message import Message
from flows.ground.errors import SourceRefused
from flows.sources.api import JsonObject
from flows.sources.api.parts import whole
from flows.sources.klaviyo.endpoints import NAME
from flows.sources.klaviyo.properties import OURS, SENT_BY

MOST_PROPERTIES = 300
MOST_ITEMS = 4_000
MOST_LEVELS = 10
FIELD_BYTES = 100_000
EVENT_BYTES = 5_000_000
NAME_LENGTH = 127
EARLIEST = datetime(1991, 1, 1, tzinfo=UTC)
FUTURE = timedelta(days=365)


def body_of(message: Message, klaviyo_id: str | None, now: datetime) -> JsonObject:
    """The body of `POST api/events`. Raises SourceRefused where Klaviyo would not take it."""
    if not 0 < len(message.name) <= NAME_LENGTH:
        raise _refused(f"its name has {len(message.name)} characters, and may have {NAME_LENGTH}")
    at = message.at if message.at.tzinfo else message.at.replace(tzinfo=UTC)
    if not EARLIEST <= at <= now + FUTURE:
        raise _refused(f"its time {at.isoformat()} is not between 1991 and a year from now")
    properties = {whole(str(name)): _plain(value) for name, value in message.properties.items() if value is not None}
    attributes: JsonObject = {
        "time": at.astimezone(UTC).isoformat(),
        "unique_id": message.message_id,
        "backfill": message.is_backfill,
        "metric": {"data": {"type": "metric", "attributes": {"name": message.name}}},
        "profile": {"data": _profile(message, klaviyo_id)},
    }
    value, currency = properties.get("value"), properties.get("value_currency")
    if _is_number(value) and isinstance(currency, str):
        attributes |= {"value": properties.pop("value"), "value_currency": properties.pop("value_currency")}
    attributes["properties"] = {**properties, SENT_BY: OURS}
    _must_fit(attributes["properties"])
    body = {"data": {"type": "event", "attributes": attributes}}
    if (size := len(json.dumps(body))) > EVENT_BYTES:
        raise _refused(f"it has {size:,} bytes, and may have {EVENT_BYTES:,}")
    return body


def _profile(message: Message, klaviyo_id: str | None) -> JsonObject:
    """Whom it is about, by one thing alone: of two, Klaviyo would write the second into the profile of the first."""
    if klaviyo_id:
        return {"type": "profile", "id": klaviyo_id, "attributes": {}}
    if message.email:
        return {"type": "profile", "attributes": {"email": whole(message.email)}}
    if message.phone:
        return {"type": "profile", "attributes": {"phone_number": whole(message.phone)}}
    raise _refused("nobody knows an email address, a phone number or a Klaviyo id of its shopper")


def _plain(value: Any) -> Any:
    """As JSON has it, without nulls in objects."""
    if isinstance(value, str):
        return whole(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Decimal | float):
        if not math.isfinite(value):
            raise _refused(f"{value} is not a number")
        return int(value) if value == int(value) else float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {whole(str(name)): _plain(one) for name, one in value.items() if one is not None}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    raise _refused(f"a {type(value).__name__} has no form in JSON")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _must_fit(properties: Mapping[str, Any]) -> None:
    if len(properties) > MOST_PROPERTIES:
        raise _refused(f"it has {len(properties)} properties, and may have {MOST_PROPERTIES}")
    for name, value in properties.items():
        if (size := len(json.dumps(value, ensure_ascii=False).encode())) > FIELD_BYTES:
            raise _refused(f"its property {name[:40]!r} has {size:,} bytes, and may have {FIELD_BYTES:,}")
        _must_be_shallow(name, value, MOST_LEVELS)


def _must_be_shallow(name: str, value: Any, levels: int) -> None:
    if not isinstance(value, list | dict):
        return
    if levels == 0:
        raise _refused(f"its property {name[:40]!r} has more than {MOST_LEVELS} levels")
    if isinstance(value, list) and len(value) > MOST_ITEMS:
        raise _refused(f"its property {name[:40]!r} has {len(value):,} items, and may have {MOST_ITEMS:,}")
    for one in value.values() if isinstance(value, dict) else value:
        _must_be_shallow(name, one, levels - 1)


def _refused(why: str) -> SourceRefused:
    return SourceRefused(f"{NAME} does not take this event: {why}")
