"""What the placeholders of the checks stand for, engine by engine, in either scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from expectations.shape import TABLES
from expectations.verdict import Scope, Thresholds

# What the build says it has changed, by table: the set of keys, its column beside the account, and ours.
_BY_CONVERSATION = ("changed_conversations", "conversation_id", "conversation_id")
CHANGED_BY = {
    "conversations": _BY_CONVERSATION,
    "messages": _BY_CONVERSATION,
    "interactions": _BY_CONVERSATION,
    "handoff_steps": _BY_CONVERSATION,
    "agent_events": _BY_CONVERSATION,
    "knowledge_gap_questions": ("changed_questions", "conversation_id", "conversation_id"),
    "attributed_order_lines": ("changed_order_lines", "order_line_id", "order_line_id"),
    "daily_performance": ("changed_days", "date", "date"),
    "daily_skill_usage": ("changed_days", "date", "date"),
}
_DATED = {
    "conversations": ("changed_days", "date", "started_on"),
    "attributed_order_lines": ("changed_days", "date", "placed_on"),
}


@dataclass(frozen=True)
class LocalDate:
    """`{local_date:instant, zone}`: the date of an instant in a time zone (rule 1.1); `sql` has places for both."""

    sql: str

    def __format__(self, arguments: str) -> str:
        instant, zone = arguments.split(", ")
        return self.sql.format(instant=instant, zone=zone)


@dataclass(frozen=True)
class Engine:
    """How an engine spells what the checks name: schemas, the catalogue, literals and the few words that differ.

    `published_volumes` is SQL with a place `as_of`, as a publication is compared up to an instant.
    """

    metrics: str
    staging: str
    intermediate: str
    lake: str
    columns: str
    published_accounts: str
    published_volumes: str
    instant: str
    local_date: str
    quote: str
    unnest: str


DUCKDB = Engine(
    metrics="candidate.metrics",
    staging="work.staging",
    intermediate="work.intermediate",
    lake="work.lake",
    columns="(select table_name, column_index as place, column_name, data_type from duckdb_columns()"
    " where database_name = 'candidate' and schema_name = 'metrics')",
    published_accounts="published.metrics.accounts",
    published_volumes="(select account_id, count(*) as conversations from published.metrics.conversations"
    " where started_at <= {as_of} group by account_id)",
    instant="timestamptz '{instant}'",
    local_date="cast({instant} at time zone {zone} as date)",
    quote='"',
    unnest="unnest",
)
SPARK = Engine(
    metrics="metrics",
    staging="staging",
    intermediate="intermediate",
    lake="global_temp",
    columns="gate_columns",
    published_accounts="gate_published_accounts",
    published_volumes="gate_published_volumes",
    instant="timestamp '{instant}'",
    local_date="cast(from_utc_timestamp({instant}, {zone}) as date)",
    quote="`",
    unnest="explode",
)


def names(
    engine: Engine,
    scope: Scope,
    thresholds: Thresholds,
    *,
    as_of: datetime,
    earlier_as_of: datetime,
    published_load: int,
) -> dict[str, Any]:
    """The names to fill in.

    Schemas: `{metrics}`, `{staging}`, `{intermediate}`, `{lake}`.
    `{columns}`: the catalogue of `{metrics}`: table_name, place (from 1), column_name, data_type.
    `{checked[table]}`: the rows of a published table to look at in this scope.
    `{twins[table]}`: the rows that may share their grain with those.
    `{on_checked_days[table]}`: the rows of the days to look at in this scope.
    `{delivered_conversations}`, `{delivered_messages}`: their current versions, of the conversations to look at.
    `{published_accounts}`, `{published_volumes}`: of the last publication, account_id, and for the volumes
    conversations, counted up to `{earlier_as_of}`.
    `{as_of}`, `{earlier_as_of}` (that, or the last publication's if it is earlier), `{published_load}`,
    `{max_rejected_share}`, `{max_volume_drop}`: literals.
    `{local_date:instant, zone}`: a date; `{q}` quotes a column; `{unnest}` makes rows of a list.
    """
    earlier = engine.instant.format(instant=earlier_as_of.isoformat())
    checked = {table: f"{engine.metrics}.{table}" for table in TABLES}
    twins, on_checked_days = dict(checked), dict(checked)
    delivered = {table: f"{engine.staging}.stg_{table}" for table in ("conversations", "messages")}
    if scope == "changed":

        def changed(table: str, by: tuple[str, str, str]) -> str:
            return _changed(table, engine.intermediate, *by)

        on_checked_days |= {table: changed(checked[table], by) for table, by in _DATED.items()}
        delivered = {table: changed(staged, _BY_CONVERSATION) for table, staged in delivered.items()}
        checked |= {table: changed(checked[table], by) for table, by in CHANGED_BY.items()}
        twins |= {table: _sharing_grain(twins[table], checked[table], TABLES[table].key) for table in CHANGED_BY}
    return {
        "metrics": engine.metrics,
        "staging": engine.staging,
        "intermediate": engine.intermediate,
        "lake": engine.lake,
        "columns": engine.columns,
        "checked": checked,
        "twins": twins,
        "on_checked_days": on_checked_days,
        **{f"delivered_{table}": staged for table, staged in delivered.items()},
        "published_accounts": engine.published_accounts,
        "published_volumes": engine.published_volumes.format(as_of=earlier),
        "as_of": engine.instant.format(instant=as_of.isoformat()),
        "earlier_as_of": earlier,
        "published_load": published_load,
        "max_rejected_share": thresholds.max_rejected_share,
        "max_volume_drop": thresholds.max_volume_drop,
        "local_date": LocalDate(engine.local_date),
        "q": engine.quote,
        "unnest": engine.unnest,
    }


def _changed(table: str, schema: str, changes: str, theirs: str, ours: str) -> str:
    return (
        f"(select t.* from {table} as t semi join {schema}.{changes} as c"
        f" on t.account_id = c.account_id and t.{ours} = c.{theirs})"
    )


def _sharing_grain(table: str, checked: str, grain: tuple[str, ...]) -> str:
    # The account and one more column pick out few rows; all columns of the grain are compared by the check itself.
    return (
        f"(select t.* from {table} as t semi join {checked} as c"
        f" on t.account_id = c.account_id and t.{grain[1]} = c.{grain[1]})"
    )
