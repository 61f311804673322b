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

from flows.audiences.definition import Segment, Unfit
from flows.audiences.fields import meant
from flows.audiences.parsing import Wrong, parsed
from flows.ground.text import clean

SHIPPED = Path(__file__).parent / "shipped"
SCHEMA = Path(__file__).with_name("segment.schema.json")  # for editors
KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
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
                if one.key in found and found[one.key].file.parent == place:
                    raise Misfit([Problem(file, None, f"{found[one.key].file.name} has this key; rename one of them")])
            except Misfit as misfit:
                problems += misfit.problems
                found.pop(file.stem, None)  # the package's, or the other of the two, may not be what was meant
            else:
                found[one.key] = one
    return [found[key] for key in sorted(found)], problems


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
        raise Wrong("the name of the file is the key of the segment; write it in lower case, such as escalated_7_days")
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
        raise Misfit(list(_problems(file, error, node))) from None


def _kind(document: Any) -> str:
    return "a list" if isinstance(document, list) else f"no keys, but {str(document)[:60]!r}"


def _problems(file: Path, error: ValidationError, node: yaml.Node | None) -> Iterator[Problem]:
    errors = error.errors(include_url=False)
    for one in errors:
        context = one.get("ctx", {})
        kind, raised = one["type"], context.get("error")
        if kind == "too_short" and any(each["loc"][: len(one["loc"])] == one["loc"] != each["loc"] for each in errors):
            continue  # it has elements, and what is wrong with them is said
        at = raised.at if isinstance(raised, Unfit) else ()
        line, path = _place(node, (*one["loc"], *at))
        where = ".".join(map(str, path))
        if kind == "missing":
            what = f"{where} is missing"
        elif kind == "extra_forbidden":
            what = f"{where} is not known here{meant(one['loc'])}"
        elif kind in {"union_tag_invalid", "literal_error"}:
            wanted = context.get("expected_tags") or context.get("expected")
            what = f"{where} is {str(context.get('tag', one['input']))[:60]!r}; it may be {wanted}"
        elif kind == "union_tag_not_found":
            what = f"{where} has no {str(context.get('discriminator')).strip(chr(39))}"
        elif raised:
            what = f"{where}: {raised}" if where else str(raised)
        else:
            said = one["msg"].replace("Input should be", "it should be").replace("tuple", "list")
            what = f"{where}: {said} (here is {str(one['input'])[:60]!r})"
        yield Problem(file, line, what)


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
