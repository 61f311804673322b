"""Runs the checks over a candidate; the only file that knows Great Expectations.

Every check is one SQL expectation: no rows, or the rows that contradict a sentence. Great Expectations has expectations
of its own for types, value sets and uniqueness, but they answer in different shapes (a count, a list of values, a ratio)
and read a table once each; as SQL all of them say which rows, carry the SQL to look at them, see two tables at once, and
let another engine fill in its names. Great Expectations runs them one by one, keeps apart what failed from what could not
run, and writes nothing to disk.
"""

from __future__ import annotations

import json
import sys
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import duckdb
import duckdb_engine
from sqlalchemy.dialects import registry

from expectations import conversations, daily, deliveries, events, messages, plausible, questions, sales, shape
from expectations.verdict import Candidate, Check, Outcome, Progress, Scope, Thresholds, Verdict

__all__ = ["Candidate", "Outcome", "Thresholds", "Verdict", "check"]

SAMPLE = 20


@contextmanager
def _stand_ins(*names: str) -> Iterator[None]:
    """Empty modules in the place of large ones that are imported, but not needed, and not loaded anyway."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update({name: ModuleType(name) for name in absent})
    for name in absent:
        package, _, module = name.rpartition(".")
        if package:
            setattr(sys.modules[package], module, sys.modules[name])
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


# Great Expectations imports altair for one drawing and scipy for three statistical expectations: 2 of its 6 seconds.
with _stand_ins("altair", "scipy", "scipy.stats"), warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations import UnexpectedRowsExpectation
    from great_expectations.validator.v1_validator import Validator


class Dialect(duckdb_engine.Dialect):  # type: ignore[misc]
    """DuckDB without transactions: Great Expectations reads results after the connection was handed back and rolled back."""

    supports_statement_cache = False

    def connect(self, database: str, **_: object) -> Any:
        return duckdb_engine.ConnectionWrapper(duckdb.connect(database))

    def do_begin(self, connection: object) -> None:
        """Nothing: everything is only read."""

    do_commit = do_rollback = do_begin


registry.register("duckdb.gate", __name__, "Dialect")


class NoRows(UnexpectedRowsExpectation):  # type: ignore[misc]
    """Counts the rows and does not fetch them: a query runs a second time only where there is something to show."""

    metric_dependencies = ("unexpected_rows_query.row_count",)

    def _validate(self, metrics: dict[str, Any], *_: object, **__: object) -> dict[str, Any]:
        rows = metrics["unexpected_rows_query.row_count"]
        return {"success": rows == 0, "result": {"observed_value": rows}}


def check(
    candidate: Candidate,
    thresholds: Thresholds,
    *,
    scope: Scope,
    as_of: datetime,
    published_as_of: datetime | None,
    published_load: int,
    progress: Progress,
    memory_limit: str = "2GB",
) -> Verdict:
    """Check the candidate; the verdict is open when no critical check failed and every check could run (9.1).

    Scope `changed` looks only at what the build says it has changed, where looking at everything costs much.
    `as_of` and `published_as_of` are instants with a zone; loads after `published_load` are judged for rejected rows.
    Raises duckdb.Error where the candidate's files cannot be opened.
    """
    checks = [*_CHECKS, *(deliveries.SINCE_PUBLISHED if candidate.published_file else [])]
    filled = names(scope, thresholds, as_of, min(as_of, published_as_of or as_of), published_load)
    attached = _attached(candidate)
    memory = f":memory:gate-{uuid.uuid4()}"
    progress.start("checking the candidate", len(checks))
    with duckdb.connect(memory) as connection:
        connection.execute(f"set global TimeZone = 'UTC'; set memory_limit = {_literal(memory_limit)}")
        connection.execute(f"set temp_directory = {_literal(str(candidate.work_file.parent / 'check.tmp'))}")
        connection.execute(attached)
        try:
            validator = _validator(memory)
            at_hand = _at_hand(filled, connection) if scope == "changed" else filled
            outcomes = []
            for one in checks:
                to_look = f"{attached}\n{_filled_in(one, filled)};"
                outcomes.append(_outcome(one, _filled_in(one, at_hand), to_look, validator, connection))
                progress.advance(1, one.name)
        finally:
            # The files are free from here on, even if Great Expectations holds on to its connections.
            connection.execute("; ".join(f"detach {name}" for name in _files(candidate)))
            progress.finish()
    passed = sum(outcome.outcome == "passed" for outcome in outcomes)
    is_open = not any(outcome.closes_the_gate for outcome in outcomes)
    return Verdict(is_open, passed, len(outcomes), scope, tuple(outcomes))


_CHECKS = [
    *shape.CHECKS,
    *conversations.CHECKS,
    *messages.CHECKS,
    *events.CHECKS,
    *sales.CHECKS,
    *daily.CHECKS,
    *questions.CHECKS,
    *deliveries.CHECKS,
    *plausible.CHECKS,
]


def names(
    scope: Scope, thresholds: Thresholds, as_of: datetime, earlier_as_of: datetime, published_load: int
) -> dict[str, Any]:
    """What the placeholders of the checks stand for in DuckDB.

    Schemas `{metrics}`, `{staging}`, `{intermediate}`, `{lake}`, `{published}`; the catalogue `{columns}` (table_name,
    place from 1, column_name, data_type); rows of `{metrics}` to look at in this scope: `{checked[table]}`, those that
    may share their grain with them `{twins[table]}`, and those of changed days `{on_checked_days[table]}`;
    `{delivered_messages}`, the current version of the messages of the conversations to look at; values
    `{as_of}`, `{earlier_as_of}` (that, or the last publication's), `{published_load}`, `{max_rejected_share}`,
    `{max_volume_drop}`; `{q}` quotes a column, `{unnest}` makes rows of a list.
    """
    metrics = "candidate.metrics"
    whole = {table: f"{metrics}.{table}" for table in shape.TABLES}
    checked, twins, on_days, delivered = dict(whole), dict(whole), dict(whole), "work.staging.stg_messages"
    if scope == "changed":
        checked |= {table: _changed(whole[table], *by) for table, by in _CHANGED_BY.items()}
        on_days |= {table: _changed(whole[table], "changed_days", ("date", day)) for table, day in _DAYS.items()}
        delivered = _changed("work.staging.stg_messages", *_BY_CONVERSATION)
        for table in _CHANGED_BY:
            _, key = shape.TABLES[table].key[:2]
            twins[table] = (
                f"(select * from {metrics}.{table} as t semi join {checked[table]} as c"
                f" on t.account_id = c.account_id and t.{key} = c.{key})"
            )
    return {
        "metrics": metrics,
        "staging": "work.staging",
        "intermediate": "work.intermediate",
        "lake": "work.lake",
        "published": "published.metrics",
        "columns": "(select table_name, column_index as place, column_name, data_type from duckdb_columns()"
        " where database_name = 'candidate' and schema_name = 'metrics')",
        "delivered_messages": delivered,
        "checked": checked,
        "twins": twins,
        "on_checked_days": on_days,
        "as_of": f"timestamptz '{as_of.isoformat()}'",
        "earlier_as_of": f"timestamptz '{earlier_as_of.isoformat()}'",
        "published_load": published_load,
        "max_rejected_share": thresholds.max_rejected_share,
        "max_volume_drop": thresholds.max_volume_drop,
        "q": '"',
        "unnest": "unnest",
    }


_BY_CONVERSATION = ("changed_conversations", ("conversation_id", "conversation_id"))
_CHANGED_BY = {
    "conversations": _BY_CONVERSATION,
    "messages": _BY_CONVERSATION,
    "interactions": _BY_CONVERSATION,
    "handoff_steps": _BY_CONVERSATION,
    "agent_events": _BY_CONVERSATION,
    "knowledge_gap_questions": _BY_CONVERSATION,
    "attributed_order_lines": ("changed_order_lines", ("order_line_id", "order_line_id")),
    "daily_performance": ("changed_days", ("date", "date")),
    "daily_skill_usage": ("changed_days", ("date", "date")),
}
_DAYS = {"conversations": "started_on", "attributed_order_lines": "placed_on"}


def _changed(table: str, changes: str, columns: tuple[str, str]) -> str:
    theirs, ours = columns
    return (
        f"(select * from {table} as t semi join work.intermediate.{changes} as c"
        f" on t.account_id = c.account_id and t.{ours} = c.{theirs})"
    )


def _validator(memory: str) -> Validator:
    """Great Expectations on the in-memory database `memory`, without files, telemetry or progress bars."""
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql("gate", connection_string=f"duckdb+gate:///{memory}", create_temp_table=False)
    # A batch is what an expectation is about; ours name their tables themselves.
    batch = source.add_query_asset("candidate", "select 1 as candidate").add_batch_definition_whole_table("candidate")
    return Validator(batch)


def _at_hand(filled: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The names with what changed in tables in memory, which is read once, not once for every check."""
    tables = {}
    for table in _CHANGED_BY:
        try:
            connection.execute(f"create table checked_{table} as select * from {filled['checked'][table]}")
        except duckdb.Error:
            continue  # the checks of this table will say so, each for itself
        tables[table] = f"checked_{table}"
    return filled | {"checked": filled["checked"] | tables}


def _filled_in(one: Check, filled: dict[str, Any]) -> str:
    return dedent(one.sql).strip().format_map(filled)


def _outcome(
    one: Check, sql: str, to_look: str, validator: Validator, connection: duckdb.DuckDBPyConnection
) -> Outcome:
    about = {"name": one.name, "table": one.table, "rule": one.rule, "severity": one.severity}
    # Great Expectations prints a line for each query that does not mention its batch.
    result = validator.validate_expectation(NoRows(unexpected_rows_query=f"/* {{batch}} */ {sql}"))
    if errors := [one["exception_message"] for one in result.exception_info.values() if isinstance(one, dict)]:
        return Outcome(**about, outcome="error", rows=0, sample=[], sql=to_look, error="; ".join(errors))
    if result.success:
        return Outcome(**about, outcome="passed", rows=0, sample=[], sql=to_look)
    cursor = connection.execute(f"select * from ({sql}) as rows limit {SAMPLE}")
    columns = [name for name, *_ in cursor.description or []]
    sample = [json.loads(json.dumps(dict(zip(columns, row, strict=True)), default=str)) for row in cursor.fetchall()]
    return Outcome(**about, outcome="failed", rows=result.result["observed_value"], sample=sample, sql=to_look)


def _files(candidate: Candidate) -> dict[str, Path]:
    files = {"work": candidate.work_file, "candidate": candidate.metrics_file}
    return files | ({"published": candidate.published_file} if candidate.published_file else {})


def _attached(candidate: Candidate) -> str:
    return "\n".join(
        f"attach if not exists {_literal(str(file.resolve()))} as {name} (read_only);"
        for name, file in _files(candidate).items()
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
