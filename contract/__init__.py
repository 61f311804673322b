"""The contract in the form that code reads: what may land and what is published.

`landing.yml` and `metrics.yml` are the only places where tables, columns, types, keys and allowed
values are written down; everything else (mapping at the door, the gate, the published tables) is
derived from them or tested against them. The rules in words are in `docs/definitions.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@dataclass(frozen=True)
class Column:
    """A column of a landing or published table; `type` is one of the contract's type names."""

    name: str
    type: str
    required: bool = False
    default: str | int | bool | None = None
    minimum: int | None = None
    maximum: int | None = None
    values: tuple[str, ...] = ()
    about: str | None = None


@dataclass(frozen=True)
class Table:
    """A table: `key` is its primary key (landing) or its grain (published)."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    event_time: str | None = None
    about: str | None = None

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _column(name: str, spec: str | dict[str, Any]) -> Column:
    if isinstance(spec, str):
        return Column(name, spec)
    values = tuple(spec.get("values", ()))
    return Column(name, **{**spec, "values": values})


@cache
def _document(file: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(files(__name__).joinpath(file).read_text("utf-8"))
    return document


def _tables(file: str, key: str) -> dict[str, Table]:
    return {
        name: Table(
            name=name,
            columns=tuple(_column(*item) for item in spec["columns"].items()),
            key=tuple(spec[key]),
            event_time=spec.get("event_time"),
            about=spec.get("about"),
        )
        for name, spec in _document(file)["tables"].items()
    }


@cache
def landing() -> dict[str, Table]:
    """The tables that sources deliver, by name; without `updated_at`, which every table takes."""
    return _tables("landing.yml", "key")


@cache
def metrics() -> dict[str, Table]:
    """The published tables of the schema `metrics`, by name."""
    return _tables("metrics.yml", "grain")


def version() -> int:
    """The version of the published contract."""
    number: int = _document("metrics.yml")["version"]
    return number
