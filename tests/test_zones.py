"""Two databases of time zones of different years: a report asked for an hour that its figures do not have."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import psycopg
import pytest

from flows.command import clocks as comparing
from flows.command.clocks import clocks
from flows.ground import zones
from flows.published.accounts import PublishedAccount
from tests.warehouses.servers import wheel

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MIDNIGHTS = {
    ("Europe/Berlin", "2026-06-01"): "2026-06-01T00:00:00+02:00",
    ("America/Havana", "2026-11-01"): "2026-11-01T00:00:00-04:00",  # comes twice
    ("Africa/Cairo", "2026-04-24"): "2026-04-24T01:00:00+03:00",  # does not come
    ("Asia/Kathmandu", "2026-01-01"): "2026-01-01T00:00:00+05:45",
}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"])
def test_local_time_is_that_of_the_zone_on_both_sides_of_every_change(zone: str) -> None:
    first = datetime(2018, 1, 1, 0, 29, 59, tzinfo=UTC)
    for hours in range(0, 24 * 800, 7):
        instant = first + timedelta(hours=hours)
        assert zones.local(instant, zone).replace(tzinfo=None) == instant.astimezone(ZoneInfo(zone)).replace(
            tzinfo=None
        )


@pytest.mark.parametrize(("where", "begins"), MIDNIGHTS.items())
def test_a_date_begins_at_its_first_midnight(where: tuple[str, str], begins: str) -> None:
    assert zones.midnight(date.fromisoformat(where[1]), where[0]).isoformat() == begins


def test_clocks_of_an_account_are_those_of_its_figures_whatever_python_says() -> None:
    """Of Vancouver, which keeps summer time from 2026 on, Python's database may be older or newer than DuckDB's."""
    account = PublishedAccount("a", None, "America/Vancouver", "CAD")
    for day in range(-700, 700, 3):
        instant = NOW + timedelta(days=day, hours=day % 24)
        with duckdb.connect() as connection:
            ((local,),) = connection.execute("select timezone($1, $2)", [account.timezone, instant]).fetchall()
        assert account.local(instant).replace(tzinfo=None) == local


def test_no_other_code_asks_python_for_local_times() -> None:
    """The demo alone does: it makes up what it delivers."""
    flows = Path(__file__).parents[1] / "flows"
    found = {
        file.relative_to(flows).as_posix() for file in flows.rglob("*.py") if "ZoneInfo(" in file.read_text("utf-8")
    }
    assert found == {"command/clocks.py", "demo/write.py"}


def test_the_doctor_names_a_zone_that_python_knows_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = {"Europe/Berlin": ["berlin", "bonn"], "Asia/Tokyo": ["t"]}
    assert list(clocks(accounts, [], NOW)) == []
    monkeypatch.setattr(comparing, "ZoneInfo", lambda zone: ZoneInfo(zone.replace("Berlin", "Moscow")))
    (found,) = clocks(accounts, [], NOW)
    assert found.line() == (
        "warning  zones        the time zone Europe/Berlin of berlin, bonn has another time in Python than in DuckDB, "
        "e.g. at 2024-11-26 12:00 UTC; our dates are those of DuckDB; upgrade the older of the two"
    )


def test_the_doctor_names_a_zone_that_nobody_knows() -> None:
    (found,) = clocks({"Europe/Lisboa": ["a"]}, [], NOW)
    assert found.outcome == "problem"
    assert "Europe/Lisboa of a is not known here" in found.what


def test_postgres_is_asked_the_same() -> None:
    """Its database of time zones is a third one; filters by date ask it."""
    sql = zones.offsets_of("Asia/Kathmandu", NOW, NOW + timedelta(days=2), timedelta(days=1))
    with wheel() as url, psycopg.connect(url.format(database="postgres")) as connection:
        connection.execute("set TimeZone = 'Asia/Tokyo'")
        assert [int(seconds) for (seconds,) in connection.execute(sql).fetchall()] == [20700] * 3
