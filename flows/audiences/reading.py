"""The definitions of an installation: YAML files, one for each segment, in a folder of its own and in the package.

What is wrong with a file is said with its line, and what would be right. A wrong file takes no other down.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from flows.audiences.definition import Segment
from flows.audiences.faults import faults
from flows.audiences.keys import KEY, RULE, key_of
from flows.audiences.metrics import near
from flows.audiences.parsing import Wrong, parsed
from flows.ground.text import clean

SHIPPED = Path(__file__).parent / "shipped"
SCHEMA = Path(__file__).with_name("segment.schema.json")  # for editors
ENDINGS = {".yml", ".yaml"}
NOT_MEANT = {".md", ".toml"}  # beside definitions on purpose: what somebody notes down about them
LARGEST = 256 * 1024  # bytes of a file


@dataclass(frozen=True)
class Found:
    """A segment, its key, and the file that has it."""

    key: str
    file: Path
    segment: Segment

    @cached_property
    def document(self) -> dict[str, Any]:
        """The definition as JSON writes it."""
        return self.segment.definition.model_dump(mode="json")


@dataclass(frozen=True)
class Problem:
    """Why a file is left out. `line` is None where no line is at fault."""

    file: Path
    line: int | None
    what: str

    @property
    def key(self) -> str:
        """Of the segment that the file may have been meant for."""
        return self.file.stem if self.file.suffix in ENDINGS else self.file.name.partition(".")[0]

    @property
    def is_of_folder(self) -> bool:
        return self.file.suffix not in ENDINGS and self.file.is_dir()

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else str(self.file)
        return clean(f"{where}: {self.what}")


def segments(folder: Path, *, shipped: bool) -> tuple[list[Found], list[Problem]]:
    """The segments by key, and what is wrong with files that are left out; a file of the folder beats the package's.

    There are none where there is no folder.
    """
    found, problems = dict[str, Found](), list[Problem]()
    for place in [SHIPPED] * shipped + [folder] * folder.is_dir():
        for file in sorted(one for one in place.iterdir() if one.suffix in ENDINGS and not _is_hidden(one)):
            try:
                one = read(file)
                if one.key in found and found[one.key].file.parent == place:
                    raise Misfit([Problem(file, None, f"{found[one.key].file.name} has this key; rename one of them")])
            except Misfit as misfit:
                problems += misfit.problems
                found.pop(file.stem, None)  # the package's, or the other of the two, may not be what was meant
            else:
                found[one.key] = one
    return [found[key] for key in sorted(found)], [*problems, *(_unread(folder) if folder.is_dir() else ())]


def _is_hidden(file: Path) -> bool:
    return file.name.startswith(".")


def _unread(folder: Path) -> Iterator[Problem]:
    """Files that look as if somebody meant them to be definitions."""
    for file in sorted(folder.iterdir()):
        if _is_hidden(file) or file.suffix in ENDINGS | NOT_MEANT:
            continue
        if not file.is_dir():
            name = f"{file.name.partition('.')[0]}.yml"
            yield Problem(file, None, f"this file is not read: definitions end in .yml; rename it to {name}")
        elif any(one.suffix in ENDINGS for one in file.iterdir()):
            yield Problem(file, None, f"folders in it are not read; put the definitions into {folder} itself")


def of_unknown_accounts(found: Sequence[Found], known: Collection[str]) -> Iterator[Problem]:
    """Accounts of definitions that are not among those that there are: nobody is ever in the segment there."""
    for one in found:
        lines = _lines_of_accounts(one.file) if set(one.segment.accounts) - set(known) else []
        for place, account in enumerate(one.segment.accounts):
            if account not in known:
                line = lines[place] if place < len(lines) else None
                yield Problem(one.file, line, f"accounts: there is no account {account!r}{near(account, known)}")


def _lines_of_accounts(file: Path) -> list[int]:
    """The line of each element of `accounts`."""
    _, node = parsed(_text(file))
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    lists = [value.value for key, value in pairs if key.value == "accounts"]
    return [one.start_mark.line + 1 for elements in lists for one in elements]


class Misfit(Exception):
    """What is wrong with a file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def read(file: Path) -> Found:
    """The segment of a file. Raises Misfit."""
    try:
        document, node = parsed(_text(file))
    except Wrong as wrong:
        raise Misfit([Problem(file, wrong.line, wrong.what)]) from None
    return Found(file.stem, file, segment_of(file, document, node))


def _text(file: Path) -> str:
    if not KEY.fullmatch(file.stem):
        hint = f"; rename the file to {near}.yml" if (near := key_of(file.stem)) else ", such as escalated_7_days"
        raise Wrong(f"the name of the file is the key of the segment: {RULE}{hint}")
    try:
        if not file.resolve().is_relative_to(file.parent.resolve()):
            raise Wrong("this is a link out of the folder; put the file itself there")
        if not file.is_file():
            raise Wrong("this is not a file")
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except (OSError, RuntimeError) as error:  # a link to itself is a RuntimeError
        raise Wrong(f"the file cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > LARGEST:
        raise Wrong(f"the file has more than {LARGEST:,} bytes, which no definition needs")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Wrong("this is not text in UTF-8; save the file as UTF-8", line) from None


def segment_of(file: Path, document: Any, node: yaml.Node | None = None) -> Segment:
    """The segment that a document describes. Raises Misfit."""
    if not isinstance(document, dict):
        what = "the file is empty" if document is None else f"the file holds {_kind(document)}"
        raise Misfit([Problem(file, None, f"{what}; a segment has name, description and definition")])
    try:
        return Segment.model_validate(json.loads(json.dumps(document, default=str)))
    except ValidationError as error:
        raise Misfit([Problem(file, line, what) for line, what in faults(error, node)]) from None


def _kind(document: Any) -> str:
    return "a list" if isinstance(document, list) else f"no keys, but {str(document)[:60]!r}"
