"""Runs the checks over a candidate; the only file that knows Great Expectations.

Every check is one SQL expectation: no rows, or the rows that contradict a sentence. Great Expectations has
expectations of its own for types, value sets and uniqueness, but they answer in different shapes (a count, a list of
values, a ratio) and look at one table each. As SQL all of them say which rows, carry the SQL to look at them, can see
two tables at once, and let another engine fill in its names. Great Expectations runs them one by one, keeps apart what
failed from what could not run, and writes nothing to disk.
"""

from __future__ import annotations

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
from expectations.names import CHANGED_BY, names
from expectations.verdict import Candidate, Check, Outcome, Progress, Scope, Thresholds, Verdict

__all__ = ["Candidate", "Outcome", "Scope", "Thresholds", "Verdict", "check"]

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
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )
    from great_expectations.expectations import UnexpectedRowsExpectation
    from great_expectations.validator.v1_validator import Validator


class Dialect(duckdb_engine.Dialect):  # type: ignore[misc]
    """DuckDB without transactions: Great Expectations reads results after their connection was rolled back."""

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
    outcomes = []
    spill = candidate.work_file.parent / "check.tmp"
    with _in_memory(attached, spill, memory_limit) as (connection, memory), _validator(memory) as validator:
        at_hand = _at_hand(filled, connection) if scope == "changed" else filled
        progress.start("checking the candidate", len(checks))
        for one in checks:
            to_look = f"{attached}\n{_filled_in(one, filled)};"
            outcomes.append(_outcome(one, _filled_in(one, at_hand), to_look, validator, connection))
            progress.advance(1, one.name)
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


@contextmanager
def _in_memory(attached: str, spill: Path, memory_limit: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """A database in memory beside the attached files, and the name under which this process can connect to it too."""
    memory = f":memory:gate-{uuid.uuid4()}"
    with duckdb.connect(memory) as connection:
        connection.execute("set global TimeZone = 'UTC'")
        connection.execute(f"set memory_limit = {_literal(memory_limit)}")
        connection.execute(f"set temp_directory = {_literal(str(spill))}")
        try:
            connection.execute(attached)
            yield connection, memory
        finally:
            for name in ("work", "candidate", "published"):
                connection.execute(f"detach database if exists {name}")


@contextmanager
def _validator(memory: str) -> Iterator[Validator]:
    """Great Expectations on the in-memory database `memory`, without files, telemetry or progress bars."""
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    config = DataContextConfig(
        store_backend_defaults=stores, analytics_enabled=False, progress_bars=ProgressBarsConfig(globally=False)
    )
    context = gx.get_context(mode="ephemeral", project_config=config)
    source = context.data_sources.add_sql("gate", connection_string=f"duckdb+gate:///{memory}", create_temp_table=False)
    # A batch is what an expectation is about; ours name their tables themselves.
    batch = source.add_query_asset("candidate", "select 1 as candidate").add_batch_definition_whole_table("candidate")
    try:
        yield Validator(batch)
    finally:
        # An open result would keep the files attached.
        source.get_engine().dispose()
        source.get_execution_engine().engine.dispose()


def _at_hand(filled: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The names with what changed in tables in memory: read once, not once for every check. None reads long texts."""
    tables = {}
    for table in CHANGED_BY:
        columns = "* exclude (text)" if table == "messages" else "*"
        try:
            connection.execute(f"create table checked_{table} as select {columns} from {filled['checked'][table]}")
        except duckdb.Error:
            continue  # the checks of this table will say so, each for itself
        tables[table] = f"checked_{table}"
    return filled | {"checked": filled["checked"] | tables}


def _filled_in(one: Check, filled: dict[str, Any]) -> str:
    return dedent(one.sql).strip().format_map(filled)


def _outcome(
    one: Check, sql: str, to_look: str, validator: Validator, connection: duckdb.DuckDBPyConnection
) -> Outcome:
    # Great Expectations prints a line for each query that does not mention its batch, and reads braces as names.
    escaped = sql.replace("{", "{{").replace("}", "}}")
    result = validator.validate_expectation(NoRows(unexpected_rows_query=f"/* {{batch}} */ {escaped}"))
    raised = [info["exception_message"] for info in result.exception_info.values() if isinstance(info, dict)]
    error = "; ".join(message.split("\n\nLINE ")[0] for message in raised)
    rows, sample = 0, []
    if not error and not result.success:
        rows = result.result["observed_value"]
        cursor = connection.execute(f"select * from ({sql}) as contradicting limit {SAMPLE}")
        columns = [name for name, *_ in cursor.description or []]
        sample = [dict(zip(columns, map(_plain, row), strict=True)) for row in cursor.fetchall()]
    return Outcome(
        name=one.name,
        table=one.table,
        rule=one.rule,
        severity=one.severity,
        outcome="error" if error else "failed" if rows else "passed",
        rows=rows,
        sample=sample,
        sql=to_look,
        error=error or None,
    )


def _plain(value: object) -> object:
    """The value as JSON can hold it; instants, dates and decimals as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    return [_plain(element) for element in value] if isinstance(value, list) else str(value)


def _attached(candidate: Candidate) -> str:
    files = {"work": candidate.work_file, "candidate": candidate.metrics_file, "published": candidate.published_file}
    return "\n".join(
        f"attach if not exists {_literal(str(file.resolve()))} as {name} (read_only);"
        for name, file in files.items()
        if file
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
