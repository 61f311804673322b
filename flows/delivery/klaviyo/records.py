"""What is read of Klaviyo's answers when something is delivered: Lists, Profiles and errors of its API reference."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import AwareDatetime, ValidationError

from flows.ground.errors import SourceRefused
from flows.sources.api import Id, Loosely, Record, Text
from flows.sources.klaviyo.records import Inside, Resource, Several


class ListAttributes(Record):
    name: Text = None
    created: AwareDatetime

    not_read = "updated opt_in_process"


class List(Record):
    id: Id
    attributes: ListAttributes

    not_read = "type links relationships"


class Lists(Record):
    """A page of lists."""

    lists: tuple[List, ...]


class Addresses(Record):
    email: Loosely[Text] = None
    phone_number: Loosely[Text] = None

    not_read = "joined_group_at"


class Profile(Record):
    id: Id
    attributes: Inside[Addresses] = Addresses()

    not_read = "type links relationships"


class Profiles(Record):
    """A page of profiles."""

    profiles: tuple[Profile, ...]


class Resources(Record):
    """A page of which the ids alone are read."""

    resources: tuple[Resource, ...]


class Made(Record):
    """The answer to what made something."""

    data: Resource

    not_read = "links included meta"


class FaultSource(Record):
    pointer: Loosely[Text] = None

    not_read = "parameter header"


class FaultMeta(Record):
    duplicate_profile_id: Loosely[Text] = None


class Fault(Record):
    code: Loosely[Text] = None
    title: Loosely[Text] = None
    detail: Loosely[Text] = None
    source: Loosely[FaultSource] = None
    meta: Loosely[FaultMeta] = None

    not_read = "id status links"

    @property
    def said(self) -> str:
        return self.detail or self.title or self.code or ""

    @property
    def place(self) -> int | None:
        """The place in `data` of what is refused, where the error points to one."""
        found = re.match(r"/data/(\d{1,6})(?:/|$)", (self.source and self.source.pointer) or "")
        return int(found[1]) if found else None


class Faults(Record):
    """An answer that is not a success."""

    errors: Several[Fault] = None


def faults(answer: Any) -> Sequence[Fault]:
    """The errors of an answer; none where it has another shape."""
    try:
        return Faults.model_validate(answer).errors or ()
    except ValidationError:
        return ()


def reason(refused: SourceRefused) -> str:
    """Why something was refused, in Klaviyo's words as far as it has some."""
    said = list(dict.fromkeys(one.said for one in faults(refused.answer) if one.said))
    return "; ".join(said[:3])[:300] or refused.what


def masked(said: str, *values: str | None) -> str:
    """What was said without whom it is about: one reason for all of whom it is said, and nobody's address in a log."""
    for value in filter(None, values):
        said = said.replace(value, "…")
    return said


def duplicate(refused: SourceRefused) -> str | None:
    """The profile that is there already, which an error names."""
    return next((one.meta.duplicate_profile_id for one in faults(refused.answer) if one.meta), None)
