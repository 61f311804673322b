"""Repair: the lake says again what it holds, and what it lost is asked of its sources again.

Manifests are put together from the data files that are there. A data file that is not what was written is set aside,
as `<name>.damaged`; its manifest then names it no more, and its source forgets what it has read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb

from flows.ground.errors import LakeDamaged
from flows.ground.sql import literal
from flows.lake.damage import Damage, digest, examined
from flows.lake.manifests import Input, LakeFile, Load, Manifest, Span
from flows.lake.store import Lake, counted_file, storing

Outcome = Literal["counted again", "read again", "asked again", "lost"]
ReadAgain = Callable[[Lake, int, Collection[str]], Collection[str]]
FILES = "files"  # the source whose loads name a delivered file for each file of theirs


@dataclass(frozen=True)
class Mended:
    """What became of a damage.

    `counted again`: the rows are there, and the manifest was put together again. `read again`: the delivered file was
    read again, into its own load. `asked again`: the next pull asks the source for everything that it still has.
    `lost`: nobody can be asked.
    """

    damage: Damage
    outcome: Outcome

    def to_json_dict(self) -> dict[str, Any]:
        return {**self.damage.to_json_dict(), "outcome": self.outcome}


def repair(lake: Lake, sources: Collection[str], read_again: ReadAgain) -> list[Mended]:
    """Mend the lake; the caller holds the lock of the home, and sees to it that what was derived is built again.

    `sources` can be asked. `read_again(lake, load, paths)` reads the delivered files of these data files of a load
    again, where they are still the same, and gives the paths that it has written. Raises StorageFailed.
    """
    done: list[Mended] = []
    forgotten: set[str] = set()
    with storing(lake.storage.url("loads")):
        for damage in [one for one in examined(lake) if one.file is None]:
            is_there = _count_again(lake, damage.loads)
            forgotten |= set() if is_there else set(sources)  # nobody knows which of them it was
            done.append(Mended(damage, "counted again" if is_there else "asked again" if sources else "lost"))
        by_load: dict[Span, list[Damage]] = {}
        for damage in examined(lake):
            by_load.setdefault(damage.loads, []).append(damage)
        for span, damages in by_load.items():
            again = {one.path for one in damages if _is_whole(lake, one) and _count_again(lake, span)}
            done += [Mended(one, "counted again") for one in damages if one.path in again]
            left = [one for one in damages if one.path not in again]
            is_of_files = span.is_single and damages[0].sources == (FILES,)
            if left and is_of_files:
                again = set(read_again(lake, span.first, [one.path for one in left]))
                done += [Mended(one, "read again") for one in left if one.path in again]
                left = [one for one in left if one.path not in again]
            if left:
                asked = _give_up(lake, span, [one.path for one in left])
                forgotten |= asked
                can_give = FILES not in sources if is_of_files else bool(asked & set(sources))
                done += [Mended(one, "asked again" if can_give else "lost") for one in left]
        _forget(lake, forgotten)
    return done


def _is_whole(lake: Lake, damage: Damage) -> bool:
    """Whether the data file itself is what was written, and its manifest is wrong about the number of its rows."""
    file = damage.file
    if file is None or not damage.what.startswith("holds "):
        return False
    return file.sha256 in {None, digest(lake, file.path)}


def _count_again(lake: Lake, lost: Span) -> bool:
    """Put the manifest of one load, of a range or of several lost loads together from the data files that are there."""
    by_load: dict[Span, list[str]] = {}
    for path, first, last in lake.manifests.data_files():
        by_load.setdefault(Span(first, last), []).append(path)
    if lost in lake.manifests.spans():
        spans = [lost]
    else:
        spans = [span for span in sorted(by_load) if lost.first <= span.first <= span.last <= lost.last]
    for span in spans or [Span(lost.last, lost.last)]:
        files, sources, loaded_at = _found(lake, by_load.get(span, []))
        _write(lake, span, files, sources, loaded_at)
    return any(span in by_load for span in spans)


def _found(lake: Lake, paths: Sequence[str]) -> tuple[tuple[LakeFile, ...], tuple[str, ...], datetime]:
    """What data files hold; those that cannot be read are left out."""
    files, sources, loaded = [], set[str](), []
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        lake.connect(connection)
        for path in sorted(paths, key=lambda one: (Path(one).name, one)):
            rows = f"read_parquet({literal(lake.storage.url(path))}, hive_partitioning = false)"
            try:
                said = connection.execute(
                    f"SELECT _source, epoch_us(max(_loaded_at)) FROM {rows} WHERE _source IS NOT NULL GROUP BY ALL"
                ).fetchall()
                table = path.split("/")[1]
                counted = counted_file(connection, table, path, lake.storage.url(path))
            except duckdb.Error:
                continue
            size = lake.storage.sizes(f"data/{table}")[Path(path).name]
            files.append(replace(counted, size=size, sha256=digest(lake, path)))
            sources |= {source for source, _ in said}
            loaded += [datetime.fromtimestamp(at / 1e6, UTC) for _, at in said]
    return tuple(files), tuple(sorted(sources)), max(loaded, default=datetime.now(UTC))


def _write(lake: Lake, span: Span, files: tuple[LakeFile, ...], sources: tuple[str, ...], loaded_at: datetime) -> None:
    """The manifest of a load or a range anew; what it was loaded from stays as far as it can be read."""
    before = max((one.last for one in lake.manifests.spans() if one.last < span.first), default=0)
    if not span.is_single:
        try:
            inputs = lake.manifests.inputs_of(span)
        except (FileNotFoundError, LakeDamaged):
            inputs = {}
        unknown = dict.fromkeys(range(span.first, span.last + 1), "")
        lake.manifests.replace(span, Manifest(files, sources, before, unknown, is_as_written=True), inputs)
        return
    try:
        load = replace(lake.manifests.load(span.first), files=files, previous=before)
    except (FileNotFoundError, LakeDamaged, KeyError, TypeError, ValueError):
        load = Load(span.first, sources[0] if sources else "unknown", loaded_at, files, (), {}, before)
    lake.manifests.add(load)


def _give_up(lake: Lake, span: Span, paths: Collection[str]) -> set[str]:
    """Take data files out of a manifest, and give the sources that have to forget what they have read."""
    for path in paths:
        lake.storage.set_aside(path)
    if not span.is_single:
        manifest = lake.manifests.of(span)
        kept = tuple(file for file in manifest.files if file.path not in paths)
        lake.manifests.change(span, replace(manifest, files=kept))
        return set(manifest.sources) or set(lake.manifests.inputs_of(span))
    load = lake.manifests.load(span.first)
    kept = tuple(file for file in load.files if file.path not in paths)
    if load.source == FILES and len(load.inputs) == len(load.files):
        pairs = zip(load.files, load.inputs, strict=True)
        inputs = tuple(given for file, given in pairs if file.path not in paths)
        lake.manifests.add(replace(load, files=kept, inputs=inputs))
        return set()
    lake.manifests.add(replace(load, files=kept))
    return {load.source}


def _forget(lake: Lake, sources: Collection[str]) -> None:
    """Have the next pull of these sources begin as the first one did."""
    for source in sorted(sources):
        if names := lake.inputs(source):
            lake.begin(source).commit(tuple(Input(name, "") for name in sorted(names)), {})
