"""What stands in each warehouse: as it answers, or as it is remembered where it does not answer."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from flows.ground.errors import AgentMetricsError, StorageFailed
from flows.ground.home import Home
from flows.warehouses.duckdb import DuckDBFile, read_file, rename_former
from flows.warehouses.files import kept_file, sweep, wal
from flows.warehouses.keeping import Kept
from flows.warehouses.publication import Published
from flows.warehouses.remembered import remembered
from flows.warehouses.sealed import is_altered
from flows.warehouses.warehouse import Stand, Warehouse

log = logging.getLogger("agent_metrics")


def stands(home: Home, warehouses: Sequence[Warehouse]) -> list[Stand]:
    """What stands in each warehouse."""
    found = []
    for warehouse in warehouses:
        try:
            found.append(Stand(warehouse, warehouse.standing()))
        except AgentMetricsError as error:
            found.append(Stand(warehouse, as_remembered(home, remembered(home).stands.get(str(warehouse))), error))
    return found


def altered(home: Home, stands: Sequence[Stand]) -> str | None:
    """The publication of the published file, where somebody has written to that file since it was published.

    What somebody wrote to a database is found when it is published to.
    """
    for stand in stands:
        if isinstance(stand.warehouse, DuckDBFile) and stand.publication_id and not stand.error:
            file = stand.warehouse.file
            if wal(file).exists() or is_altered(home, stand.publication_id, file):
                return stand.publication_id
    return None


def reference(home: Home, warehouses: Sequence[Warehouse]) -> tuple[Published, Path] | None:
    """What a candidate is compared with, and its file: what stands in the first warehouse of which this is known.

    None before the first publication, and where the file is not kept. Raises what kept the only warehouse from
    answering, if nothing is remembered of it.
    """
    found = stands(home, warehouses)
    for stand in found:
        if stand.published is None:
            continue
        kept = kept_file(home, stand.published.newest.publication_id)
        file = stand.warehouse.file if isinstance(stand.warehouse, DuckDBFile) else kept
        if file.exists():
            return stand.published, file
    if all(stand.error for stand in found) and found[0].error:
        raise found[0].error
    return None


def swept(home: Home, warehouses: Sequence[Warehouse]) -> list[Stand]:
    """What stands in each warehouse, once everything is swept away that killed runs left behind.

    The published file of an earlier version has its name of today then, whatever becomes of the publishing.
    Raises what kept the first from answering, if none answered.
    """
    wal(home.published_file).unlink(missing_ok=True)  # of somebody who wrote to it
    rename_former(home)
    found = stands(home, warehouses)
    if all(stand.error for stand in found) and found[0].error:
        raise found[0].error
    known = remembered(home)
    shown = [stand.published for stand in found]
    history = {
        one.publication_id for published in [*shown, former_file(home)] if published for one in published.publications
    }
    kept = Kept.of(home)
    if not history and len(kept.ids()) > 1 and not known.ids():  # one can stem from a first publication that was killed
        raise StorageFailed(
            "the published file is gone",
            where=str(home.published_file),
            remedy=f"put a copy of {kept_file(home, max(kept.whole))} there",
        )
    sweep(home, history | known.ids())
    _forget_altered(home, altered(home, found))
    return found


def _forget_altered(home: Home, publication_id: str | None) -> None:
    """Keep a publication no longer whose file somebody has written to: nobody is to go back to it or build on it."""
    if publication_id is None:
        return
    log.warning("somebody has written to the published file since publication %s", publication_id)
    kept = kept_file(home, publication_id)
    if kept.exists() and kept.samefile(home.published_file):
        kept.unlink()


def former_file(home: Home) -> Published | None:
    """What the published file shows, whether the settings still name it or not: its history goes on elsewhere."""
    return read_file(home.published_file) if home.published_file.exists() else None


def as_remembered(home: Home, publication_id: str | None) -> Published | None:
    """What stood with this publication; None where its file is not kept."""
    file = kept_file(home, publication_id or "none")
    return read_file(file) if file.exists() else None
