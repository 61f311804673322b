"""Time zones as DuckDB knows them: dates of figures come from it, and Python's own database may be of another year."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from itertools import pairwise

import duckdb

from flows.ground.sql import literal

_START = datetime.fromtimestamp(0, UTC)


def local(instant: datetime, zone: str) -> datetime:
    """The instant with the zone's offset from UTC. Raises duckdb.Error where DuckDB does not know the zone."""
    utc = instant.astimezone(UTC)
    before, after = _of_days(zone, utc.year)[utc.timetuple().tm_yday - 1]
    seconds = before if before == after else offsets(zone, utc, utc, timedelta(days=1))[0]
    return instant.astimezone(timezone(timedelta(seconds=seconds)))


def midnight(day: date, zone: str) -> datetime:
    """When the date begins in the zone, with the zone's offset; where midnight comes twice, the first time."""
    wall = datetime.combine(day, time())
    ((microseconds,),) = _asked(f"select epoch_us(timezone({literal(zone)}, timestamp '{wall.isoformat()}'))")
    found = _START + timedelta(microseconds=microseconds)
    earlier = local(found - timedelta(hours=1), zone)
    return earlier if earlier.replace(tzinfo=None) == wall else local(found, zone)


def offsets(zone: str, first: datetime, last: datetime, step: timedelta) -> list[int]:
    """Seconds east of UTC at `first` (aware), and each `step` after it up to `last`. Raises as `local` does."""
    return [int(seconds) for (seconds,) in _asked(offsets_of(zone, first, last, step))]


def offsets_of(zone: str, first: datetime, last: datetime, step: timedelta) -> str:
    """SQL that gives the same of DuckDB and of Postgres."""
    spaced = f"generate_series({literal(first)}, {literal(last)}, interval '{int(step.total_seconds())} seconds')"
    east = f"timezone({literal(zone)}, moment) - timezone('UTC', moment)"
    return f"select extract(epoch from {east}) from {spaced} as spaced(moment) order by moment"


@lru_cache(maxsize=1024)
def _of_days(zone: str, year: int) -> list[tuple[int, int]]:
    """Of each date of UTC the offsets at its begin and at its end: nearly always they are the same."""
    first, last = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    return list(pairwise(offsets(zone, first, last, timedelta(days=1))))


def _asked(sql: str) -> list[tuple[int]]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(sql).fetchall()
