"""The golden cases, and what lands of them."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

from flows.delivery.ledger import HandedOver

CASES = sorted(file.parent for file in Path(__file__).parent.glob("*/*/case.toml"))


@cache
def as_of(case: Path) -> str:
    return str(tomllib.loads((case / "case.toml").read_text("utf-8"))["as_of"])


@cache
def earlier(case: Path) -> str:
    """As of when all loads of the case but the last are built."""
    return str(tomllib.loads((case / "case.toml").read_text("utf-8")).get("earlier", as_of(case)))


def deliveries(case: Path) -> list[Path]:
    """Folders of files, one for each load, in order."""
    landing = case / "landing"
    numbered = sorted((folder for folder in landing.iterdir() if folder.is_dir()), key=lambda folder: int(folder.name))
    return numbered or [landing]


def sent(case: Path) -> list[tuple[str, str, datetime]]:
    """The follow-ups of the case that were sent before its loads: account, conversation and instant."""
    file = case / "sent.jsonl"
    rows = map(json.loads, file.read_text("utf-8").splitlines() if file.exists() else ())
    return [(row["account_id"], row["conversation_id"], datetime.fromisoformat(row["sent_at"])) for row in rows]


def handed_over(case: Path) -> list[HandedOver]:
    """The hand-offs of the case that somebody had before its loads."""
    file = case / "handed_over.jsonl"
    rows = map(json.loads, file.read_text("utf-8").splitlines() if file.exists() else ())
    return [
        HandedOver(
            row["account_id"],
            row["conversation_id"],
            row["method"],
            row["platform"],
            row["ticket_id"],
            datetime.fromisoformat(row["delivered_at"]),
        )
        for row in rows
    ]


def delivered(cases: list[Path], workplace: Path) -> Iterator[Path]:
    """The deliveries of all cases merged, one folder for each load, in order; one file of lines for each table."""
    for number in range(max(len(deliveries(case)) for case in cases)):
        folder = workplace / str(number)
        for case in cases:
            for file in sorted(deliveries(case)[number].glob("*")) if number < len(deliveries(case)) else ():
                table, extension = file.name.split(".", 1)
                (folder / table).mkdir(parents=True, exist_ok=True)
                if extension == "jsonl":
                    with (folder / table / "cases.jsonl").open("a", encoding="utf-8") as merged:
                        merged.write(file.read_text("utf-8").rstrip("\n") + "\n")
                else:
                    shutil.copy(file, folder / table / f"{case.parent.name}-{case.name}.{extension}")
        yield folder
