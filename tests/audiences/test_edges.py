"""Every form of time, every funnel and every number on its edges: a shopper for each instant, to the microsecond."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from typing import Any

import duckdb
import pytest

from flows.audiences.definition import Definition
from tests.audiences.drawn import AMOUNTS, AS_OF, HOURS, NUMBERS, TABLES, TICK
from tests.audiences.reference import HOURS as IN_HOURS
from tests.audiences.reference import later, members
from tests.audiences.tables import database, found, lay

ONCE = {"type": "numeric", "operator": "greater-than-or-equal", "value": 1}
EDGES = sorted({min(later(AS_OF, -hours) + ticks * TICK, AS_OF) for hours in HOURS for ticks in (-1, 0, 1)})
SHOPPERS, FUNNELS = 300, 150
METRICS = ("Placed Order", "Cancelled Order", "Clicked Link")


@pytest.fixture(scope="module")
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    with database() as connection:
        yield connection


def frames() -> Iterator[dict[str, Any]]:
    quantities = {"hour": (0, 1, 2, 24), "day": (0, 1, 2, 7, 14), "week": (0, 1, 2)}
    assert all(quantity * IN_HOURS[unit] in HOURS for unit, some in quantities.items() for quantity in some)
    yield {"operator": "alltime"}
    for unit, some in quantities.items():
        for operator, quantity in product(("in-the-last", "at-least"), some[1:]):
            yield {"operator": operator, "unit": unit, "quantity": quantity}
        for start, end in ((start, end) for start, end in product(some, some) if start > end):
            yield {"operator": "between", "unit": unit, "start": start, "end": end}
    for at in EDGES:
        for operator in ("after", "before"):
            yield {"operator": operator, "date": at.isoformat()}
        yield {"operator": "between-static", "start": EDGES[4].isoformat(), "end": at.isoformat()}


def test_every_time_has_the_events_of_its_instants(tables: duckdb.DuckDBPyConnection) -> None:
    order = {"account_id": "here", "cancelled_at": None, "revenue": 1, "net_revenue": 1}
    orders = [{**order, "profile_id": str(number), "placed_at": at} for number, at in enumerate(EDGES)]
    shop = shop_of(len(EDGES)) | {"orders": orders}
    lay(tables, shop)
    for frame in frames():
        condition = {"type": "profile-metric", "metric": "Placed Order", "measurement_filter": ONCE}
        alike(tables, shop, {**condition, "timeframe_filter": {"type": "date", **frame}})


def test_every_sequence_of_steps_is_followed_alike(tables: duckdb.DuckDBPyConnection) -> None:
    """Many shoppers with a few events on the edges, and funnels of which each step may be one that must not come."""
    rng = random.Random(12)
    shop = shop_of(SHOPPERS)
    for number in range(SHOPPERS):
        known = {"account_id": rng.choice(("here", "there")), "profile_id": str(number % 100)}
        for _ in range(rng.choice((1, 2, 3))):
            cancelled = rng.choice((None, rng.choice(EDGES)))
            order = {**known, "placed_at": rng.choice(EDGES), "cancelled_at": cancelled, "revenue": 1, "net_revenue": 1}
            shop["orders"].append(order)
        for _ in range(rng.choice((0, 1, 2))):
            click = {**known, "conversation_id": "1", "type": "link_click", "quantity": 1}
            shop["interactions"].append({**click, "occurred_at": rng.choice(EDGES)})
    lay(tables, shop)
    times = [{"operator": "alltime"}, *frames()]
    for _ in range(FUNNELS):
        steps = [{"metric": rng.choice(METRICS), "metric_exists": at == 0 or rng.random() < 0.6} for at in range(4)]
        condition = {
            "type": "profile-metric-funnel",
            "steps": steps[: rng.choice((2, 2, 3, 4))],
            "completion_window_seconds": rng.choice((None, "HOURS_1", "HOURS_23", "DAYS_1", "WEEKS_1")),
            "timeframe_filter": {"type": "date", **rng.choice(times)},
        }
        alike(tables, shop, condition)


def test_every_number_is_compared_alike(tables: duckdb.DuckDBPyConnection) -> None:
    """Counts, sums and values that are null, of shoppers with no event, events worth nothing, and several."""
    shop = shop_of(5)
    worth: list[list[Decimal | int]] = [[], [0], [1], [Decimal("2.5"), Decimal("-2.5")], [Decimal("0.0001"), 2]]
    for number, revenues in enumerate(worth):
        known = {"account_id": "here", "profile_id": str(number)}
        order = {**known, "placed_at": AS_OF, "cancelled_at": None, "net_revenue": 0}
        shop["orders"] += [{**order, "revenue": revenue} for revenue in revenues]
        conversation = {**known, "conversation_id": str(number), "started_at": AS_OF, "human_message_count": 0}
        shop["conversations"].append(
            {**conversation, "status": "open", "rating": number or None, "attributed_revenue": 0}
        )
    lay(tables, shop)
    for operator, value in product(NUMBERS, AMOUNTS):
        of = {"type": "numeric", "operator": operator, "value": str(value)}
        for measurement in ("count", "sum"):
            metric = {"metric": "Placed Order", "measurement": measurement, "measurement_filter": of}
            alike(tables, shop, {"type": "profile-metric", **metric})
        rated = {"metric": "Had conversation", "metric_filters": [{"property": "rating", "filter": of}]}
        alike(tables, shop, {"type": "profile-metric", "measurement_filter": ONCE, **rated})


def test_every_list_is_asked_alike(tables: duckdb.DuckDBPyConnection) -> None:
    lists: tuple[list[str] | None, ...] = (None, [], ["a"], ["b"], ["a", "b"], ["a", "b", "it's"])
    shop = shop_of(len(lists))
    event = {"account_id": "here", "conversation_id": "1", "event": "product_recommended", "occurred_at": AS_OF}
    shop["agent_events"] = [{**event, "profile_id": str(at), "product_ids": one} for at, one in enumerate(lists)]
    lay(tables, shop)
    operators = ("contains-any", "contains-all", "not-contains-any", "not-contains-all")
    for operator, value in product(operators, (["a"], ["a", "b"], ["c", "it's"])):
        asked = {"property": "product_ids", "filter": {"type": "list", "operator": operator, "value": value}}
        metric = {"metric": "Received product recommendation from Customer Agent", "metric_filters": [asked]}
        alike(tables, shop, {"type": "profile-metric", "measurement_filter": ONCE, **metric})


def test_an_automatic_message_is_nobodys_word(tables: duckdb.DuckDBPyConnection) -> None:
    """It has a position, and was once taken for the last message of the shopper or of the agent."""
    spoken = [*product(("visitor", "agent", "human", "system"), repeat=3), ("visitor",), ("visitor", "system")]
    shop = shop_of(len(spoken))
    for number, senders in enumerate(spoken):
        of_it = {"account_id": "here", "conversation_id": str(number)}
        shop["messages"] += [{**of_it, "position": at, "sender": one} for at, one in enumerate(senders, 1)]
        told = {"status": "open", "started_at": AS_OF, "human_message_count": 0, "attributed_revenue": 0}
        shop["conversations"].append({**of_it, **told, "profile_id": str(number)})
    lay(tables, shop)
    for value in (True, False):
        asked = {"property": "is_waiting", "filter": {"type": "boolean", "value": value}}
        metric = {"metric": "Had conversation", "metric_filters": [asked]}
        alike(tables, shop, {"type": "profile-metric", "measurement_filter": ONCE, **metric})


def test_consent_is_what_the_source_tells(tables: duckdb.DuckDBPyConnection) -> None:
    reach = ("reachable", "no_address", "not_allowed", "not_known")
    shop = shop_of(len(reach))
    none = dict.fromkeys(("email_reach", "sms_reach", "whatsapp_reach"), "not_known")
    for channel, can in product(("email", "sms", "whatsapp"), (True, False)):
        known = enumerate(reach)
        shop["profile_reach"] = [
            {"account_id": "here", "profile_id": str(at), **none, f"{channel}_reach": one} for at, one in known
        ]
        lay(tables, shop)
        consent = {"channel": channel, "can_receive_marketing": can}
        alike(tables, shop, {"type": "profile-marketing-consent", "consent": consent})


def shop_of(shoppers: int) -> dict[str, list[dict[str, Any]]]:
    profiles = [
        {"account_id": account, "profile_id": str(at)} for account in ("here", "there") for at in range(shoppers)
    ]
    return {table: list[dict[str, Any]]() for table in TABLES} | {"profiles": profiles, "profile_reach": []}


def alike(tables: duckdb.DuckDBPyConnection, shop: dict[str, list[dict[str, Any]]], condition: dict[str, Any]) -> None:
    definition = Definition.model_validate({"condition_groups": [{"conditions": [condition]}]})
    assert found(tables, definition, AS_OF) == members(shop, definition, AS_OF), condition
