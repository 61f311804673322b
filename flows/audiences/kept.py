"""The definitions that counted last, as copies in the home: what counts while a file is wrong, and who is missed.

A segment that is left out loses its members, and since when they are in: a slip of the pen must not do that.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from flows.audiences.reading import SHIPPED, Found, Misfit, Problem, read
from flows.ground.text import clean


def settled(
    found: Sequence[Found], problems: Sequence[Problem], kept: Path, missing: str | None = None
) -> tuple[list[Found], list[str]]:
    """The definitions that count, and sentences: on files that are wrong, and on segments whose file is gone.

    `missing` says that the folder of definitions is not there: a disk may not be mounted, and nothing is taken as gone.
    """
    said = list[str]()
    last = {file.stem: file for file in sorted(kept.glob("*.yml"))}
    counting = {one.key: one for one in found}
    own = {one.key: one.file.name for one in found}
    for problem in problems:
        key = problem.key
        if key in last and key not in counting:
            counting |= _read(last[key])
        if key in own:
            now = f"{own[key]} counts"
        elif key in counting:
            now = "the definition of the last run counts"
        else:
            now = "they are left out" if problem.is_of_folder else "the segment is left out"
        said.append(clean(f"{problem}; {now}"))
    if missing:
        for file in last.values():
            counting |= _read(file)
        said.append(clean(f"{missing}; {'the definitions of the last run count' if last else 'nothing is read there'}"))
    said += [
        clean(f"segment {key} has no file any more: its members and its history are gone with it")
        for key in last.keys() - counting.keys() - {problem.key for problem in problems}
    ]
    return [counting[key] for key in sorted(counting)], said


def _read(file: Path) -> dict[str, Found]:
    """The segment of a kept file by its key; none where another version kept it, to which it was right."""
    with suppress(Misfit):
        one = read(file)
        return {one.key: one}
    return {}


def keep(found: Sequence[Found], kept: Path) -> None:
    """Keep copies of these, and of no others; those of the package are there anyhow."""
    kept.mkdir(exist_ok=True)
    own = {f"{one.key}.yml": one.file for one in found if one.file.parent != SHIPPED}
    for name, file in own.items():
        if file.parent != kept:
            shutil.copyfile(file, kept / name)
    for file in kept.glob("*.yml"):
        if file.name not in own:
            file.unlink()
