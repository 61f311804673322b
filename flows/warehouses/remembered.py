"""At which publication each Postgres warehouse stands, for when it does not answer; the warehouse itself knows best.

publications/standing.json    {"postgresql://…": {"stands": <publication id or null>, "sent": <the same>}}

`sent` is a publication whose fate is not known: the warehouse was lost while it was switched. Sealed files of both are
kept, because the next publication is sent as the difference to one of them.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from flows.ground.home import Home, read_json, write_durably


@dataclass(frozen=True)
class Remembered:
    """By the name of the warehouse."""

    stands: dict[str, str]
    sent: dict[str, str]

    def ids(self) -> set[str]:
        return {*self.stands.values(), *self.sent.values()}


def remembered(home: Home) -> Remembered:
    """What is remembered in this home."""
    known = read_json(home.publications / "standing.json") or {}
    return Remembered(
        {name: one["stands"] for name, one in known.items() if one["stands"]},
        {name: one["sent"] for name, one in known.items() if one["sent"]},
    )


def remember(home: Home, warehouse: str, *, stands: str | None, sent: str | None = None) -> None:
    """Remember where a warehouse stands, and what it was sent."""
    known = read_json(home.publications / "standing.json") or {}
    _write(home, known, {**known, warehouse: {"stands": stands, "sent": sent}})


def forget_others(home: Home, warehouses: Collection[str]) -> None:
    """Forget warehouses that the settings do not name any more."""
    known = read_json(home.publications / "standing.json") or {}
    _write(home, known, {name: one for name, one in known.items() if name in warehouses})


def _write(home: Home, before: dict[str, object], after: dict[str, object]) -> None:
    if after != before:
        write_durably(home.publications / "standing.json", json.dumps(after, indent=1))
