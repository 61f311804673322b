"""The definitions of an installation: YAML files, one for each segment, in a folder of its own and in the package.

What is wrong with a file is said with its line, and what would be right. A wrong file takes no other down.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from flows.audiences.definition import Segment
from flows.audiences.metrics import near
from flows.ground.errors import InputError
from flows.ground.text import clean

SHIPPED = Path(__file__).parent / "shipped"
KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
LARGEST = 256 * 1024  # bytes of a file
_FIELDS = {"extra_forbidden", "missing"}


@dataclass(frozen=True)
class Found:
    """A segment, its key, and the file that has it."""

    key: str
    file: Path
    segment: Segment

    @cached_property
    def document(self) -> dict[str, Any]:
        """The definition as JSON writes it, without what is as by default."""
        return self.segment.definition.model_dump(mode="json", exclude_defaults=False)


@dataclass(frozen=True)
class Problem:
    """Why a file is left out. `line` is None where no line is at fault."""

    file: Path
    line: int | None
    what: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else str(self.file)
        return clean(f"{where}: {self.what}")


def segments(folder: Path, *, shipped: bool) -> tuple[list[Found], list[Problem]]:
    """The segments by key, and what is wrong with files that are left out; a file of the folder beats the package's.

    There are none where there is no folder.
    """
    found, problems = dict[str, Found](), list[Problem]()
    for place in [SHIPPED] * shipped + [folder] * folder.is_dir():
        for file in sorted([*place.glob("*.yml"), *place.glob("*.yaml")]):
            try:
                one = read(file)
            except InputError as error:
                problems.append(Problem(file, None, error.what))
            except Misfit as misfit:
                problems += misfit.problems
                found.pop(file.stem, None)  # the package's is not what was meant
            else:
                found[one.key] = one
    return [found[key] for key in sorted(found)], problems


class Misfit(Exception):
    """What is wrong with a file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def read(file: Path) -> Found:
    """The segment of a file. Raises Misfit; InputError where the file cannot be read."""
    if not KEY.fullmatch(file.stem):
        what = f"the name of the file is the key of the segment; write it as {KEY.pattern}, such as escalated_7_days"
        raise Misfit([Problem(file, None, what)])
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(error.strerror or str(error), where=str(file), remedy="make the file readable") from None
    if len(data) > LARGEST:
        raise Misfit([Problem(file, None, f"the file has more than {LARGEST:,} bytes")])
    try:
        node = yaml.compose(data.decode("utf-8-sig"), yaml.SafeLoader)
        document = yaml.safe_load(data.decode("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or "this is not text in UTF-8"
        raise Misfit([Problem(file, mark.line + 1 if mark else None, f"this is not YAML: {said}")]) from None
    return Found(file.stem, file, segment_of(file, document, node))


def segment_of(file: Path, document: Any, node: yaml.Node | None = None) -> Segment:
    """The segment that a document describes. Raises Misfit."""
    try:
        return Segment.model_validate(json.loads(json.dumps(document, default=str)))
    except ValidationError as error:
        raise Misfit(list(_problems(file, error, node))) from None


def _problems(file: Path, error: ValidationError, node: yaml.Node | None) -> Iterator[Problem]:
    for one in error.errors(include_url=False):
        line, path = _place(node, one["loc"])
        where = ".".join(map(str, path))
        kind, raised = one["type"], one.get("ctx", {}).get("error")
        if kind == "missing":
            what = f"{where} is missing"
        elif kind == "extra_forbidden":
            what = f"{where} is not known here{_meant(one['loc'])}"
        elif kind in {"union_tag_invalid", "literal_error"}:
            context = one.get("ctx", {})
            wanted = context.get("expected_tags") or context.get("expected")
            what = f"{where} is {str(context.get('tag', one['input']))[:60]!r}; it may be {wanted}"
        elif kind == "union_tag_not_found":
            what = f"{where} has no {one.get('ctx', {}).get('discriminator')}"
        else:
            said = str(raised) if raised else f"{one['msg']} (here is {str(one['input'])[:60]!r})"
            what = f"{where}: {said}" if where else said
        yield Problem(file, line, what)


def _meant(loc: tuple[int | str, ...]) -> str:
    return near(str(loc[-1]), Segment.model_fields) if len(loc) == 1 else ""


def _place(node: yaml.Node | None, loc: tuple[int | str, ...]) -> tuple[int | None, list[int | str]]:
    """The line in the file of a part of the document, and the way to it without the names of pydantic's unions."""
    line, path = (node.start_mark.line + 1 if node else None), list[int | str]()
    for step in loc:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == step), None)
            if pair is None:
                if step == loc[-1]:
                    path.append(step)
                continue
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        elif node is not None:
            continue
        path.append(step)
    return line, path
