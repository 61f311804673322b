"""One shopper in a small database of its own: the rows of the published tables that conditions ask of.

There the SQL of the build says of each condition whether it holds, whichever warehouse the rows come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import duckdb

import contract
from contract.types import TYPES, arrow
from flows.audiences.definition import (
    EVER,
    Condition,
    Definition,
    Funnel,
    Group,
    ProfileMetric,
    ProfileProperty,
)
from flows.audiences.dialects import DIALECTS
from flows.audiences.metrics import PROFILE
from flows.audiences.sql import of_events, of_segment
from flows.ground.sql import identifier, literal
from flows.published.segment_withheld import asks_for
from flows.warehouses.reader import Reader

TABLES = (
    "profiles", "conversations", "messages", "agent_events", "interactions", "orders", "order_lines",
    "attributed_order_lines", "tickets", "knowledge_gap_questions", "knowledge_gap_topics",
)  # fmt: skip
DIALECT = replace(DIALECTS["duckdb"], metrics="metrics", intermediate="metrics")
SHOPPERS = """
create view metrics.int_shoppers as select account_id, concat('p/', profile_id) as shopper from metrics.profiles
"""


@dataclass(frozen=True)
class Found:
    """Events of a metric: those that count for a condition, of all that the shopper has; when the last one came.

    Of the later steps of a funnel those count that came after the first event of its first step: `is_after` says so.
    """

    metric: str
    counted: int
    of_all: int
    last_at: datetime | None
    total: float | None
    is_after: bool = False


@dataclass(frozen=True)
class Shopper:
    """`withheld` are columns that the reader may not see: of what asks for one of them nothing is told."""

    connection: duckdb.DuckDBPyConnection
    as_of: datetime
    withheld: frozenset[tuple[str, str]]

    def holds(self, condition: Condition) -> bool | None:
        """Whether the shopper meets the condition."""
        if asks_for(condition, self.withheld):
            return None
        if not isinstance(condition, ProfileMetric | Funnel | ProfileProperty):
            return self._reached(condition.consent.channel, condition.consent.can_receive_marketing)
        query = of_segment(Definition(condition_groups=(Group(conditions=(condition,)),)))
        return bool(self._rows(f"select * from ({query}) as matches where shopper like 'p/%'"))

    def found(self, condition: Condition) -> tuple[Found, ...]:
        """The shopper's events that speak for a condition or against it; none of a condition that asks of no events."""
        if isinstance(condition, ProfileMetric):
            steps = [(condition.metric, condition.metric_filters)]
        elif isinstance(condition, Funnel):
            steps = [(step.metric, step.metric_filters) for step in condition.steps]
        else:
            return ()
        if asks_for(condition, self.withheld):
            return ()
        is_sum = isinstance(condition, ProfileMetric) and condition.measurement == "sum"
        found, began_at = list[Found](), None
        for place, (metric, filters) in enumerate(steps):
            # The time of a funnel is that of its first step: those that follow come when they come.
            frame = condition.timeframe_filter if place == 0 else EVER
            of_all, *_ = self._one(of_events(metric, ()))
            after = "true" if place == 0 else f"occurred_at > {literal(began_at)}"  # none is after null
            counted, first_at, last_at, total = self._one(of_events(metric, filters, frame), after)
            began_at = first_at if place == 0 else began_at
            added = float(total or 0) if is_sum else None
            found.append(Found(metric, counted, of_all, last_at, added, is_after=place > 0))
        return tuple(found)

    def value(self, condition: ProfileProperty) -> str | None:
        """What the profile has."""
        rows = self._rows(f"select {PROFILE[condition.property].sql} from {{{{profiles}}}}")
        return rows[0][0] if rows else None

    def _one(self, query: str, condition: str = "true") -> tuple[Any, ...]:
        (row,) = self._rows(f"""select count(*), min(occurred_at), max(occurred_at), sum(value)
            from ({query}) as events where shopper like 'p/%' and {condition}""")
        return row

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(DIALECT.written(query, self.as_of)).fetchall()

    def _reached(self, channel: str, is_wanted: bool) -> bool | None:
        rows = self._rows(f"select {channel}_reach from {{{{profile_reach}}}}")
        if not rows:
            return None
        wanted = ("reachable",) if is_wanted else ("no_address", "not_allowed")
        return rows[0][0] in wanted


@contextmanager
def shopper(reader: Reader, account: str, profile_id: str, as_of: datetime) -> Iterator[Shopper]:
    """The shopper of a profile, with all that is published of it, as of an instant."""
    import pyarrow as pa  # noqa: PLC0415  a part of a second

    of_it = f"account_id = {literal(account)} and profile_id = {literal(profile_id)}"
    talks = f"""account_id = {literal(account)} and conversation_id in (
        select conversation_id from metrics.conversations where {of_it})"""
    asked = f"""account_id = {literal(account)} and topic_id in (
        select topic_id from metrics.knowledge_gap_questions where {talks})"""
    conditions = {"messages": talks, "knowledge_gap_questions": talks, "knowledge_gap_topics": asked}
    withheld = set()
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        connection.execute("set TimeZone = 'UTC'; create schema metrics")
        for table in map(contract.metrics().__getitem__, TABLES):
            columns = ", ".join(f"{identifier(one.name)} {TYPES[one.type].duckdb}" for one in table.columns)
            connection.execute(f"create table metrics.{table.name} ({columns})")
            seen = [one for one in table.columns if reader.sees(f"metrics.{table.name}", one.name)]
            withheld |= {(table.name, one.name) for one in table.columns if one not in seen}
            if not seen:  # a publication of an earlier version
                continue
            names = ", ".join(identifier(one.name) for one in seen)
            where = conditions.get(table.name, of_it)
            schema = pa.schema([(one.name, arrow(one.type)) for one in seen])
            for batch in reader.batches(f"select {names} from metrics.{table.name} where {where}"):
                arrays = [array.cast(kind) for array, kind in zip(batch.columns, schema.types, strict=True)]
                connection.register("delivered", pa.RecordBatch.from_arrays(arrays, schema=schema))
                connection.execute(f"insert into metrics.{table.name} by name select * from delivered")
                connection.unregister("delivered")
        connection.execute(SHOPPERS)
        _lay_reach(connection, reader, of_it)
        yield Shopper(connection, as_of, frozenset(withheld))


def _lay_reach(connection: duckdb.DuckDBPyConnection, reader: Reader, condition: str) -> None:
    """What sources say of consent is published of those alone who are in a segment."""
    columns = "account_id, profile_id, email_reach, sms_reach, whatsapp_reach"
    rows = reader.rows(f"select distinct {columns} from metrics.segment_members where {condition}")
    connection.execute(f"create table metrics.int_profile_reach ({columns.replace(',', ' varchar,')} varchar)")
    for row in rows:
        connection.execute(f"insert into metrics.int_profile_reach values ({', '.join(map(literal, row))})")
