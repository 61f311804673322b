"""Publishing to every warehouse, and going back (chapter 9).

A publication is sealed first, as a file. Then each warehouse is switched to it by itself: one that fails keeps what it
shows, and the next publishing catches it up. What a killed run left behind is swept by the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from flows.ground.errors import AgentMetricsError, InputError, StorageFailed
from flows.ground.home import Home, read_json, write_durably
from flows.warehouses.duckdb import DuckDBFile, read_file
from flows.warehouses.files import kept_file, sweep, wal
from flows.warehouses.publication import Publication, Published, is_held, newest_of
from flows.warehouses.remembered import forget_others, remembered
from flows.warehouses.sealing import must_be_whole, passed, seal, storage
from flows.warehouses.warehouse import Sent, Stand, Warehouse


@dataclass(frozen=True)
class Target:
    """What became of publishing, and the publication that every warehouse is to show (None: there is none yet).

    `behind` do not show it: they are to be switched, those that answered first.
    """

    outcome: Literal["published", "nothing_new", "held", "rolled_back"]
    publication: Publication | None
    behind: tuple[Warehouse, ...] = ()

    @property
    def is_new(self) -> bool:
        return self.outcome in {"published", "rolled_back"}


@dataclass(frozen=True)
class PublishOutcome:
    """What `publish` did, and the publication that stands now (None: there is none yet).

    `failed`: the warehouses that do not show it, and why.
    """

    outcome: Literal["published", "nothing_new", "held", "rolled_back"]
    publication: Publication | None
    failed: tuple[tuple[Warehouse, AgentMetricsError], ...] = ()


def publish(
    home: Home, *, keep: int, resume: bool = False, warehouses: Sequence[Warehouse] | None = None
) -> PublishOutcome:
    """Publish the candidate if every check of it has passed (rule 9.1); the caller holds the home's lock.

    To the DuckDB file unless `warehouses` says otherwise. `keep` publications stay on disk for going back, restores not
    counted. After going back, publications are held until `resume`, which lifts the hold whatever becomes of the
    candidate.

    Raises InputError without a candidate, GateClosed if it was not checked or failed, BuildFailed if it is not whole,
    and what kept it from every warehouse; the last publication stands.
    """
    named = warehouses or [DuckDBFile(home)]
    return _switched(home, named, prepare(home, named, resume=resume), keep)


def rollback(
    home: Home, *, keep: int, to: str | None = None, warehouses: Sequence[Warehouse] | None = None
) -> Publication:
    """Bring an earlier publication back, as a publication of its own (rule 9.2): `to`, or the one before the newest.

    Further publications are held until `publish(resume=True)`. The caller holds the home's lock.
    Raises InputError if there is none or it is not kept any more, else as `publish`.
    """
    named = warehouses or [DuckDBFile(home)]
    done = _switched(home, named, prepare_rollback(home, named, to=to), keep)
    assert done.publication is not None  # noqa: S101  prepare_rollback has sealed one
    return done.publication


def prepare(home: Home, warehouses: Sequence[Warehouse], *, resume: bool = False) -> Target:
    """Decide what every warehouse is to show, and seal it. Raises as `publish`; nothing is sealed if none answers."""
    with storage(home):
        stands = _swept(home, warehouses)
        standing = newest_of(stand.published for stand in stands if stand.published)
        held = is_held(home, standing)
        if held and not resume:
            return _target("held", standing, stands)
        if held and standing:
            write_durably(home.publications / "resumed", standing.newest.publication_id + "\n")
        build = read_json(home.build_file)
        if build is None:
            raise InputError("there is no complete candidate", where=str(home.candidate), remedy="build one first")
        if standing and standing.build_id == build["build_id"] and not held:
            target = _target("nothing_new", standing, stands)
            if not target.behind or kept_file(home, standing.newest.publication_id).exists():
                return target
        verdict = passed(home, build)
        must_be_whole(home, build)
        now = _next_instant(standing)
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
        publication = _sealed(home, home.candidate_file, publication, build, stands)
        return Target("published", publication, _answering_first(stands))


def prepare_rollback(home: Home, warehouses: Sequence[Warehouse], *, to: str | None = None) -> Target:
    """Decide what to go back to, and seal it. Raises as `rollback`."""
    with storage(home):
        stands = _swept(home, warehouses)
        standing = newest_of(stand.published for stand in stands if stand.published)
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
        now = _next_instant(standing)
        publication = replace(
            restored,
            publication_id=_publication_id(now),
            published_at=now,
            restores_publication_id=restored.publication_id,
        )
        publication = _sealed(home, kept_file(home, restored.publication_id), publication, None, stands)
        return Target("rolled_back", publication, _answering_first(stands))


def switch(home: Home, warehouse: Warehouse, target: Target) -> Sent | None:
    """Bring one warehouse to the target. Raises StorageFailed, WarehouseFailed; what stood there stands on then."""
    with storage(home):
        return warehouse.switch(target.publication) if target.publication else None


def finish(home: Home, warehouses: Sequence[Warehouse], target: Target, failed: Iterable[Warehouse], keep: int) -> None:
    """Keep the last `keep` publications, what warehouses that lag behind stand at, and nothing else.

    Restores do not count: going back takes nothing away. `failed` are the warehouses that do not show the target.
    """
    if target.publication is None or not target.behind:
        return
    newest, still_behind = target.publication.publication_id, list(failed)
    with suppress(OSError, AgentMetricsError):  # what stays is swept by the next publishing
        history = read_file(kept_file(home, newest)).publications
        ids: set[str] = set()
        for publication in reversed(history):
            ids.add(publication.publication_id)
            keep -= publication.restores_publication_id is None
            if keep <= 0:
                break
        if len(still_behind) == len(warehouses):  # nobody shows it
            ids = {one.publication_id for one in history} - ({newest} if target.is_new else set())
        else:
            forget_others(home, [str(one) for one in warehouses])
        sweep(home, ids | remembered(home).ids())


def stands(home: Home, warehouses: Sequence[Warehouse]) -> list[Stand]:
    """What stands in each warehouse."""
    found = []
    for warehouse in warehouses:
        try:
            found.append(Stand(warehouse, warehouse.standing()))
        except AgentMetricsError as error:
            found.append(Stand(warehouse, _as_remembered(home, remembered(home).stands.get(str(warehouse))), error))
    return found


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
        file = home.published_file if isinstance(stand.warehouse, DuckDBFile) else kept
        if file.exists():
            return stand.published, file
    if all(stand.error for stand in found) and found[0].error:
        raise found[0].error
    return None


def _switched(home: Home, warehouses: Sequence[Warehouse], target: Target, keep: int) -> PublishOutcome:
    failed: list[tuple[Warehouse, AgentMetricsError]] = []
    for warehouse in target.behind:
        try:
            switch(home, warehouse, target)
        except AgentMetricsError as error:
            failed.append((warehouse, error))
    finish(home, warehouses, target, [warehouse for warehouse, _ in failed], keep)
    if failed and len(failed) == len(warehouses):
        raise failed[0][1]
    return PublishOutcome(target.outcome, target.publication, tuple(failed))


def _swept(home: Home, warehouses: Sequence[Warehouse]) -> list[Stand]:
    """What stands in each warehouse, once everything is swept away that killed runs left behind.

    Raises what kept the first from answering, if none answered.
    """
    wal(home.published_file).unlink(missing_ok=True)  # of somebody who wrote to it
    found = stands(home, warehouses)
    if all(stand.error for stand in found) and found[0].error:
        raise found[0].error
    known = remembered(home)
    history = {one.publication_id for stand in found if stand.published for one in stand.published.publications}
    kept = sorted(home.publications.glob("*.duckdb"))
    if not history and len(kept) > 1 and not known.ids():  # one can stem from a first publication that was killed
        raise StorageFailed(
            "the published file is gone", where=str(home.published_file), remedy=f"put a copy of {kept[-1]} there"
        )
    sweep(home, history | known.ids())
    return found


def _as_remembered(home: Home, publication_id: str | None) -> Published | None:
    file = kept_file(home, publication_id or "none")
    return read_file(file) if file.exists() else None


def _sealed(
    home: Home, source: Path, publication: Publication, build: dict[str, object] | None, found: list[Stand]
) -> Publication:
    """Sealed, with the history of every warehouse, those that did not answer and those of former settings too."""
    former = [_as_remembered(home, one) for one in remembered(home).stands.values()]
    all_of_them = newest_of(one for one in [*former, *(stand.published for stand in found)] if one)
    try:
        return seal(home, source, publication, build, all_of_them.publications if all_of_them else ())
    except BaseException:
        with suppress(OSError, AgentMetricsError):  # what stays is swept by the next publication
            sweep(home, {one.publication_id for one in all_of_them.publications} if all_of_them else ())
        raise


def _target(outcome: Literal["nothing_new", "held"], standing: Published | None, found: list[Stand]) -> Target:
    newest = standing.newest if standing else None
    behind = [stand for stand in found if stand.error or (newest and stand.publication_id != newest.publication_id)]
    return Target(outcome, newest, _answering_first(behind))


def _answering_first(found: Iterable[Stand]) -> tuple[Warehouse, ...]:
    return tuple(stand.warehouse for stand in sorted(found, key=lambda stand: stand.error is not None))


def _next_instant(last: Published | None) -> datetime:
    now = datetime.now(UTC)
    return max(now, last.newest.published_at + timedelta(microseconds=1)) if last else now


def _publication_id(instant: datetime) -> str:
    return instant.strftime("%Y%m%dT%H%M%S%fZ")
