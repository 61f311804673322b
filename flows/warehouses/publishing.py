"""Publishing to every warehouse, and going back (chapter 9).

A publication is sealed first, as a file. Then each warehouse is switched to it by itself: one that fails keeps what it
shows, and the next publishing catches it up. What a killed run left behind is swept by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from flows.ground.build import Build
from flows.ground.errors import AgentMetricsError, InputError
from flows.ground.home import Home, write_durably
from flows.warehouses.duckdb import read_file
from flows.warehouses.files import Source, kept_file, sweep
from flows.warehouses.keeping import Keep, Kept, thin, whole_file
from flows.warehouses.publication import Publication, Published, is_held, newest_of
from flows.warehouses.remembered import forget_others, remembered
from flows.warehouses.sealing import must_be_whole, passed, seal, storing
from flows.warehouses.standing import altered, as_remembered, former_file, swept
from flows.warehouses.warehouse import Sent, Shown, Stand, Warehouse


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


CHOICE = 10  # publications that are named to somebody who named none that is kept
Switch = Callable[[Warehouse], Sent | None]  # brings one warehouse to the target: `switch`, perhaps with retries


def publish(home: Home, warehouses: Sequence[Warehouse], target: Target, *, keep: Keep, switch: Switch) -> list[Shown]:
    """Bring every warehouse that is behind to the target; the caller holds the home's lock.

    A warehouse that fails keeps what it shows, and is told in the result, which names all warehouses in their order.
    What `keep` says stays on disk for going back.
    Raises what kept the first warehouse from showing the target if none shows it; the last publication stands.
    """
    sent: dict[str, Sent | None] = {}
    errors: dict[str, AgentMetricsError] = {}
    try:
        for warehouse in target.behind:
            try:
                sent[str(warehouse)] = switch(warehouse)
            except AgentMetricsError as error:
                errors[str(warehouse)] = error
    finally:  # whatever ends the loop, Ctrl-C too
        still_behind = [warehouse for warehouse in target.behind if str(warehouse) not in sent]
        _tidy_up(home, warehouses, target, still_behind, keep)
    if len(errors) == len(warehouses):
        raise next(iter(errors.values()))
    return [Shown(name, sent.get(name), str(errors[name]) if name in errors else None) for name in map(str, warehouses)]


def prepare(home: Home, warehouses: Sequence[Warehouse], *, resume: bool = False) -> Target:
    """Decide what every warehouse is to show, and seal it: the candidate, if every check of it has passed (rule 9.1).

    After going back, publications are held until `resume`, which lifts the hold whatever becomes of the candidate.
    Where somebody has written to the published file, the candidate is published again.
    Raises InputError without a candidate, GateClosed if it was not checked or failed, BuildFailed if it is not whole,
    and what kept the first warehouse from answering if none answers: nothing is sealed then.
    """
    with storing(home):
        stands = swept(home, warehouses)
        standing = newest_of(stand.published for stand in stands if stand.published)
        held = is_held(home, standing)
        if held and not resume:
            return _target("held", standing, stands)
        if held and standing:
            write_durably(home.publications / "resumed", standing.newest.publication_id + "\n")
        build = Build.read(home)
        if build is None:
            remedy = "run `agent-metrics build` first"
            raise InputError("there is no complete candidate", where=str(home.candidate), remedy=remedy)
        if standing and standing.build_id == build.build_id and not held and not altered(home, stands):
            target = _target("nothing_new", standing, stands)
            if not target.behind or kept_file(home, standing.newest.publication_id).exists():
                return target
        verdict = passed(home, build)
        must_be_whole(home, build)
        now = _next_instant(standing)
        publication = Publication(
            publication_id=_publication_id(now),
            as_of=datetime.fromisoformat(build.as_of),
            data_up_to=datetime.fromisoformat(build.data_up_to) if build.data_up_to else None,
            published_at=now,
            contract_version=build.contract_version,
            checks_passed=verdict.passed,
            checks_total=verdict.total,
            row_counts={},
            restores_publication_id=None,
        )
        publication = _sealed(home, Source(home.candidate_file, home.check_page), publication, build, stands)
        return Target("published", publication, _answering_first(stands))


def prepare_rollback(home: Home, warehouses: Sequence[Warehouse], *, to: str | None = None) -> Target:
    """Decide what to go back to, and seal it as one of its own (rule 9.2).

    `to` is a publication or an instant at which readers saw it; None is the publication before the newest.

    Further publications are held until `prepare(resume=True)`. Raises InputError if there is no such publication or it
    is not kept any more, and what kept the first warehouse from answering if none answers.
    """
    with storing(home):
        stands = swept(home, warehouses)
        standing = newest_of(stand.published for stand in stands if stand.published)
        if standing is None:
            raise InputError("nothing is published yet", where=str(home.root), remedy="run `agent-metrics run` first")
        restored = _found(standing, to) if to else standing.before()
        known = {one.publication_id for one in standing.publications}
        kept = [name for name in Kept.of(home).ids() if name in known]
        others = [name for name in kept if name != standing.newest.publication_id]
        remedy = _choice(others) if others else "no other publication is kept"
        if restored is None:
            what = _missing(standing, to) if to else "there is no publication before this one"
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
        with whole_file(home, restored.publication_id) as source:
            publication = _sealed(home, source, publication, None, stands)
        return Target("rolled_back", publication, _answering_first(stands))


def switch(home: Home, target: Target, warehouse: Warehouse) -> Sent | None:
    """Bring one warehouse to the target. Raises StorageFailed, WarehouseFailed; what stood there stands on then."""
    with storing(home):
        return warehouse.switch(target.publication) if target.publication else None


def _tidy_up(
    home: Home, warehouses: Sequence[Warehouse], target: Target, still_behind: Sequence[Warehouse], keep: Keep
) -> None:
    """Keep what `keep` says, what warehouses that lag behind stand at, and nothing else; all of it in little room."""
    if target.publication is None or not target.behind:
        return
    newest = target.publication.publication_id
    with suppress(OSError, AgentMetricsError):  # what stays is swept by the next publishing
        history = read_file(kept_file(home, newest)).publications
        if len(still_behind) == len(warehouses):  # nobody shows it
            ids = {one.publication_id for one in history} - ({newest} if target.is_new else set())
            sweep(home, ids | remembered(home).ids())
            return
        forget_others(home, [str(one) for one in warehouses])
        whole = remembered(home).ids()  # what is sent to a database next is the difference of two whole files
        sweep(home, keep.ids(history) | whole)
        thin(home, {newest, *whole})


def _sealed(
    home: Home, source: Source, publication: Publication, build: Build | None, found: list[Stand]
) -> Publication:
    """Sealed, with the history of every warehouse, those that did not answer and those of former settings too."""
    former = [former_file(home), *(as_remembered(home, one) for one in remembered(home).stands.values())]
    all_of_them = newest_of(one for one in [*former, *(stand.published for stand in found)] if one)
    try:
        return seal(home, source, publication, build, all_of_them.publications if all_of_them else ())
    except BaseException:
        with suppress(OSError, AgentMetricsError):  # what stays is swept by the next publication
            sweep(home, {one.publication_id for one in all_of_them.publications} if all_of_them else ())
        raise


def _found(standing: Published, to: str) -> Publication | None:
    """The publication of this id, or what readers saw at this instant: ISO, UTC where it has no offset."""
    if by_id := standing.find(to):
        return by_id
    instant = _instant(to)
    return standing.seen_at(instant) if instant and instant <= datetime.now(UTC) else None


def _missing(standing: Published, to: str) -> str:
    instant = _instant(to)
    if instant is None:
        return f"there is no publication {to!r}"
    if instant > datetime.now(UTC):
        return f"{to} is yet to come"
    return f"nothing was published yet at {to}: the first publication is {standing.publications[0].publication_id}"


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant.replace(tzinfo=instant.tzinfo or UTC)


def _choice(ids: Sequence[str]) -> str:
    """The publications that one can go back to; of many the newest, and how far back the others reach."""
    newest = ", ".join(reversed(ids[-CHOICE:]))
    others = f", and {len(ids) - CHOICE:,} others back to {ids[0]}" if len(ids) > CHOICE else ""
    return f"go back to a publication that is kept: {newest}{others}"


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
