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


def settled(found: Sequence[Found], problems: Sequence[Problem], kept: Path) -> tuple[list[Found], list[str]]:
    """The definitions that count, and sentences: on files that are wrong, and on segments whose file is gone."""
    said = list[str]()
    last = {file.stem: file for file in sorted(kept.glob("*.yml"))}
    counting = {one.key: one for one in found}
    for problem in problems:
        key = problem.file.stem
        if key in last and key not in counting:
            with suppress(Misfit):  # another version kept it, to which it was right
                counting[key] = read(last[key])
        now = "the definition of the last run counts" if key in counting else "the segment is left out"
        said.append(clean(f"{problem}; {now}"))
    said += [
        clean(f"segment {key} has no file any more: its members and its history are gone with it")
        for key in last.keys() - counting.keys() - {problem.file.stem for problem in problems}
    ]
    return [counting[key] for key in sorted(counting)], said


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
