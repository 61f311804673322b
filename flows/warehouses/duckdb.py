"""Publishing to a DuckDB file, and going back (chapter 9).

What readers open is one file. A publication is a file of its own, made beside it; one `os.replace` changes all
tables at once. Until that call the last publication stands, whatever fails or is killed; whoever has the replaced file
open keeps reading it. What a killed run left behind is swept by the next one.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import duckdb

import contract
from flows.errors import BuildFailed, GateClosed, InputError, StorageFailed
from flows.home import Home, read_json, sync_folder, write_durably
from flows.warehouses.files import (
    DISK_FULL,
    copy_file,
    half_made,
    kept_file,
    link_or_copy,
    sweep,
    sync_file,
    wal,
    write_protect,
)
from flows.warehouses.history import (
    Publication,
    Published,
    attach,
    first_line,
    is_held,
    literal,
    memory,
    published,
    resumed_file,
    table_counts,
)

__all__ = ["Publication", "PublishOutcome", "Published", "publish", "published", "rollback"]

REBUILD = "build it again with --full-refresh"


@dataclass(frozen=True)
class PublishOutcome:
    """What `publish` did, and the publication that stands now (None: there is none yet)."""

    outcome: Literal["published", "nothing_new", "held"]
    publication: Publication | None


def publish(home: Home, *, keep: int, resume: bool = False) -> PublishOutcome:
    """Publish the candidate if every check of it has passed (rule 9.1); the caller holds the home's lock.

    `keep` publications stay on disk for going back, restores not counted. After going back, publications are held
    until `resume`, which lifts the hold whatever becomes of the candidate.

    Raises InputError without a candidate, GateClosed if it was not checked or failed, BuildFailed if it is not whole,
    StorageFailed if the disk is full or refuses; the last publication stands.
    """
    with _storage(home):
        standing = _swept(home)
        newest = standing.newest if standing else None
        held = is_held(home, standing)
        if held and not resume:
            return PublishOutcome("held", newest)
        if held and newest:
            write_durably(resumed_file(home), newest.publication_id + "\n")
        build = read_json(home.build_file)
        if build is None:
            raise InputError("there is no complete candidate", where=str(home.candidate), remedy="build one first")
        if standing and standing.build["build_id"] == build["build_id"] and not held:
            return PublishOutcome("nothing_new", newest)
        verdict = _passed(home, build)
        _must_be_whole(home, build)
        now = _next_instant(newest)
        publication = Publication(
            publication_id=_publication_id(now),
            as_of=datetime.fromisoformat(build["as_of"]),
            data_up_to=datetime.fromisoformat(build["data_up_to"]) if build["data_up_to"] else None,
            published_at=now,
            contract_version=build["contract_version"],
            checks_passed=verdict["passed"],
            checks_total=verdict["total"],
            row_counts={},
            restores_publication_id=None,
        )
        publication = _put_up(home, home.candidate_file, publication, build)
        _keep(home, [*(standing.publications if standing else ()), publication], keep)
        return PublishOutcome("published", publication)


def rollback(home: Home, *, keep: int, to: str | None = None) -> Publication:
    """Bring an earlier publication back, as a publication of its own (rule 9.2): `to`, or the one before the newest.

    Further publications are held until `publish(resume=True)`. The caller holds the home's lock.
    Raises InputError if there is none or it is not kept any more, StorageFailed as `publish`.
    """
    with _storage(home):
        standing = _swept(home)
        if standing is None:
            raise InputError("nothing is published yet", where=str(home.root), remedy="run `agent-metrics run` first")
        restored = standing.find(to) if to else standing.before()
        kept = [one.publication_id for one in standing.publications if kept_file(home, one.publication_id).exists()]
        others = [name for name in kept if name != standing.newest.publication_id]
        remedy = f"go back to one that is kept: {', '.join(others)}" if others else "no other one is kept"
        if restored is None:
            what = f"there is no publication {to!r}" if to else "there is no publication before this one"
            raise InputError(what, where=str(home.publications), remedy=remedy)
        if restored.publication_id not in kept:
            what = f"publication {restored.publication_id} is not kept any more"
            raise InputError(what, where=str(home.publications), remedy=remedy)
        now = _next_instant(standing.newest)
        publication = replace(
            restored,
            publication_id=_publication_id(now),
            published_at=now,
            restores_publication_id=restored.publication_id,
        )
        publication = _put_up(home, kept_file(home, restored.publication_id), publication, None)
        _keep(home, [*standing.publications, publication], keep)
        return publication


def _passed(home: Home, build: dict[str, Any]) -> dict[str, Any]:
    verdict = read_json(home.check_file)
    where, remedy = str(home.check_page), "run the checks, then publish"
    if verdict is None:
        raise GateClosed("the candidate has not been checked", where=str(home.candidate), remedy=remedy)
    if verdict["build_id"] != build["build_id"]:
        raise GateClosed("the checks are of an earlier candidate", where=str(home.candidate), remedy=remedy)
    if not verdict["is_open"]:
        failed = verdict["total"] - verdict["passed"]
        what = f"{failed} of {verdict['total']} checks did not pass; the last publication stands"
        raise GateClosed(what, where=where, remedy="look at them, correct the data, and build again")
    return verdict


def _must_be_whole(home: Home, build: dict[str, Any]) -> None:
    """The file must be the one that the build described: the gate's verdict is about that one."""
    with memory() as connection:
        if home.candidate_file.exists():
            attach(connection, home.candidate_file, "candidate", remedy=REBUILD)
            counts = table_counts(connection, "candidate")
            if contract.metrics().keys() <= counts.keys() and counts.items() >= build["row_counts"].items():
                return
    what = "the candidate is not the one that was built"
    raise BuildFailed(what, where=str(home.candidate_file), remedy=REBUILD)


