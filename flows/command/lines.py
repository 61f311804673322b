"""Lines for people: a label, and a text beside it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from flows.ground.address import Address
from flows.ground.text import clean
from flows.settings.requests import WarehouseRequest


def line(label: str, text: object) -> str:
    """A label and a text, which may come from strangers."""
    return f"{label:<10} {clean(text)}"


def counts(rows: Mapping[str, int]) -> str:
    """Rows by table, in brackets: (messages 2, orders 1); nothing where there are none."""
    parts = [f"{table} {number:,}" for table, number in rows.items() if number]
    return f" ({', '.join(parts)})" if parts else ""


def home_option(root: Path) -> str:
    """The option that names the home again in a command to copy; nothing for the usual home."""
    return "" if root == Path(".agent-metrics") else f" --home {shlex.quote(str(root))}"


def again(request: WarehouseRequest, account: str | None = None) -> str:
    """The options that name the same place in a command to copy; no password stands in them."""
    place = str(Address.of(request.warehouse[0])) if request.warehouse else None
    given = (("--account", account), ("--home", request.home), ("--config", request.config), ("--warehouse", place))
    return "".join(f" {option} {shlex.quote(value)}" for option, value in given if value)
