"""The published tables in Postgres: types, keys, indexes, comments."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import contract
from contract import Column
from contract.types import TYPES
from flows.ground.sql import identifier, literal
from flows.warehouses.postgres.connection import table

# Beside the primary keys, which are the grains: what the report, a dashboard and a thread on a screen ask for.
# How often skills were used is counted in an index that has all of it, 9 times smaller than the table.
INDEXES: Mapping[str, tuple[str, ...]] = {
    "conversations": ("(account_id, started_on)", "(account_id, last_message_at)", "(account_id, profile_id)"),
    "messages": (
        "(account_id, conversation_id, position)",
        "(account_id, sent_at)",
        "(account_id, skill, conversation_id) include (sent_at) where sender = 'agent' and skill is not null",
    ),
    "interactions": ("(account_id, conversation_id)", "(account_id, occurred_at)"),
    "handoff_steps": ("(account_id, conversation_id)", "(account_id, occurred_at)"),
    "tickets": ("(account_id, conversation_id)", "(account_id, created_at)"),
    "agent_events": (
        "(account_id, conversation_id)",
        "(account_id, occurred_at)",
        "(account_id, event, occurred_at)",
        "(account_id, profile_id, occurred_at)",
    ),
    "orders": ("(account_id, placed_on)", "(account_id, profile_id)"),
    "order_lines": (
        "(account_id, order_id)",
        "(account_id, placed_on)",
        "(account_id, profile_id)",
        "(account_id, product_id)",
    ),
    "attributed_order_lines": (
        "(account_id, placed_on)",
        "(account_id, conversation_id)",
        "(account_id, profile_id)",
    ),
    "knowledge_gap_questions": ("(account_id, topic_id)", "(account_id, conversation_id)"),
    "knowledge_gap_closures": ("(account_id, closed_at)",),
    "knowledge_gap_topic_changes": ("(account_id, topic_id)", "(account_id, changed_at)"),
    "segment_members": ("(account_id, profile_id)",),
    "handoffs": ("(account_id, began_on)", "(account_id, outcome)"),
}
PROVENANCE = {
    "build": "publication_id text not null, build text not null",
    "readers": "role text primary key, sees text not null, account_id text",
}
ABOUT_PROVENANCE = {
    "build": "The publication that stands, and the build that it comes from.",
    "readers": "Whom `agent-metrics warehouse init` has let read, and what of it.",
}


def create_table(of: str) -> str:
    """The table without keys and indexes, which are faster made when it is full."""
    return f"create table {table(of)} ({', '.join(map(_typed, contract.metrics()[of].columns))})"


def add_column(of: str, column: Column) -> str:
    return f"alter table {table(of)} add column {_typed(column)}"


def as_decimal(of: str, column: Column) -> str:
    """An integer column of an earlier version becomes a decimal; what no decimal holds becomes the greatest."""
    name, kind = identifier(column.name), TYPES["decimal"].postgres
    return f"alter table {table(of)} alter column {name} type {kind} using least({name}, 99999999999999.9999)"


def _typed(column: Column) -> str:
    return f"{identifier(column.name)} {TYPES[column.type].postgres}"


def primary_key(of: str) -> str:
    """The grain."""
    return f"alter table {table(of)} add primary key ({', '.join(map(identifier, contract.metrics()[of].key))})"


def indexes(of: str) -> Iterator[str]:
    """Those that are not there yet: a table of an earlier version gets what has come since."""
    for definition in INDEXES.get(of, ()):
        columns = definition[1 : definition.index(")")].split(", ")
        known_as = identifier("_".join((of, *columns, "idx")))  # as Postgres itself would
        yield f"create index if not exists {known_as} on {table(of)} {definition}"


# The comments that stand there: table, column (null: of the table itself), text.
COMMENTS = """select pg_class.relname, pg_attribute.attname, pg_description.description
    from pg_description
    join pg_class on pg_class.oid = pg_description.objoid
    left join pg_attribute on attrelid = pg_class.oid and attnum = objsubid and objsubid > 0
    where classoid = 'pg_class'::regclass and relnamespace = 'metrics'::regnamespace"""


def comments(there: Collection[tuple[str, str | None, str]]) -> Iterator[str]:
    """What the dictionary says of tables and columns, but for the comments that are `there`."""
    for of in contract.metrics().values():
        if (of.name, None, of.about) not in there:
            yield f"comment on table {table(of.name)} is {literal(of.about)}"
        for column in of.columns:
            if (of.name, column.name, column.about) not in there:
                yield f"comment on column {table(of.name)}.{identifier(column.name)} is {literal(column.about)}"


def create_provenance(of: str) -> Iterator[str]:
    yield f"create table provenance.{of} ({PROVENANCE[of]})"
    yield f"comment on table provenance.{of} is {literal(ABOUT_PROVENANCE[of])}"
