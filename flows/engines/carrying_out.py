"""Carrying out models whose statements are kept, on the candidate in DuckDB, as `dbt run` does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TextIO

import duckdb

from flows.engines.dbt import failure
from flows.engines.statements import Half, Laid, Model
from flows.ground.home import Home
from flows.ground.progress import Progress
from flows.ground.sql import literal
from flows.lake import Lake

AT_ONCE = min(4, os.cpu_count() or 1)  # models; more of them on a core wait for each other
LONG = 10 << 20  # bytes of a log
SECONDS_BETWEEN_WORDS = 0.05  # to models that are to end


def carry_out(home: Home, lake: Lake, half: Half, laid: Laid, *, memory_limit: str, progress: Progress) -> None:
    """Carry the models of a half out on the candidate of this home. Raises as `dbt.run` does."""
    progress.start("build", len(half.models))
    log = home.dbt / "logs" / "dbt.log"
    try:
        with closing(duckdb.connect(home.work_file, config={"memory_limit": memory_limit})) as connection:
            lake.connect(connection)
            connection.execute(f"attach {literal(str(home.candidate_file))} as candidate")
            for schema in sorted({one.schema for one in half.models.values()}) if half.is_full else ():
                connection.execute(f"create schema if not exists {schema}")
            with _cursors(connection) as free, _appended(log) as said:
                _all(half, partial(_timed, free, laid), said, progress)
    except _ModelFailed as error:
        raise failure(str(error.__cause__), error.model, log) from error.__cause__
    finally:
        progress.finish()


class _ModelFailed(Exception):
    """DuckDB raised the cause while it carried a model out."""

    def __init__(self, model: str) -> None:
        super().__init__(model)
        self.model = model


@contextmanager
def _cursors(connection: duckdb.DuckDBPyConnection) -> Iterator[SimpleQueue[duckdb.DuckDBPyConnection]]:
    """As many as there are models at work. When the work is given up, what they do is cut off."""
    cursors = [connection.cursor() for _ in range(AT_ONCE)]
    free: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
    for cursor in cursors:
        cursor.execute("set TimeZone = 'UTC'")
        free.put(cursor)
    try:
        yield free
    finally:
        given_back = 0
        while given_back < AT_ONCE:
            try:
                free.get(timeout=SECONDS_BETWEEN_WORDS)
                given_back += 1
            except Empty:  # a model begins its next statement when one is cut off
                for cursor in cursors:
                    cursor.interrupt()
        for cursor in cursors:
            cursor.close()


def _all(half: Half, carried_out: Callable[[Model], float], said: TextIO, progress: Progress) -> None:
    """Some models at a time, each after those that come before it."""
    waiting = {name: set(before) for name, before in half.before.items()}
    working: dict[Future[float], str] = {}
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        while waiting or working:
            for name in [name for name, before in waiting.items() if not before]:
                del waiting[name]
                working[pool.submit(carried_out, half.models[name])] = name
                progress.advance(1, name)
            for future in wait(working, return_when=FIRST_COMPLETED).done:
                name = working.pop(future)
                try:
                    seconds = future.result()
                except duckdb.Error as error:
                    said.write(f"{name}: {error}\n")
                    raise _ModelFailed(name) from error
                schema = half.models[name].schema
                said.write(f"OK created sql kept model {schema}.{name} .. [OK in {seconds:.3f}s]\n")
                for before in waiting.values():
                    before.discard(name)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _timed(free: SimpleQueue[duckdb.DuckDBPyConnection], laid: Laid, model: Model) -> float:
    """The seconds that a model took."""
    began, cursor = time.perf_counter(), free.get()
    try:
        _carry_out(cursor, model, laid)
    finally:
        free.put(cursor)
    return time.perf_counter() - began


def _carry_out(cursor: duckdb.DuckDBPyConnection, model: Model, laid: Laid) -> None:
    """A model, completely or not at all; not at all where its set of changes is empty."""
    if model.changed_by and not cursor.execute(f"select 1 from intermediate.{model.changed_by} limit 1").fetchall():
        return
    cursor.begin()
    try:
        for sql in model.statements(laid):
            cursor.execute(sql)
        cursor.commit()
    except duckdb.Error:
        with suppress(duckdb.Error):  # it may be over
            cursor.rollback()
        raise


@contextmanager
def _appended(log: Path) -> Iterator[TextIO]:
    """The log of dbt, which it puts aside itself where it has grown long."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LONG:
        log.replace(log.with_name(f"{log.name}.1"))
    with log.open("a", encoding="utf-8") as file:
        yield file
