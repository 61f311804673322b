"""Zendesk's schedules over real HTTP: business hours as they stand there, and no ticket less whatever they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

import duckdb
import pytest

from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.lake import Lake
from flows.sources.api import Misshapen, http
from flows.sources.zendesk.client import Client
from flows.sources.zendesk.zones import ZONES, iana
from tests.sources.fake_api import Answer, Asked
from tests.sources.fake_zendesk import FakeZendesk
from tests.sources.pulled import ACCOUNT, count, current, pulled
from tests.sources.test_zendesk import client

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SHOP: dict[str, Any] = {
    "id": 100000001,
    "name": "Shop",
    "time_zone": "Eastern Time (US & Canada)",
    "intervals": [{"start_time": 1980, "end_time": 2460}, {"start_time": 3420, "end_time": 3900}],
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
}
NIGHT: dict[str, Any] = {
    "id": 100000002,
    "name": "Night",
    "time_zone": "Berlin",
    "intervals": [{"start_time": 0, "end_time": 1440}, {"start_time": 10020, "end_time": 10080}],
    "created_at": "2025-01-01T00:00:00Z",
    "updated_at": "2025-01-01T00:00:00Z",
}
CHRISTMAS = {"id": 1, "name": "words", "start_date": "2026-12-24", "end_date": "2026-12-26"}


def hours(lake: Lake) -> dict[str, Any]:
    """The row that counts."""
    found = current(lake, "business_hours")
    (row,) = found.values()
    return {name: row[name] for name in ("account_id", "timezone", "weekly", "overrides")}


def a_desk(desk: FakeZendesk, *schedules: Any) -> FakeZendesk:
    desk.ticket(1, NOON)
    desk.schedules = list(schedules)
    desk.holidays = {one["id"]: [] for one in schedules if isinstance(one, dict) and "id" in one}
    return desk


def test_the_first_schedule_is_the_business_hours(lake: Lake) -> None:
    with FakeZendesk() as desk:
        a_desk(desk, SHOP, NIGHT).holidays[SHOP["id"]] = [CHRISTMAS, {**CHRISTMAS, "start_date": "2026-12-26"}]
        summary = pulled("zendesk", client(desk), lake)
        said = client(desk).check()
    assert (summary.rows, summary.refused, summary.unknown_fields) == ({"tickets": 1, "business_hours": 1}, {}, {})
    assert hours(lake) == {
        "account_id": ACCOUNT,
        "timezone": "America/New_York",
        "weekly": ["mon 540-1020", "tue 540-1020"],
        "overrides": ["2026-12-24", "2026-12-25", "2026-12-26"],
    }
    assert "words" not in str(current(lake, "business_hours"))
    assert said.endswith("tickets can be exported, business hours are those of Shop")


@pytest.mark.parametrize("schedule", ["Night", "100000002", 100000002])
def test_the_settings_choose_another_by_id_or_name(lake: Lake, schedule: str | int) -> None:
    with FakeZendesk() as desk:
        a_desk(desk, SHOP, NIGHT)
        pulled("zendesk", client(desk), lake)
        pulled("zendesk", client(desk, schedule=schedule), lake)
    assert hours(lake) == {
        "account_id": ACCOUNT,
        "timezone": "Europe/Berlin",
        "weekly": ["sun 0-1440", "sat 1380-1440"],
        "overrides": None,
    }


def test_hours_are_written_when_they_change_and_not_else(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long ago they were written."""
    monkeypatch.setattr(Client, "rereads", timedelta(0))
    with FakeZendesk() as desk:
        a_desk(desk, SHOP)
        for _ in range(3):
            pulled("zendesk", client(desk), lake)
        assert count(lake, "business_hours") == 1
        desk.holidays[SHOP["id"]] = [CHRISTMAS]
        pulled("zendesk", client(desk), lake)
        assert hours(lake)["overrides"] == ["2026-12-24", "2026-12-25", "2026-12-26"]
        desk.holidays[SHOP["id"]] = []
        pulled("zendesk", client(desk), lake)
    assert hours(lake)["overrides"] is None
    assert count(lake, "business_hours") == 3


def test_what_goes_on_past_midnight_is_an_interval_of_each_day(lake: Lake) -> None:
    with FakeZendesk() as desk:
        a_desk(
            desk,
            {
                **SHOP,
                "intervals": [
                    {"start_time": 7 * 1440 - 60, "end_time": 7 * 1440},
                    {"start_time": 2000, "end_time": 4400},
                ],
            },
        )
        pulled("zendesk", client(desk), lake)
    assert hours(lake)["weekly"] == ["sat 1380-1440", "mon 560-1440", "tue 0-1440", "wed 0-80"]


@pytest.mark.parametrize("status", [403, 404])
def test_a_plan_without_schedules_brings_tickets_and_no_error(lake: Lake, status: int) -> None:
    with FakeZendesk() as desk:
        a_desk(desk).schedules = status
        summary = pulled("zendesk", client(desk), lake)
        assert client(desk).check().endswith("no schedules can be read")
        desk.schedules = []
        pulled("zendesk", client(desk), lake)
        assert client(desk).check().endswith("there is no schedule")
    assert (summary.rows, summary.refused) == ({"tickets": 1}, {})


