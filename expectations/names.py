"""What the placeholders of the checks stand for in DuckDB, in either scope."""

from __future__ import annotations

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
    "knowledge_gap_questions": _BY_CONVERSATION,
    "attributed_order_lines": ("changed_order_lines", "order_line_id", "order_line_id"),
    "daily_performance": ("changed_days", "date", "date"),
    "daily_skill_usage": ("changed_days", "date", "date"),
}
_DATED = {
    "conversations": ("changed_days", "date", "started_on"),
    "attributed_order_lines": ("changed_days", "date", "placed_on"),
}


def names(
    scope: Scope, thresholds: Thresholds, as_of: datetime, earlier_as_of: datetime, published_load: int
) -> dict[str, Any]:
    """The names to fill in.

    Schemas: `{metrics}`, `{staging}`, `{intermediate}`, `{lake}`, `{published}`.
    `{columns}`: the catalogue of `{metrics}`: table_name, place (from 1), column_name, data_type.
    `{checked[table]}`: the rows of a published table to look at in this scope.
    `{twins[table]}`: the rows that may share their grain with those.
    `{on_checked_days[table]}`: the rows of the days to look at in this scope.
    `{delivered_conversations}`, `{delivered_messages}`: their current versions, of the conversations to look at.
    `{as_of}`, `{earlier_as_of}` (that, or the last publication's if it is earlier), `{published_load}`,
    `{max_rejected_share}`, `{max_volume_drop}`: literals.
    `{q}` quotes a column; `{unnest}` makes rows of a list.
    """
    checked = {table: f"candidate.metrics.{table}" for table in TABLES}
    twins, on_checked_days = dict(checked), dict(checked)
    delivered = {table: f"work.staging.stg_{table}" for table in ("conversations", "messages")}
    if scope == "changed":
        on_checked_days |= {table: _changed(checked[table], *by) for table, by in _DATED.items()}
        delivered = {table: _changed(staged, *_BY_CONVERSATION) for table, staged in delivered.items()}
        checked |= {table: _changed(checked[table], *by) for table, by in CHANGED_BY.items()}
        twins |= {table: _sharing_grain(twins[table], checked[table], TABLES[table].key) for table in CHANGED_BY}
    return {
        "metrics": "candidate.metrics",
        "staging": "work.staging",
        "intermediate": "work.intermediate",
        "lake": "work.lake",
        "published": "published.metrics",
        "columns": "(select table_name, column_index as place, column_name, data_type from duckdb_columns()"
        " where database_name = 'candidate' and schema_name = 'metrics')",
        "checked": checked,
        "twins": twins,
        "on_checked_days": on_checked_days,
        **{f"delivered_{table}": staged for table, staged in delivered.items()},
        "as_of": f"timestamptz '{as_of.isoformat()}'",
        "earlier_as_of": f"timestamptz '{earlier_as_of.isoformat()}'",
        "published_load": published_load,
        "max_rejected_share": thresholds.max_rejected_share,
        "max_volume_drop": thresholds.max_volume_drop,
        "q": '"',
        "unnest": "unnest",
    }


def _changed(table: str, changes: str, theirs: str, ours: str) -> str:
    return (
        f"(select * from {table} as t semi join work.intermediate.{changes} as c"
        f" on t.account_id = c.account_id and t.{ours} = c.{theirs})"
    )


def _sharing_grain(table: str, checked: str, grain: tuple[str, ...]) -> str:
    # The account and one more column pick out few rows; all columns of the grain are compared by the check itself.
    return (
        f"(select * from {table} as t semi join {checked} as c"
        f" on t.account_id = c.account_id and t.{grain[1]} = c.{grain[1]})"
    )
