"""Whether the databases of time zones agree: DuckDB's gives dates, Python's and Postgres' may be of another year."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import duckdb

from flows.command.finding import Finding
from flows.ground import zones
from flows.warehouses import Warehouse
from flows.warehouses.duckdb import DuckDBFile

AROUND = timedelta(days=2 * 366)  # how far before and after now they are compared
STEP = timedelta(hours=6)
REMEDY = "our dates are those of DuckDB; upgrade the older of the two"


def clocks(
    accounts: Mapping[str, Collection[str]], warehouses: Collection[Warehouse], now: datetime
) -> Iterator[Finding]:
    """Compare what each zone of `accounts` (zone -> ids) says of the two years before and after now."""
    first, last = (now - AROUND).astimezone(UTC), (now + AROUND).astimezone(UTC)
    instants = [first + number * STEP for number in range((last - first) // STEP + 1)]
    ours: dict[str, list[int]] = {}
    for zone, ids in sorted(accounts.items()):
        with suppress(duckdb.Error):
            ours[zone] = zones.offsets(zone, first, last, STEP)
        if zone not in ours or zone not in available_timezones():
            what = f"the time zone {zone} of {', '.join(sorted(ids))} is not known here"
            yield Finding("zones", "problem", what, "install tzdata again, or correct the accounts")
    others = {"Python": {zone: _of_python(zone, instants) for zone in ours.keys() & available_timezones()}}
    for warehouse in warehouses:
        if not isinstance(warehouse, DuckDBFile):
            with warehouse.read() as reader:
                others[str(warehouse)] = {
                    zone: [int(seconds) for (seconds,) in reader.rows(zones.offsets_of(zone, first, last, STEP))]
                    for zone in ours
                }
    for name, theirs in others.items():
        for zone in sorted(theirs):
            apart = [when for when, one, other in zip(instants, ours[zone], theirs[zone], strict=True) if one != other]
            if apart:
                what = f"the time zone {zone} of {', '.join(sorted(accounts[zone]))} has another time in {name}"
                yield Finding(
                    "zones", "warning", f"{what} than in DuckDB, e.g. at {apart[0]:%Y-%m-%d %H:%M} UTC", REMEDY
                )


def _of_python(zone: str, instants: list[datetime]) -> list[int]:
    known = ZoneInfo(zone)
    return [int((one.astimezone(known).utcoffset() or timedelta(0)).total_seconds()) for one in instants]