def test_holidays_that_cannot_be_read_are_none(lake: Lake) -> None:
    with FakeZendesk() as desk:
        a_desk(desk, SHOP).holidays[SHOP["id"]] = 404
        pulled("zendesk", client(desk), lake)
    assert hours(lake)["overrides"] is None


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ({**SHOP, "time_zone": "Atlantis"}, "'Atlantis' is a time zone that is not known"),
        ({**SHOP, "time_zone": None}, "it has no time_zone"),
        ({**SHOP, "intervals": [{"start_time": 600, "end_time": 600}]}, "from 600 to 600 minutes"),
        ({**SHOP, "intervals": [{"start_time": 600, "end_time": 10081}]}, "from 600 to 10081 minutes"),
        ({**SHOP, "intervals": [{"start_time": -1, "end_time": 60}]}, "from -1 to 60 minutes"),
        ({**SHOP, "intervals": [{"start_time": "nine"}]}, "intervals.0.start_time"),
        ("busy", "is not an object"),
        (None, "is not an object"),
    ],
)
def test_hours_that_nobody_can_read_are_refused_and_take_nothing_down(lake: Lake, schedule: Any, said: str) -> None:
    with FakeZendesk() as desk:
        a_desk(desk, schedule).holidays[SHOP["id"]] = []
        summary = pulled("zendesk", client(desk), lake)
        again = pulled("zendesk", client(desk), lake)
    assert (summary.rows, summary.refused) == ({"tickets": 1, "business_hours": 1}, {"business_hours": 1})
    assert said in summary.refusals[0]
    assert again.refused == {}
    assert current(lake, "business_hours") == {}


@pytest.mark.parametrize(
    ("holiday", "said"),
    [
        ({**CHRISTMAS, "end_date": "2026-12-23"}, "to 2026-12-23 is not one"),
        ({**CHRISTMAS, "end_date": "9999-12-31"}, "to 9999-12-31 is not one"),
        ({**CHRISTMAS, "start_date": "soon"}, "start_date 'soon'"),
        ({"id": 1}, "start_date"),
        (7, "is not an object"),
    ],
)
def test_a_holiday_that_is_none_refuses_the_hours_with_its_reason(lake: Lake, holiday: Any, said: str) -> None:
    with FakeZendesk() as desk:
        a_desk(desk, SHOP).holidays[SHOP["id"]] = [holiday]
        summary = pulled("zendesk", client(desk), lake)
    assert summary.refused == {"business_hours": 1}
    assert summary.rows["tickets"] == 1
    assert said in summary.refusals[0]


def test_refused_hours_leave_those_that_were_there(lake: Lake) -> None:
    with FakeZendesk() as desk:
        a_desk(desk, SHOP)
        pulled("zendesk", client(desk), lake)
        desk.schedules = [{**SHOP, "time_zone": "Atlantis"}]
        assert pulled("zendesk", client(desk), lake).refused == {"business_hours": 1}
    assert hours(lake)["timezone"] == "America/New_York"


def test_a_schedule_that_is_not_there_is_named_with_those_that_are(lake: Lake) -> None:
    with FakeZendesk() as desk:
        a_desk(desk, SHOP, NIGHT)
        summary = pulled("zendesk", client(desk, schedule="Day"), lake)
        with pytest.raises(SourceRefused, match="there is no schedule 'Day'; there are Shop, Night; see to schedule"):
            client(desk, schedule="Day").check()
    assert summary.refused == {"business_hours": 1}
    assert "there is no schedule 'Day'; there are Shop, Night" in summary.refusals[0]


def test_schedules_that_do_not_answer_keep_no_ticket_back(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    with FakeZendesk() as desk:
        a_desk(desk, SHOP)
        answered = desk.answer

        def answer(asked: Asked) -> Answer:
            return Answer(503, b"busy") if "schedules" in asked.path else answered(asked)

        desk.answer = answer
        with pytest.raises(SourceUnavailable):
            pulled("zendesk", client(desk), lake)
    assert len(current(lake, "tickets")) == 1


def test_every_zone_of_zendesk_is_one_that_the_lake_takes() -> None:
    with duckdb.connect() as connection:
        theirs = {name for (name,) in connection.execute("select name from pg_timezone_names()").fetchall()}
    assert set(ZONES.values()) <= available_timezones() & theirs
    assert len(ZONES) == 153
    assert iana("Central Time (US & Canada)") == "America/Chicago"
    assert iana("Kyiv") == iana("Kyev") == "Europe/Kyiv"
    assert iana("America/Sao_Paulo") == "America/Sao_Paulo"
    for name in ("localtime", "eastern", ""):
        with pytest.raises(Misshapen):
            iana(name)
