"""Great Expectations over DuckDB: the only file that knows its interface. Importing it takes seconds of processor time,
so only a check of everything does.

Every table gets one suite. Value sets are an expectation that the library has; everything else is SQL, in an
expectation that counts the rows of a query. docs/decisions.md says why no more of the library's own are used.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from duckdb import DuckDBPyConnection
from duckdb_engine import ConnectionWrapper

from expectations.verdict import Asked


@contextmanager
def _importing() -> Iterator[None]:
    """Two thousand modules are made, and kept: to look for garbage among them takes a tenth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of deprecations in what it imports
            yield
    except SystemExit as error:  # pyspark takes `python -c` for its own tests and ends the process as if all were well
        raise ImportError("pyspark does not let itself be imported by `python -c`; write the code to a file") from error
    finally:
        if was_enabled:
            gc.enable()


with _importing():
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )
    from great_expectations.expectations import ExpectColumnValuesToBeInSet, UnexpectedRowsExpectation


class NoRows(UnexpectedRowsExpectation):  # type: ignore[misc]
    """Counts the rows of a query. The library's own expectation fetches them as well, which runs each query twice."""

    metric_dependencies = ("unexpected_rows_query.row_count",)

    def _validate(self, metrics: dict[str, Any], *_: object, **__: object) -> dict[str, Any]:
        return {"success": metrics["unexpected_rows_query.row_count"] == 0, "result": {}}


class _Connection(ConnectionWrapper):  # type: ignore[misc]
    """A connection of DuckDB without transactions: everything is only read.

    Great Expectations fetches what a query found after it has given the connection back, and SQLAlchemy rolls back
    what is given back. A rollback closes an open result of DuckDB, and every metric fails.
    """

    def begin(self) -> None:
        """Nothing."""

    commit = rollback = begin


def judged(
    connection: DuckDBPyConnection, asked: Sequence[Asked], rows: Mapping[str, str]
) -> Iterator[tuple[Asked, bool, str | None]]:
    """Whether each check holds, and why it could not run where it could not; those of a table stand together.

    `rows` is SQL for the rows to look at, by table.
    """
    with _source(connection, rows) as source:
        for table, group in groupby(asked, key=lambda one: one.check.table):
            checks = list(group)
            suite = gx.ExpectationSuite(table, expectations=[_expectation(*one) for one in enumerate(checks)])
            batch = source.get_asset(table).get_batch_definition("all").get_batch()
            results = batch.validate(suite, result_format="BOOLEAN_ONLY").results
            # Those that raised come first.
            for result in sorted(results, key=lambda one: one.expectation_config.meta["place"]):
                yield checks[result.expectation_config.meta["place"]], result.success, _error(result.exception_info)


@contextmanager
def _source(connection: DuckDBPyConnection, rows: Mapping[str, str]) -> Iterator[Any]:
    """A data source with an asset for each table, without files, telemetry and progress bars."""
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    config = DataContextConfig(
        store_backend_defaults=stores, analytics_enabled=False, progress_bars=ProgressBarsConfig(globally=False)
    )
    whole = [{"name": "all", "partitioner": None}]
    source = gx.get_context(mode="ephemeral", project_config=config).data_sources.add_sql(
        "candidate",
        connection_string="duckdb://",
        create_temp_table=False,
        kwargs={"creator": lambda: _Connection(connection.cursor())},
        assets=[
            {"type": "query", "name": table, "query": f"select * from {name}", "batch_definitions": whole}
            for table, name in rows.items()
        ],
    )
    try:
        yield source
    finally:
        # An open result would keep the files attached.
        source.get_engine().dispose()
        source.get_execution_engine().engine.dispose()


def _expectation(place: int, one: Asked) -> Any:
    meta = {"place": place}
    if says := one.check.says:
        return ExpectColumnValuesToBeInSet(column=says.column, value_set=list(says.values), meta=meta)
    # The library prints a line for a query that does not mention its batch, and takes braces for names.
    escaped = one.sql.replace("{", "{{").replace("}", "}}")
    return NoRows(unexpected_rows_query=f"/* {{batch}} */ {escaped}", meta=meta)


def _error(info: Mapping[str, Any]) -> str | None:
    """What was raised, without what SQLAlchemy and DuckDB quote of the query."""
    raised = [info] if "raised_exception" in info else list(info.values())
    messages = [one["exception_message"] for one in raised if one["raised_exception"]]
    return "; ".join(dict.fromkeys(message.split("\n\nLINE ")[0].split("\n[SQL: ")[0] for message in messages)) or None
