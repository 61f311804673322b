"""Hand-offs in the report: what came of them, how long shoppers waited, and who still does (chapter 13)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.command.main import main
from flows.command.report_shown import span
from flows.ground.home import Home
from flows.published.handoffs import NOTHING, handoffs, handoffs_by, waiting
from flows.published.report import report
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.reader import Reader
from tests.gaps.shop import publish_to
from tests.published.shop import MIDNIGHT, Shop

FIRST, LAST = MIDNIGHT.date(), MIDNIGHT.date() + timedelta(days=6)
ASKED = ["--account", "shop", "--from", str(FIRST), "--to", str(LAST)]


def add(shop: Shop, key: str, outcome: str, day: int = 0, **more: Any) -> None:
    at = MIDNIGHT + timedelta(days=day, hours=9)
    facts: dict[str, Any] = {"channel": "web_chat", "began_at": at, "began_on": at.date(), "outcome": outcome}
    shop.add("handoffs", conversation_id=key, **(facts | more))


def busy_shop() -> Shop:
    shop = Shop()
    for number, minutes in enumerate((10, 30, 200)):
        reply = {"minutes_to_reply": minutes, "business_minutes_to_reply": minutes // 2}
        add(shop, f"answered {number}", "answered", reason="complaint", platform="zendesk", **reply)
    add(shop, "waits", "waiting", day=2, reason="complaint")
    add(shop, "waits longer", "waiting", day=1, reason=None)
    add(shop, "too late", "waiting", day=8)
    add(shop, "lost", "lost", reason="[red]refund[/red]\x1b[31m")
    return shop


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("handoffs") / "home")
    publish_to(home, busy_shop())
    return home


@pytest.fixture
def reader(place: Home) -> Iterator[Reader]:
    with DuckDBFile(place).read() as one:
        yield one


def test_outcomes_are_counted_by_the_date_on_which_the_hand_off_began_13_2(reader: Reader) -> None:
    found = handoffs(reader, "shop", FIRST, LAST)
    assert found is not None
    told = found.to_json_dict()
    assert {name: told[name] for name in ("count", "answered", "waiting", "lost", "no_person")} == {
        "count": 6, "answered": 3, "waiting": 2, "lost": 1, "no_person": 0,
    }  # fmt: skip
    assert (told["answered_rate"], told["no_person_rate"]) == (0.5, 0.0)
    assert (told["median_minutes_to_reply"], told["median_business_minutes_to_reply"]) == (30.0, 15.0)
    assert told["oldest_waiting_since"] == "2026-06-02T12:00:00Z"
    nothing = handoffs(reader, "shop", date(2025, 1, 1), date(2025, 1, 2))
    assert nothing == NOTHING
    assert (NOTHING.share("answered"), NOTHING.median_minutes_to_reply) == (None, None)


def test_groups_add_up_and_what_is_not_told_is_a_group_13_1(reader: Reader) -> None:
    groups = handoffs_by(reader, "shop", FIRST, LAST, by="reason")
    assert (groups[0].key, groups[0].handoffs.count) == ("complaint", 4)
    assert sum(one.handoffs.count for one in groups) == 6
    assert "" in {one.key for one in groups}


def test_the_command_shows_hand_offs_beside_the_figures_and_alone(
    place: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [*ASKED, "--home", str(place.root)]
    assert main(["report", *asked]) == 0
    shown = capsys.readouterr().out
    assert "Hand-offs  6: 3 answered, 2 waiting, 1 lost" in shown
    assert "Reply      after 30 min, 15 min within business hours (median)" in shown
    assert "Waiting    the oldest since 2026-06-02T12:00:00Z" in shown
    assert main(["report", *asked, "--handoffs", "--by", "reason"]) == 0
    shown = capsys.readouterr().out
    assert "complaint" in shown
    assert "[red]refund[/red]" in shown
    assert "\x1b" not in shown
    assert "AI sales" not in shown
    assert main(["report", *asked, "--handoffs", "--by", "platform", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["platform"], one["count"]) for one in told["groups"]] == [("", 3), ("zendesk", 3)]
    assert told["handoffs"]["count"] == 6


@pytest.mark.parametrize(("more", "by"), [(["--handoffs"], "week"), ([], "reason")])
def test_what_a_table_is_not_known_by_is_refused(
    place: Home, capsys: pytest.CaptureFixture[str], more: list[str], by: str
) -> None:
    assert main(["report", *ASKED, "--home", str(place.root), *more, "--by", by]) == 2
    assert f"cannot be broken down by '{by}'" in capsys.readouterr().err


def test_nobody_who_tells_of_hand_offs_is_not_nothing_13_2(tmp_path: Path) -> None:
    """A shop without a source of hand-offs would read that nobody ever asked for a person."""
    shop = Shop()
    shop.conversation("c", "resolved", at=MIDNIGHT)
    for figure in ("routed", "closed"):
        shop.add("measured", figure=figure, state="not_measured")
    publish_to(Home(tmp_path), shop)
    with DuckDBFile(Home(tmp_path)).read() as reader:
        told = report(reader, "shop", FIRST, LAST)
    assert told.handoffs is None
    assert told.to_json_dict()["handoffs"] is None


def test_whoever_waits_is_found_whatever_the_range(reader: Reader) -> None:
    (one,) = waiting(reader)
    assert (one.account, one.count, one.lost) == ("shop", 3, 1)
    assert one.since == MIDNIGHT + timedelta(days=1, hours=9)
    assert one.to_json_dict(one.since + timedelta(minutes=90, seconds=59))["oldest_minutes"] == 90


def test_who_was_lost_is_told_where_nobody_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page listed them, and `status` said that nobody waits."""
    shop = Shop()
    add(shop, "lost", "lost")
    publish_to(Home(tmp_path), shop)
    assert main(["status", "--home", str(tmp_path)]) == 0
    assert "0 shoppers wait for a person, 1 was lost, in shop" in capsys.readouterr().out
    assert main(["status", "--home", str(tmp_path), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["waiting_handoffs"]
    assert told == {"account": "shop", "count": 0, "lost": 1, "since": None, "oldest_minutes": None}


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [(None, "–"), (0.5, "0 min"), (59, "59 min"), (60, "1 h 0 min"), (2879, "47 h 59 min"), (2880, "2 d 0 h")],
)
def test_minutes_are_told_as_people_tell_them(minutes: float | None, shown: str) -> None:
    assert span(minutes) == shown