def _put_up(home: Home, source: Path, publication: Publication, build: dict[str, Any] | None) -> Publication:
    """Publish a copy of `source` under the row `publication`; `build` None: `source` brings its own."""
    kept = kept_file(home, publication.publication_id)
    copy = half_made(kept)
    try:
        home.publications.mkdir(parents=True, exist_ok=True)
        copy_file(source, copy)
        if wal(source).exists():  # whoever built it did not close it; signing the copy settles it
            copy_file(wal(source), wal(copy))
        publication = _sign(copy, home.published_file, publication, build)
        write_protect(copy)
        sync_file(copy)
        page = source.with_suffix(".html") if build is None else home.check_page
        if page.exists():
            page_copy = half_made(kept.with_suffix(".html"))
            shutil.copyfile(page, page_copy)
            page_copy.rename(kept.with_suffix(".html"))
        copy.rename(kept)
        sync_folder(home.publications)
        switch = half_made(home.published_file)
        link_or_copy(kept, switch)
        os.replace(switch, home.published_file)  # what readers see changes here, and only here
        sync_folder(home.root)
    except BaseException:
        with suppress(OSError, StorageFailed):  # what stays is swept by the next publication
            _swept(home)
        raise
    return publication


def _sign(copy: Path, last: Path, publication: Publication, build: dict[str, Any] | None) -> Publication:
    """Write the history, the row of this publication and where it came from into the copy."""
    with memory() as connection:
        attach(connection, copy, "next", read_only=False, remedy=REBUILD)
        connection.execute("begin")
        if last.exists():
            attach(connection, last, "published")
            columns = ", ".join(_common_columns(connection))
            connection.execute(
                f"""insert into next.metrics.publications by name
                select {columns} from published.metrics.publications
                where publication_id not in (select publication_id from next.metrics.publications)"""
            )
        counts = table_counts(connection, "next")
        publication = replace(publication, row_counts={**counts, "publications": counts["publications"] + 1})
        row = {**vars(publication), "row_counts": json.dumps(publication.row_counts)}
        values = ", ".join(literal(value) for value in row.values())
        connection.execute(f"insert into next.metrics.publications ({', '.join(row)}) values ({values})")
        if build is not None:
            connection.execute("create schema if not exists next.provenance")
            connection.execute("create or replace table next.provenance.build (publication_id varchar, build varchar)")
            connection.execute(f"insert into next.provenance.build values (null, {literal(json.dumps(build))})")
        connection.execute(f"update next.provenance.build set publication_id = {literal(publication.publication_id)}")
        connection.execute("commit")
        connection.execute("checkpoint next")
    return publication


def _common_columns(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Of `publications`: a later minor version of the contract may have added some, to either file."""
    rows = connection.execute(
        """select column_name from duckdb_columns()
        where database_name in ('next', 'published') and schema_name = 'metrics' and table_name = 'publications'
        group by 1 having count(*) = 2"""
    ).fetchall()
    return [f'"{name}"' for (name,) in rows]


def _swept(home: Home) -> Published | None:
    """What is published, once everything else is swept away that killed runs left behind."""
    wal(home.published_file).unlink(missing_ok=True)  # of somebody who wrote to it
    standing = published(home)
    kept = sorted(home.publications.glob("*.duckdb"))
    if standing is None and len(kept) > 1:  # one can stem from a first publication that was killed
        raise StorageFailed(
            "the published file is gone", where=str(home.published_file), remedy=f"put a copy of {kept[-1]} there"
        )
    sweep(home, {one.publication_id for one in standing.publications} if standing else ())
    return standing


def _keep(home: Home, publications: list[Publication], keep: int) -> None:
    """Keep the last `keep` files, and the restores among them, which do not count: going back takes nothing away."""
    ids: list[str] = []
    for publication in reversed(publications):
        ids.append(publication.publication_id)
        keep -= publication.restores_publication_id is None
        if keep <= 0:
            break
    with suppress(OSError):  # it is published; what stays is swept by the next publication
        sweep(home, ids)


def _next_instant(last: Publication | None) -> datetime:
    now = datetime.now(UTC)
    return max(now, last.published_at + timedelta(microseconds=1)) if last else now


def _publication_id(instant: datetime) -> str:
    return instant.strftime("%Y%m%dT%H%M%S%fZ")


@contextmanager
def _storage(home: Home) -> Iterator[None]:
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
