"""Rule 13.3 on random schedules and zones, around the days on which clocks change: minute by minute the same."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flows.ground.home import Home
from tests.conftest import Run
from tests.reference.business_hours import WEEKDAYS, BusinessHours, business_hours
from tests.reference.compare import read_published

CHANGES = (  # a zone, and an instant near which its clocks change
    ("America/New_York", "2026-03-08T07:00"),  # 23 hours
    ("America/New_York", "2025-11-02T06:00"),  # 25 hours
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2025-10-26T01:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),  # half an hour
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("America/St_Johns", "2026-03-08T05:30"),
    ("America/St_Johns", "2006-10-29T02:31"),  # at a minute past midnight, to the evening before
    ("America/Havana", "2026-03-08T05:00"),  # midnight does not exist
    ("America/Santiago", "2026-04-05T03:00"),  # the last hour of a date comes twice
    ("Africa/Casablanca", "2026-02-15T02:00"),
    ("Africa/Casablanca", "2026-03-22T02:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),  # a date that was left out
    ("Asia/Kathmandu", "2026-06-01T12:00"),
    ("Pacific/Kiritimati", "2026-01-01T00:00"),
    ("UTC", "2026-01-01T00:00"),
)
AS_OF = datetime(2026, 11, 20, tzinfo=UTC)
DAYS = 5  # on either side of a change


def intervals(rng: random.Random) -> list[str]:
    """Minutes of one day: none, one, several that may overlap, or all."""
    ends = [0, 1, 29, 60, 119, 120, 121, 150, 180, 539, 540, 1080, 1379, 1380, 1439, 1440]
    drawn = [sorted(rng.sample(ends, 2)) for _ in range(rng.choice((0, 1, 1, 2, 3)))]
    return [f"{opens}-{closes}" for opens, closes in drawn] if rng.random() < 0.9 else ["0-1440"]


def shop(rng: random.Random, account_id: str, zone: str, near: datetime) -> dict[str, list[dict[str, Any]]]:
    """Rows of an account whose shoppers wait around an instant, by table."""

    def at() -> datetime:
        some = rng.choice((near, near + timedelta(minutes=rng.randint(-180, 180))))
        drawn = near + timedelta(seconds=rng.uniform(-DAYS, DAYS) * 86400)
        return rng.choice((some, drawn, drawn.replace(second=0, microsecond=0), drawn.replace(minute=0, second=0)))

    local = near.astimezone(ZoneInfo(zone)).date()
    told = [local + timedelta(days=rng.choice((-1, 0, 0, 1, 3))) for _ in range(rng.choice((0, 1, 2)))]
    rows: dict[str, list[dict[str, Any]]] = {
        "accounts": [{"timezone": rng.choice((zone, "UTC")), "currency": "EUR"}],
        "business_hours": [
            {
                "timezone": zone,
                "weekly": [f"{day} {interval}" for day in WEEKDAYS for interval in intervals(rng)],
                "overrides": [f"{day} {one}".strip() for day in told for one in intervals(rng) or [""]],
            }
        ],
        "conversations": [],
        "messages": [],
        "handoff_events": [],
        "tickets": [],
    }
    for number in range(12):
        key, (first, second, third, fourth) = f"c{number}", sorted(at() for _ in range(4))
        of = {"conversation_id": key}
        rows["conversations"].append(of | {"channel": "web_chat", "created_at": first})
        for sender, instant in (("visitor", first), *(("system", at()) for _ in range(3))):
            message = {"message_id": f"{key}-{len(rows['messages'])}", "sender": sender, "sent_at": instant}
            rows["messages"].append(of | message)
        rows["handoff_events"].append(
            of | {"handoff_event_id": key, "type": "accepted", "occurred_at": first, "platform": "zendesk"}
        )
        ticket = {"created_at": second, "first_human_reply_at": third, "solved_at": fourth}
        rows["tickets"].append(of | {"platform": "zendesk", "ticket_id": key} | ticket)
    return {table: [{"account_id": account_id, **row} for row in found] for table, found in rows.items()}


def expected(hours: BusinessHours, row: dict[str, Any], automatic: list[datetime]) -> dict[str, Any]:
    open_minutes = {name: hours.minutes(row["handed_off_at"], row[end]) for name, end in ENDS.items()}
    return {
        "is_within_business_hours": hours.are_on(row["began_at"]),
        **{f"business_minutes_to_{name}": minutes for name, minutes in open_minutes.items()},
        "outside_hours_messages": sum(not hours.are_on(one) for one in automatic),
    }


ENDS = {"ticket": "created_at", "reply": "replied_at", "solve": "solved_at"}


def test_business_minutes_are_those_of_the_wall_clock_13_3(home: Home, run: Run, tmp_path: Path) -> None:
    """An hour that is left out was open, one that comes twice was open once, or a date had the hours of its weekday."""
    rng = random.Random(13)
    shops = {}
    for number, (zone, instant) in enumerate(CHANGES * 3):
        account_id = f"{number} {zone}"
        shops[account_id] = shop(rng, account_id, zone, datetime.fromisoformat(instant).replace(tzinfo=UTC))
    folder = tmp_path / "delivered"
    folder.mkdir()
    for table in next(iter(shops.values())):
        lines = [json.dumps(row, default=lambda one: one.isoformat()) for one in shops.values() for row in one[table]]
        (folder / f"{table}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    assert run(folder, AS_OF.isoformat()).outcome == "published"

    compared = 0
    for row in read_published(home.published_file)["handoffs"]:
        one = shops[row["account_id"]]
        hours = business_hours(one["business_hours"][0], one["accounts"][0])
        mine = [message for message in one["messages"] if message["conversation_id"] == row["conversation_id"]]
        automatic = [message["sent_at"] for message in mine if message["sender"] == "system"]
        wanted = expected(hours, row, automatic)
        assert {name: row[name] for name in wanted} == wanted, (one["business_hours"], row)
        compared += 1
    assert compared == 12 * len(shops)
