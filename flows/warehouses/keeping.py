"""Which publications stay in the home for going back, and in which form.

The newest stays whole, and the one before it, of which nobody else has the file: whoever writes to the published file
cannot reach it. Every older one is a delta against the next newer one (`delta.py`). So it is the oldest that can go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from flows.ground.errors import StorageFailed
from flows.ground.home import Home, sync_folder
from flows.warehouses.delta import is_as_sealed, put_together, write_delta
from flows.warehouses.duckdb import read_file
from flows.warehouses.files import KEPT_NAME, Source, half_made, kept_file
from flows.warehouses.publication import Publication
from flows.warehouses.sealed import Sealed, sealed_file


@dataclass(frozen=True)
class Keep:
    """So many publications at least, restores not counted, and all that readers saw in the last `days`."""

    publications: int = 3
    days: float = 30

    def ids(self, history: Sequence[Publication]) -> set[str]:
        """The publications to keep of a history, newest last; the days are those before the newest."""
        ids: set[str] = set()
        missing, horizon = self.publications, history[-1].published_at - timedelta(days=self.days)
        replaced_at = None  # until then readers saw it
        for publication in reversed(history):
            if missing <= 0 and replaced_at is not None and replaced_at <= horizon:
                break
            ids.add(publication.publication_id)
            missing -= publication.restores_publication_id is None  # going back takes nothing away
            replaced_at = publication.published_at
        return ids


@dataclass(frozen=True)
class Kept:
    """What is kept in a home: the ids of whole files, those of deltas with the id that each is against, and bytes."""

    whole: frozenset[str]
    deltas: dict[str, str]
    bytes: int

    @classmethod
    def of(cls, home: Home) -> Kept:
        """As the names of the files say."""
        found = [(file, KEPT_NAME.fullmatch(file.name)) for file in home.publications.glob("*")]
        named = [(file, name) for file, name in found if name]
        return cls(
            frozenset(name["id"] for _, name in named if name["ext"] == "duckdb"),
            {name["id"]: name["base"] for _, name in named if name["base"]},
            sum(file.stat().st_size for file, _ in named),
        )

    def ids(self) -> list[str]:
        """The publications that one can go back to, oldest first."""
        ids = set(self.whole)
        for publication_id, base in sorted(self.deltas.items(), reverse=True):  # a delta is against a newer one
            if base in ids:
                ids.add(publication_id)
        return sorted(ids)

    def way(self, publication_id: str) -> list[str]:
        """From a publication that is kept to the next whole one that it can be put together from."""
        way = [publication_id]
        while way[-1] not in self.whole:
            way.append(self.deltas[way[-1]])
        return way


def thin(home: Home, whole: Collection[str]) -> None:
    """Turn whole files into deltas, but for the publications in `whole`, the published one and the one before.

    A kill leaves a publication in both forms, or in one of them whole. Raises OSError.
    """
    kept = Kept.of(home)
    private = [one for one in sorted(kept.whole) if not _is_published(home, kept_file(home, one))]
    for older, newer in pairwise(private):
        if older in whole:
            continue
        old, page = kept_file(home, older), kept_file(home, older).with_suffix(".html")
        if older not in kept.deltas:
            delta = home.publications / f"{older}.on.{newer}.zip"
            write_delta(delta, old, kept_file(home, newer), Sealed.read(home, older), page)
            sync_folder(home.publications)
        for file in (page, sealed_file(home, older), old):
            file.unlink(missing_ok=True)


@contextmanager
def whole_file(home: Home, publication_id: str) -> Iterator[Source]:
    """The whole file and the check page of a publication that is kept, as they were sealed.

    Raises StorageFailed where somebody has written to it, or what it is put together from is damaged.
    """
    file, page = kept_file(home, publication_id), kept_file(home, publication_id).with_suffix(".html")
    sealed = Sealed.read(home, publication_id)
    way = Kept.of(home).way(publication_id)
    made: tuple[Path, ...] = ()
    try:
        if len(way) > 1:
            deltas = [home.publications / f"{older}.on.{newer}.zip" for older, newer in pairwise(way)]
            file, page = made = half_made(file), half_made(page)
            sealed = put_together(deltas, kept_file(home, way[-1]), file, page)
        is_right = sealed is None or is_as_sealed(file, sealed)
        if not is_right or read_file(file).newest.publication_id != publication_id:
            what = f"publication {publication_id} is not as it was published (somebody wrote to it, or the disk failed)"
            raise StorageFailed(what, where=str(home.publications), remedy="go back to another publication")
        yield Source(file, page)
    finally:
        for one in made:
            one.unlink(missing_ok=True)


def _is_published(home: Home, file: Path) -> bool:
    return home.published_file.exists() and file.samefile(home.published_file)
