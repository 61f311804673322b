"""The keys that each part of a definition has, for a hint where somebody wrote another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from flows.audiences.definition import Part, Segment
from flows.audiences.metrics import near


def meant(loc: Sequence[int | str]) -> str:
    """The key that looks like the last of a path through a segment, else those that there are."""
    parts: list[type[Part]] = [Segment]
    for step in loc[:-1]:
        inner = [one for part in parts if step in part.model_fields for one in _within(part.model_fields[str(step)])]
        parts = inner or [one for one in parts if _has_tag(one, step)] or parts
    return near(str(loc[-1]), {name for part in parts for name in part.model_fields})


def _within(annotation: Any) -> Iterator[type[Part]]:
    """The parts that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for one in get_args(getattr(annotation, "annotation", annotation)):
        yield from _within(one)
    inner = getattr(annotation, "annotation", None)
    if isinstance(inner, type) and issubclass(inner, Part):
        yield inner


def _has_tag(part: type[Part], tag: int | str) -> bool:
    """Pydantic names the member of a union by its type or operator."""
    fields = (part.model_fields[name].annotation for name in ("type", "operator") if name in part.model_fields)
    return any(tag in get_args(one) for one in fields)
