"""Runs the checks over a candidate; the only file that knows Great Expectations.

Every check is one SQL expectation: no rows, or the rows that contradict a sentence. Great Expectations has
expectations of its own for types, value sets and uniqueness, but they answer in different shapes (a count, a list of
values, a ratio) and look at one table each. As SQL all of them say which rows, carry the SQL to look at them, can see
two tables at once, and let another engine fill in its names. Great Expectations runs them one by one, keeps apart what
failed from what could not run, and writes nothing to disk.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from textwrap import dedent
from types import ModuleType
from typing import Any, Protocol

from expectations import (
    conversations,
    daily,
    deliveries,
    events,
    messages,
    plausible,
    questions,
    reconciliation,
    sales,
    shape,
)
from expectations.names import DUCKDB, SPARK, names
from expectations.on_duckdb import open_files
from expectations.on_spark import open_session
from expectations.verdict import Candidate, Check, OnSpark, Outcome, Progress, Scope, Thresholds, Verdict

__all__ = ["Candidate", "OnSpark", "Outcome", "Scope", "Thresholds", "Verdict", "check"]

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


@contextmanager
def _without(name: str) -> Iterator[None]:
    """As if a package were not installed: Great Expectations imports it wherever it is, and parts that nobody needs."""
    loaded = {module: sys.modules.pop(module) for module in list(sys.modules) if f"{module}.".startswith(f"{name}.")}
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
        sys.modules.update(loaded)


# Great Expectations imports altair for one drawing and scipy for three statistical expectations: 2 of its 6 seconds.
with _stand_ins("altair", "scipy", "scipy.stats"), _without("pyspark"), warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )
    from great_expectations.expectations import UnexpectedRowsExpectation
    from great_expectations.validator.v1_validator import Validator


class NoRows(UnexpectedRowsExpectation):  # type: ignore[misc]
    """Counts the rows and does not fetch them: a query runs a second time only where there is something to show."""

    metric_dependencies = ("unexpected_rows_query.row_count",)

    def _validate(self, metrics: dict[str, Any], *_: object, **__: object) -> dict[str, Any]:
        rows = metrics["unexpected_rows_query.row_count"]
        return {"success": rows == 0, "result": {"observed_value": rows}}


class Opened(Protocol):
    """A candidate that is open to be looked at."""

    def at_hand(self, filled: dict[str, Any], scope: Scope) -> dict[str, Any]: ...

    at_once: int  # checks that may run side by side
    count: Callable[[str], tuple[int, str | None]]  # how many rows a check finds, or why it could not run

    def rows(self, sql: str) -> list[dict[str, Any]]: ...

    def to_look(self, sql: str) -> str: ...


def _counted(validator: Validator, sql: str) -> tuple[int, str | None]:
    # Great Expectations prints a line for each query that does not mention its batch, and reads braces as names.
    escaped = sql.replace("{", "{{").replace("}", "}}")
    result = validator.validate_expectation(NoRows(unexpected_rows_query=f"/* {{batch}} */ {escaped}"))
    raised = [info["exception_message"] for info in result.exception_info.values() if isinstance(info, dict)]
    if raised:
        return 0, "; ".join(message.split("\n\nLINE ")[0] for message in raised)
    return 0 if result.success else result.result["observed_value"], None


def check(
    candidate: Candidate | OnSpark,
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
    `memory_limit` is for DuckDB. Raises duckdb.Error where the candidate's files cannot be opened.
    """
    checks = [*_CHECKS, *(deliveries.SINCE_PUBLISHED if candidate.published_file else [])]
    engine = SPARK if isinstance(candidate, OnSpark) else DUCKDB
    earlier = min(as_of, published_as_of or as_of)
    filled = names(engine, scope, thresholds, as_of=as_of, earlier_as_of=earlier, published_load=published_load)
    outcomes = []
    with _open(candidate, earlier, memory_limit) as opened, ThreadPoolExecutor(opened.at_once) as pool:
        at_hand = opened.at_hand(filled, scope)
        progress.start("checking the candidate", len(checks))
        for outcome in pool.map(lambda one: _outcome(one, filled, at_hand, opened), checks):
            outcomes.append(outcome)
            progress.advance(1, outcome.name)
        progress.finish()
    passed = sum(outcome.outcome == "passed" for outcome in outcomes)
    is_open = not any(outcome.closes_the_gate for outcome in outcomes)
    return Verdict(is_open, passed, len(outcomes), scope, tuple(outcomes))


@contextmanager
def _open(candidate: Candidate | OnSpark, earlier: datetime, memory_limit: str) -> Iterator[Opened]:
    if isinstance(candidate, OnSpark):
        with open_session(candidate, DUCKDB.instant.format(instant=earlier.isoformat())) as session:
            yield session
    else:
        with open_files(candidate, memory_limit) as files, _validator(files.url) as validator:
            files.count = partial(_counted, validator)
            yield files


_CHECKS = [
    *shape.CHECKS,
    *conversations.CHECKS,
    *messages.CHECKS,
    *events.CHECKS,
    *sales.CHECKS,
    *daily.CHECKS,
    *reconciliation.CHECKS,
    *questions.CHECKS,
    *deliveries.CHECKS,
    *plausible.CHECKS,
]


@contextmanager
def _validator(url: str) -> Iterator[Validator]:
    """Great Expectations on the database `url`, without files, telemetry or progress bars."""
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    config = DataContextConfig(
        store_backend_defaults=stores, analytics_enabled=False, progress_bars=ProgressBarsConfig(globally=False)
    )
    context = gx.get_context(mode="ephemeral", project_config=config)
    source = context.data_sources.add_sql("gate", connection_string=url, create_temp_table=False)
    # A batch is what an expectation is about; ours name their tables themselves.
    batch = source.add_query_asset("candidate", "select 1 as candidate").add_batch_definition_whole_table("candidate")
    try:
        yield Validator(batch)
    finally:
        # An open result would keep the files attached.
        source.get_engine().dispose()
        source.get_execution_engine().engine.dispose()


def _filled_in(one: Check, filled: dict[str, Any]) -> str:
    return dedent(one.sql).strip().format_map(filled)


def _outcome(one: Check, filled: dict[str, Any], at_hand: dict[str, Any], opened: Opened) -> Outcome:
    sql = _filled_in(one, at_hand)
    rows, error = opened.count(sql)
    found = opened.rows(f"select * from ({sql}) as contradicting limit {SAMPLE}") if rows else []
    sample = [{name: _plain(value) for name, value in row.items()} for row in found]
    return Outcome(
        name=one.name,
        table=one.table,
        rule=one.rule,
        severity=one.severity,
        outcome="error" if error else "failed" if rows else "passed",
        rows=rows,
        sample=sample,
        sql=opened.to_look(_filled_in(one, filled)),
        error=error,
    )


def _plain(value: object) -> object:
    """The value as JSON can hold it; instants, dates and decimals as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    return [_plain(element) for element in value] if isinstance(value, list) else str(value)
