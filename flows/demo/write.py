"""The demo shop as a folder of files, as the files source takes them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from contract import Table, landing
from flows.demo.conversations import converse
from flows.demo.dice import Dice, Weighted
from flows.demo.shop import DAY, HOUR, Row, Shop
from flows.demo.thread import INTENTS, SECOND, Intent, Thread
from flows.ground.errors import InputError, StorageFailed

FORMATS = {  # how each table is delivered; messages have a folder with a file per shop
    "accounts": "jsonl",
    "business_hours": "jsonl",
    "profiles": "csv",
    "visitors": "csv.gz",
    "conversations": "jsonl",
    "messages": "jsonl.gz",
    "handoff_events": "csv",
    "interactions": "csv.gz",
    "orders": "csv",
    "order_lines": "csv",
    "products": "csv",
    "skills": "jsonl",
    "articles": "jsonl",
    "tickets": "csv",
}
UNTIL = datetime(2026, 6, 7, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WEEKDAYS = (115, 110, 105, 105, 100, 76, 82)  # Monday first
DAYTIME = Weighted(enumerate((6, 3, 2, 1, 1, 3, 8, 18, 32, 46, 55, 56, 52, 50, 52, 54, 54, 53, 56, 62, 66, 56, 36, 16)))


def write_shop(
    folder: Path, *, seed: int = 7, conversations: int = 20_000, days: int = 60, until: datetime = UNTIL
) -> None:
    """Write the demo shop's landing files into `folder`; equal arguments give equal rows everywhere.

    The last `days` days before `until` hold `conversations` conversations, some orders are older; nothing is later.
    Files of an earlier demo are replaced. Raises InputError for arguments that make no shop, StorageFailed if the
    folder cannot be written.
    """
    if until.tzinfo is None or conversations < 1 or days < 1:
        raise InputError("no shop can be made of this", remedy="give a conversation, a day, and `until` with its zone")
    dice = Dice(seed)
    end = (until - EPOCH) // timedelta(milliseconds=1)
    larger = conversations * 58 // 100
    shares = {"aurora": larger, "nordlicht": conversations - larger}
    shops = [_shop(name, dice, share, end - days * DAY, end) for name, share in shares.items()]
    try:
        for name in FORMATS:
            _write_table(folder, landing()[name], shops, end)
    except OSError as error:
        raise StorageFailed(
            f"the demo could not be written ({error.strerror})",
            where=str(folder),
            remedy="free space or choose a folder that you may write to",
        ) from error


def _shop(name: str, dice: Dice, conversations: int, since: int, until: int) -> Shop:
    """A shop with its whole history."""
    shop = Shop(name, dice, shoppers=max(1, conversations * 3 // 5), since=since, until=until)
    calendar = _calendar(shop)
    for at in sorted(_instant(calendar, shop) for _ in range(conversations * 2 // 5)):
        shop.place_order(dice.pick_early(shop.shoppers), at)
    channels = Weighted(shop.facts["channels"].items())
    intents = {
        language: Weighted(
            (intent, intent.weight or shop.facts["gaps"].get(intent.name, 0))
            for intent in INTENTS
            if phrases.has(intent.name)
        )
        for language, phrases in shop.phrases.items()
    }
    for at in sorted(_instant(calendar, shop) for _ in range(conversations)):
        shopper = dice.pick_early(shop.shoppers)
        intent: Intent = dice.draw(intents[shopper.language])
        thread = Thread(shop, shopper, dice.draw(channels), intent, at)
        converse(thread, intent, dice.draw(intents[shopper.language]))
    return shop


def _calendar(shop: Shop) -> Weighted[int]:
    """The local midnights of the shop's days; busy weekdays, slow growth, now and then a campaign."""
    zone = ZoneInfo(shop.facts["account"]["timezone"])
    first = (EPOCH + timedelta(milliseconds=shop.since)).astimezone(zone).date()
    last = (EPOCH + timedelta(milliseconds=shop.until)).astimezone(zone).date()
    days: list[tuple[int, int]] = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        busy = WEEKDAYS[day.weekday()] * (300 + number) * shop.dice.between(92, 108)
        days.append((int(midnight.timestamp()) * 1000, busy * 3 // 2 if shop.dice.chance(0.07) else busy))
    return Weighted(days)


def _instant(calendar: Weighted[int], shop: Shop) -> int:
    """An instant between the shop's first and last, in the rhythm of its days."""
    dice = shop.dice
    while True:
        hour = dice.draw(DAYTIME)
        at = dice.draw(calendar) + hour * HOUR + dice.between(0, HOUR - 1)
        if shop.since <= at <= shop.until - 20 * SECOND:
            return at


def _write_table(folder: Path, table: Table, shops: list[Shop], until: int) -> None:
    extension = FORMATS[table.name]
    if table.name == "messages":
        for shop in shops:
            _write(folder / table.name / f"{shop.account_id}.{extension}", table, _rows(table, [shop], until))
    else:
        _write(folder / f"{table.name}.{extension}", table, _rows(table, shops, until))


def _columns(table: Table) -> list[str]:
    """The contract's columns; what can change after its event also says when it last did."""
    names = [column.name for column in table.columns]
    return [*names, "updated_at"] if table.name in {"conversations", "orders"} else names


def _rows(table: Table, shops: list[Shop], until: int) -> Iterator[Row]:
    """The rows of a table as they stood at `until`: nothing later is known yet."""
    timestamps = [column.name for column in table.columns if column.type == "timestamp"]
    names = _columns(table)
    for shop in shops:
        unplaced = {order["order_id"] for order in shop.tables["orders"] if order["placed_at"] > until}
        for row in shop.tables[table.name]:
            if (table.event_time and row[table.event_time] > until) or row.get("order_id") in unplaced:
                continue
            past = {name: row[name] for name in timestamps if (row.get(name) or until + 1) <= until}
            known = {name: None if name in timestamps else row.get(name) for name in names}
            known.update({name: _text(at) for name, at in past.items()})
            if "updated_at" in known:
                known["updated_at"] = _text(max(past.values()))
            if table.name == "conversations" and "closed_at" not in past:
                known["closed_by"] = None
            yield known


def _text(at: int) -> str:
    return (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write(path: Path, table: Table, rows: Iterator[Row]) -> None:
    """One file; without null columns in JSON, and without the time and name that gzip would add."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        packed = gzip.GzipFile("", "wb", 5, file, mtime=0) if path.suffix == ".gz" else None
        with io.TextIOWrapper(packed or file, "utf-8", newline="") as out:
            if ".csv" in path.suffixes:
                writer = csv.DictWriter(out, _columns(table), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
            else:
                for row in rows:
                    kept = {name: value for name, value in row.items() if value is not None}
                    out.write(json.dumps(kept, ensure_ascii=False, separators=(",", ":")) + "\n")
