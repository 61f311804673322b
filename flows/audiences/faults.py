"""What does not fit in a definition: in which line of its file, and what would be right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from flows.audiences.definition import NotText, Unfit
from flows.audiences.fields import meant
from flows.audiences.mistakes import of_pydantic, takes_text


def faults(error: ValidationError, node: yaml.Node | None) -> Iterator[tuple[int | None, str]]:
    """The line, where the file has one, and a sentence; `node` is the whole file."""
    errors = error.errors(include_url=False)
    for one in errors:
        cause, of = one.get("ctx", {}).get("error"), one["loc"]
        raised = cause if isinstance(cause, ValueError) else None  # of what pydantic says itself it is a text
        if one["type"] == "too_short" and any(each["loc"][: len(of)] == of != each["loc"] for each in errors):
            continue  # it has elements, and what is wrong with them is said
        at = raised.at if isinstance(raised, Unfit) else ()
        line, path, at_fault = _place(node, (*of, *at))
        where = ".".join(map(str, path))
        if isinstance(raised, NotText):
            yield line, f"{where} {takes_text(_given(at_fault, one['input']))}"
        elif raised:
            yield line, f"{where}: {raised}" if where else str(raised)
        else:
            yield line, f"{where} {_said(one, _given(at_fault, one['input']))}"


def _said(one: ErrorDetails, given: str | None) -> str:
    context, kind = one.get("ctx", {}), one["type"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return f"is not known here{meant(one['loc'])}"
    if kind in {"union_tag_invalid", "literal_error"}:
        wanted = context.get("expected_tags") or context.get("expected")
        return f"is {str(context.get('tag', one['input']))[:60]!r}; it may be {wanted}"
    if kind == "union_tag_not_found":
        return f"has no {str(context.get('discriminator')).strip(chr(39))}"
    return of_pydantic(kind, context, given)


def _given(node: yaml.Node | None, value: Any) -> str | None:
    """A value as the file has it, `no` and not `False`; None for a list and for keys with values."""
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)[:60]
    return None if isinstance(value, list | dict) else str(value)[:60]


def _place(node: yaml.Node | None, loc: Sequence[int | str]) -> tuple[int | None, list[int | str], yaml.Node | None]:
    """The line in the file of a part of the document, the way to it without the names of pydantic's unions, and it."""
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
    return line, path, node
