"""Candidates made by plain SQL from the contract, as a build and its checks would leave them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

import contract
from contract.types import TYPES
from expectations.verdict import Outcome, Verdict
from flows.ground.build import Build
from flows.ground.checked import Checked
from flows.ground.home import Home, write_durably
from flows.ground.sql import literal
from flows.warehouses import publishing
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.keeping import Keep
from flows.warehouses.publication import Publication, Published
from flows.warehouses.publishing import Target
from flows.warehouses.warehouse import Shown, Warehouse

FAILED = Outcome("a check", "messages", None, "critical", "failed", 1, [], "select 1")
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def published(home: Home) -> Published | None:
    """What stands in the DuckDB file."""
    return DuckDBFile(home).standing()


def standing_in(home: Home) -> Published:
    """What stands in the DuckDB file; fails where nothing is published."""
    standing = published(home)
    assert standing is not None
    return standing


@dataclass(frozen=True)
class Done:
    """What became of publishing: the outcome, the publication that stands now, and what happened to each warehouse."""

    outcome: str
    publication: Publication | None
    warehouses: tuple[Shown, ...]


def publish(
    home: Home,
    *,
    keep: int,
    days: float = 0,
    resume: bool = False,
    warehouses: Sequence[Warehouse] | None = None,
) -> Done:
    """Publish the candidate as the jobs do, without their retries; to the DuckDB file unless `warehouses` are given."""
    to = warehouses or [DuckDBFile(home)]
    return _published(home, to, publishing.prepare(home, to, resume=resume), Keep(keep, days))


def rollback(
    home: Home, *, keep: int, days: float = 0, to: str | None = None, warehouses: Sequence[Warehouse] | None = None
) -> Publication:
    """Go back as the command does; in the DuckDB file unless `warehouses` are given."""
    where = warehouses or [DuckDBFile(home)]
    done = _published(home, where, publishing.prepare_rollback(home, where, to=to), Keep(keep, days))
    assert done.publication is not None
    return done.publication


def _published(home: Home, warehouses: Sequence[Warehouse], target: Target, keep: Keep) -> Done:
    switch = partial(publishing.switch, home, target)
    shown = publishing.publish(home, warehouses, target, keep=keep, switch=switch)
    return Done(target.outcome, target.publication, tuple(shown))


@contextmanager
def opened(file: Path, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """`file` attached as `file`: a candidate's own name, `metrics`, is the name of its schema, too."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {literal(str(file))} as file{' (read_only)' if read_only else ''}")
        yield connection


def write_candidate(home: Home, build_id: str, rows: Rows | None = None, **build: Any) -> None:
    """A candidate with an open gate: of `rows`, or of one row in every table that carries `build_id`."""
    home.candidate.mkdir(parents=True, exist_ok=True)
    home.candidate_file.unlink(missing_ok=True)
    rows = marked_rows(build_id) if rows is None else rows
    with opened(home.candidate_file, read_only=False) as connection:
        connection.execute("begin")
        connection.execute("create schema file.metrics")
        for table in contract.metrics().values():
            columns = ", ".join(f'"{column.name}" {TYPES[column.type].duckdb}' for column in table.columns)
            connection.execute(f'create table file.metrics."{table.name}" ({columns})')
            for names, group in groupby(rows.get(table.name, ()), key=tuple):
                columns = ", ".join(f'"{name}"' for name in names)
                values = ", ".join(f"({', '.join(map(literal, row.values()))})" for row in group)
                connection.execute(f'insert into file.metrics."{table.name}" ({columns}) values {values}')
        connection.execute("commit")
    describe(home, build_id, row_counts={table: len(rows.get(table, ())) for table in contract.metrics()}, **build)
    verdict(home, build_id)


def describe(home: Home, build_id: str, **build: Any) -> None:
    facts: dict[str, Any] = {
        "number": 1,
        "base": None,
        "mode": "full",
        "engine": "duckdb",
        "as_of": "2026-06-07T12:00:00+00:00",
        "data_up_to": "2026-06-07T11:59:59.000001+00:00",
        "loads_up_to": 1,
        "accounts": "of no settings",
        "project": "of no models",
        "row_counts": {},
        "held_back": {},
        "refused": {},
        "built_at": "2026-06-07T12:00:05+00:00",
        "contract_version": 1,
    }
    Build(build_id, **{**facts, **build}).write(home)


def verdict(home: Home, build_id: str, *, is_open: bool = True, outcomes: Sequence[Outcome] = ()) -> None:
    passed = 12 - sum(outcome.outcome != "passed" for outcome in outcomes)
    given = Verdict(is_open, passed, 12, "all", tuple(outcomes))
    thresholds = {"max_rejected_share": 0.01, "max_volume_drop": 0.5}
    Checked(build_id, thresholds, None, "2026-06-07T12:00:06Z", given).write(home)
    write_durably(home.check_page, f"<p>checks of {build_id}</p>")


def marked_rows(build_id: str) -> Rows:
    """One row in every table but `publications`, with `build_id` in every text."""
    return {
        table.name: [{column.name: build_id for column in table.columns if column.type == "string"}]
        for table in contract.metrics().values()
        if table.name != "publications"
    }


def build_in(file: Path) -> str:
    """The build that all marked tables of a published file, and its history, come from; fails unless it is one."""
    with opened(file) as connection:
        marks: set[str] = set()
        for table, rows in marked_rows("").items():
            first = next(iter(rows[0]))
            marks.update(
                mark for (mark,) in connection.execute(f'select "{first}" from file.metrics."{table}"').fetchall()
            )
        provenance = connection.execute(
            """select json_extract_string(build, 'build_id'), publication_id,
                (select max(publication_id) from file.metrics.publications)
            from file.provenance.build"""
        ).fetchall()
    assert len(provenance) == 1
    build_id, publication_id, newest = provenance[0]
    assert publication_id == newest
    assert marks == {build_id}
    return str(build_id)


def names(folder: Path) -> list[str]:
    """All files in `folder`, sorted, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())
