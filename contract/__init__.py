"""The contract in the form that code reads: what may land and what is published.

`landing.yml` and `metrics.yml` are the only places where tables, columns, types, keys and allowed
values are written down; everything else (mapping at the door, the gate, the published tables) is
derived from them or tested against them. The rules in words are in `docs/definitions.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

# Both are safe; the one in C takes a tenth of the time, and every command reads the contract.
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
HANDED_OFF = ("routed", "closed")  # the statuses of conversations that the agent handed off (rules 3.6 and 8.2)


@dataclass(frozen=True)
class Pattern:
    """What a text has to fit, whole: a regular expression (RE2), and a text that is `like` it, for people.

    Where it is `rising`, the numbers in its first two brackets rise; brackets that took part in nothing do.
    """

    regex: str
    like: str
    rising: bool = False


@dataclass(frozen=True)
class Column:
    """A column of a landing or published table.

    `type` is one of the contract's type names. `nullable` says whether it may be null where it is read, in the
    lake or published. `values` are the only values that it has, null aside; empty: whatever the type holds.
    `required`, `default`, `minimum`, `maximum`, `open` and `pattern`, which each element of a list has to fit, are of
    landing columns alone (head of `landing.yml`).
    """

    name: str
    type: str
    nullable: bool = True
    values: tuple[str, ...] = ()
    about: str = ""
    required: bool = False
    default: str | int | bool | None = None
    minimum: int | Decimal | None = None
    maximum: int | None = None
    open: bool = False
    pattern: Pattern | None = None


@dataclass(frozen=True)
class ChangeSet:
    """The rows of a published table that an incremental build writes anew.

    They are those that share `account_id` and `column` with a row of `model`, a model in
    `dbt_project/models/intermediate/changed`. In a full build the model has no rows and every row is new.
    """

    model: str
    column: str


@dataclass(frozen=True)
class TakenFrom:
    """The columns of a published table that are those of a `model` of dbt_project, in the row of the same grain."""

    model: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table: `key` is its primary key (landing) or its grain (published).

    `changed_by` is None where every build writes the table whole, as it does all landing tables' rows. `taken_from` is
    None where no column is taken from a row as it is.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    about: str = ""
    event_time: str | None = None
    changed_by: ChangeSet | None = None
    taken_from: TakenFrom | None = None

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


@cache
def landing() -> dict[str, Table]:
    """The tables that sources deliver, by name; without `updated_at`, which every table takes."""
    return {
        name: Table(
            name,
            tuple(_landing_column(*item) for item in spec["columns"].items()),
            key=tuple(spec["key"]),
            event_time=spec.get("event_time"),
            about=spec["about"],
        )
        for name, spec in _document("landing.yml")["tables"].items()
    }


@cache
def metrics() -> dict[str, Table]:
    """The published tables of the schema `metrics`, by name."""
    return {
        name: Table(
            name,
            tuple(_published_column(*item) for item in spec["columns"].items()),
            key=tuple(spec["grain"]),
            about=spec["about"],
            changed_by=ChangeSet(**spec["changed_by"]) if "changed_by" in spec else None,
            taken_from=_taken_from(spec["taken_from"]) if "taken_from" in spec else None,
        )
        for name, spec in _document("metrics.yml")["tables"].items()
    }


def _taken_from(spec: Mapping[str, Any]) -> TakenFrom:
    return TakenFrom(spec["model"], tuple(spec["columns"]))


def version() -> int:
    """The version of the published contract."""
    number: int = _document("metrics.yml")["version"]
    return number


def _landing_column(name: str, spec: Mapping[str, Any]) -> Column:
    always_filled = spec.get("required", False) or "default" in spec
    others = {key: value for key, value in spec.items() if key not in {"values", "values_of"}}
    if isinstance(others.get("minimum"), float):
        others["minimum"] = Decimal(str(others["minimum"]))
    if "pattern" in others:
        others["pattern"] = Pattern(**others["pattern"])
    return Column(name, nullable=not always_filled, values=_values(spec), **others)


def _published_column(name: str, spec: Mapping[str, Any]) -> Column:
    return Column(name, spec["type"], spec.get("nullable", False), _values(spec), spec["about"])


def _values(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Those that a column names itself, or those of the column that it says it has them of."""
    if "values_of" in spec:
        document, table, column = spec["values_of"].split(".")
        return _values(_document(f"{document}.yml")["tables"][table]["columns"][column])
    return tuple(spec.get("values", ()))


@cache
def _document(file: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(files(__name__).joinpath(file).read_text("utf-8"), _LOADER)  # noqa: S506
    return document
