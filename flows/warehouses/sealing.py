"""Sealing: a publication is a file of its own before any warehouse shows it, and is kept for going back.

The file holds exactly what readers are going to see: the candidate's tables, the history, the publication's own row.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb

import contract
from expectations.verdict import Verdict
from flows.ground.build import Build
from flows.ground.checked import Checked
from flows.ground.errors import BuildFailed, GateClosed, StorageFailed
from flows.ground.home import Home, sync_folder
from flows.ground.sql import first_line, identifier, literal
from flows.warehouses.duckdb import attach, memory
from flows.warehouses.files import (
    DISK_FULL,
    Source,
    copy_file,
    half_made,
    kept_file,
    sync_file,
    wal,
    write_protect,
)
from flows.warehouses.publication import Publication
from flows.warehouses.sealed import Sealed

REBUILD = "build it again with --full-refresh"


def seal(
    home: Home,
    source: Source,
    publication: Publication,
    build: Build | None,
    history: Collection[Publication],
) -> Publication:
    """Seal a copy of `source` under the row `publication`; `build` None: `source` brings its own.

    `history` are the publications before it; what a later contract knows of them comes from the files that hold them.
    """
    kept = kept_file(home, publication.publication_id)
    copy = half_made(kept)
    home.publications.mkdir(parents=True, exist_ok=True)
    copy_file(source.file, copy)
    if wal(source.file).exists():  # whoever built it did not close it; signing the copy settles it
        copy_file(wal(source.file), wal(copy))
    publication = _sign(home, copy, publication, build, history)
    write_protect(copy)
    sync_file(copy)
    if source.page.exists():
        page_copy = half_made(kept.with_suffix(".html"))
        shutil.copyfile(source.page, page_copy)
        page_copy.rename(kept.with_suffix(".html"))
    Sealed.of(copy).write(home, publication.publication_id)
    copy.rename(kept)
    sync_folder(home.publications)
    return publication


def _sign(
    home: Home,
    copy: Path,
    publication: Publication,
    build: Build | None,
    history: Collection[Publication],
) -> Publication:
    """Write the history, the row of this publication and where it came from into the copy."""
    newest = max((one.publication_id for one in history), default="")
    last = [file for file in (home.published_file, kept_file(home, newest)) if file.exists()]
    files = {file.stat().st_ino: file for file in last}.values()  # they are one file where nobody lags behind
    with memory() as connection:
        attach(connection, copy, "next", read_only=False, remedy=REBUILD)
        connection.execute("begin")
        for number, file in enumerate(files):
            attach(connection, file, f"last{number}")
            columns = ", ".join(_common_columns(connection, f"last{number}"))
            connection.execute(
                f"""insert into next.metrics.publications by name
                select {columns} from last{number}.metrics.publications
                where publication_id not in (select publication_id from next.metrics.publications)"""
            )
        there = {
            one for (one,) in connection.execute("select publication_id from next.metrics.publications").fetchall()
        }
        for earlier in history:
            if earlier.publication_id not in there:
                _insert(connection, earlier)
        counts = table_counts(connection, "next")
        publication = replace(publication, row_counts={**counts, "publications": counts["publications"] + 1})
        _insert(connection, publication)
        if build is not None:
            connection.execute("create schema if not exists next.provenance")
            connection.execute("create or replace table next.provenance.build (publication_id varchar, build varchar)")
            connection.execute(
                f"insert into next.provenance.build values (null, {literal(json.dumps(build.to_json_dict()))})"
            )
        connection.execute(f"update next.provenance.build set publication_id = {literal(publication.publication_id)}")
        connection.execute("commit")
        connection.execute("checkpoint next")
    return publication


def _insert(connection: duckdb.DuckDBPyConnection, publication: Publication) -> None:
    row = {**vars(publication), "row_counts": json.dumps(publication.row_counts)}
    values = ", ".join(literal(value) for value in row.values())
    connection.execute(f"insert into next.metrics.publications ({', '.join(row)}) values ({values})")


def _common_columns(connection: duckdb.DuckDBPyConnection, last: str) -> list[str]:
    """Of `publications`: a later minor version of the contract may have added some, to either file."""
    here, there = (
        [name for name, *_ in connection.execute(f"describe {alias}.metrics.publications").fetchall()]
        for alias in ("next", last)
    )
    return [identifier(column) for column in here if column in there]


def table_counts(connection: duckdb.DuckDBPyConnection, alias: str) -> dict[str, int]:
    """Rows of each table in the schema `metrics` of the attached file."""
    tables = connection.execute(
        f"""select table_name from duckdb_tables()
        where database_name = {literal(alias)} and schema_name = 'metrics' order by 1"""
    ).fetchall()
    counts = {}
    for (table,) in tables:
        row = connection.execute(f"select count(*) from {alias}.metrics.{identifier(table)}").fetchone()
        counts[table] = int(row[0]) if row else 0
    return counts


def passed(home: Home, build: Build) -> Verdict:
    """The verdict on this very build. Raises GateClosed where it did not pass, or was not checked."""
    checked = Checked.read(home)
    where, remedy = str(home.check_page), "run the checks, then publish"
    if checked is None:
        raise GateClosed("the candidate has not been checked", where=str(home.candidate), remedy=remedy)
    if checked.build_id != build.build_id:
        raise GateClosed("the checks are of an earlier candidate", where=str(home.candidate), remedy=remedy)
    verdict = checked.verdict
    if not verdict.is_open:
        failed = verdict.total - verdict.passed
        what = f"{failed} of {verdict.total} checks did not pass; the last publication stands"
        raise GateClosed(what, where=where, remedy="look at them, correct the data, and build again")
    return verdict


def must_be_whole(home: Home, build: Build) -> None:
    """The file must be the file that the build described: the gate's verdict is about that. Raises BuildFailed."""
    if not build.is_untouched(home):
        what = "somebody has written to the candidate since it was built"
        raise BuildFailed(what, where=str(home.candidate_file), remedy=REBUILD)
    with memory() as connection:
        if home.candidate_file.exists():
            attach(connection, home.candidate_file, "candidate", remedy=REBUILD)
            counts = table_counts(connection, "candidate")
            if contract.metrics().keys() <= counts.keys() and counts.items() >= build.row_counts.items():
                return
    what = "the candidate is not the file that the build left"
    raise BuildFailed(what, where=str(home.candidate_file), remedy=REBUILD)


@contextmanager
def storing(home: Home) -> Iterator[None]:
    """Turn what the file system or DuckDB says into StorageFailed."""
    remedy = "the last publication stands; see to disk space and permissions, then publish again"
    try:
        yield
    except OSError as error:
        what = "the disk is full" if error.errno in DISK_FULL else f"the file system refused ({error.strerror})"
        raise StorageFailed(what, where=str(error.filename or home.root), remedy=remedy) from error
    except duckdb.Error as error:
        raise StorageFailed(
            f"DuckDB could not write ({first_line(error)})", where=str(home.root), remedy=remedy
        ) from error
