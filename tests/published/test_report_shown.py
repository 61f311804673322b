"""What `agent-metrics report` prints: for people, for machines, on both warehouses."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from flows.command import report_shown
from flows.command.main import main
from flows.ground.home import Home
from flows.published.breakdown import DIMENSIONS, breakdown
from flows.published.figures import RATES, Conversations
from flows.published.measured import Short
from flows.published.report import Report, report
from flows.warehouses.duckdb import DuckDBFile
from tests.gaps.shop import publish_to
from tests.published.shop import MIDNIGHT, Shop
from tests.warehouses import servers

ASKED = ["--account", "shop", "--from", "2026-06-01", "--to", "2026-06-07"]
WIDE = 1000  # characters, room for every column
HOSTILE_TAG = "[red]:smile:[/red]\x1b[31m\r\n\u202eevil"


def busy_shop() -> Shop:
    shop = Shop()
    statuses = ["resolved"] * 5 + ["routed"] * 2 + ["closed", "open"]
    for number, status in enumerate(statuses * 150):
        channel = ("web_chat", "sms")[number % 2]
        at = MIDNIGHT + timedelta(minutes=number)
        tag = (None, "returns", HOSTILE_TAG)[number % 3]
        reason = ("running", "running", "unanswered")[number // 9 % 3] if status == "open" else None
        shop.conversation(f"c{number}", status, at=at, channel=channel, tag=tag, open_reason=reason)
    shop.click("c1", 1)
    shop.sell("c1", "line 1", "order", "1234.5000", net_revenue="1000")
    shop.sell("c2", "line 2", "order", "1000.0000", net_revenue="0")
    shop.skill("returns", is_available=True)
    return shop


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("shown") / "home")
    publish_to(home, busy_shop())
    return home


def printed(place: Home, by: str | None, width: int) -> str:
    with DuckDBFile(place).read() as reader:
        figures = report(reader, "shop", MIDNIGHT.date(), MIDNIGHT.date() + timedelta(days=6))
        groups = breakdown(reader, figures, by) if by else None
    return as_text(report_shown.report_lines(figures, groups), width)


def as_text(lines: Iterable[RenderableType], width: int = WIDE) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width)
    for line in lines:
        console.print(line, markup=False, highlight=False)
    return out.getvalue()


def cells(text: str) -> list[list[str]]:
    """The first table: what stands in each line, by two blanks at least."""
    lines = text.split("\n\n")[1].splitlines()
    return [re.split(r"\s{2,}", line.strip()) for line in lines]


def test_rates_stand_with_their_intervals_and_all_in_the_last_line(place: Home) -> None:
    text = printed(place, None, WIDE)
    head, *lines = cells(text)
    assert head == [
        *("channel", "conversations", "resolved", "routed", "closed", "open", "running", "unanswered", "withdrawn"),
        *("ended resolution rate", "ended unresolved rate", "unanswered rate"),
        *("resolution rate", "durable resolution rate", "routed rate", "unresolved rate", "deflection rate"),
    ]
    assert [line[0] for line in lines] == ["sms", "web_chat", "all"]
    counts = ["1,350", "750", "300", "150", "150", "100", "50", "0"]
    ended = ["60.0% (57.3–62.7)", "36.0% (33.4–38.7)", "4.0% (3.0–5.2)"]
    resolved = "55.6% (52.9–58.2)"
    rates = [resolved, resolved, "22.2% (20.1–24.5)", "33.3% (30.9–35.9)", "0.0% (0.0–0.3)"]
    assert lines[-1] == ["all", *counts, *ended, *rates]
    assert report_shown.BRACKETS in text
    assert "AI sales   BRL 2,234.50 in 1 order\n" in text
    assert "Average    BRL 2,234.50 per order\n" in text


def test_groups_stand_with_their_sales_and_the_total_of_the_whole(place: Home) -> None:
    lines = cells(printed(place, "tag", WIDE))
    tags = {line[0]: line[1:] for line in lines[1:]}
    assert list(tags) == ["returns", "[red]:smile:[/red]\\x1b[31m \\u202eevil", "(none)", "all"]
    assert lines[0][-6:] == ["AI sales", "net sales", "orders", "average order", "link clicks", "carts"]
    assert tags["returns"][-6:] == ["BRL 1,234.50", "BRL 1,000.00", "1", "BRL 1,234.50", "1", "0"]
    assert tags["(none)"][-6:] == ["BRL 0.00", "BRL 0.00", "0", "–", "0", "0"]
    assert tags["all"][-6:] == ["BRL 2,234.50", "BRL 1,000.00", "1", "BRL 2,234.50", "1", "0"]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 150])
@pytest.mark.parametrize("by", [None, "channel", "week", "status"])
def test_a_narrow_terminal_shows_less_and_says_so(place: Home, by: str | None, width: int) -> None:
    text = printed(place, by, width)
    table, said = [*text.split("\n\n"), ""][1:3]
    assert all(len(line) <= width for line in table.splitlines())
    assert "…" not in text
    shown, whole = cells(text)[0], cells(printed(place, by, WIDE))[0]
    assert shown[:2] == [by or "channel", "conversations"]
    assert "resolution rate" in shown or by == "status"
    names = " ".join(said.split()).partition("also shows: ")[2].rstrip(".")
    assert set(names.split(", ")) - {""} == set(whole) - set(shown)


def test_days_without_anything_stand_there_with_dashes(place: Home) -> None:
    lines = cells(printed(place, "day", WIDE))
    assert lines[0][0] == "day"
    assert [line[0] for line in lines[1:]] == [*(f"2026-06-0{day}" for day in range(1, 8)), "all"]
    rates = ["–"] * len(RATES)
    assert lines[7][: 9 + len(rates)] == ["2026-06-07", *["0"] * 8, *rates]


def test_weeks_say_when_they_end_and_skills_what_they_are_called(place: Home) -> None:
    assert cells(printed(place, "week", WIDE))[1][0] == "2026-06-01 to 2026-06-07"
    assert cells(printed(place, "skill", WIDE)) == [
        ["skill", "label", "messages", "conversations"],
        ["returns", "Returns", "0", "0"],
    ]


@pytest.fixture
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_nowhere")
@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_json_is_the_whole_report_and_its_groups(
    tmp_path: Path, database_server: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    at = "duckdb" if kind == "duckdb" else servers.fresh(database_server)
    publish_to(Home(home), busy_shop(), at)

    def told(*more: str) -> dict[str, Any]:
        assert main(["report", *ASKED, "--home", str(home), "--warehouse", at, "--json", *more]) == 0
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        return document

    whole = told()
    assert not {"by", "groups"} & set(whole)
    for by in DIMENSIONS:
        document = told("--by", by)
        groups = document.pop("groups")
        assert document.pop("by") == by
        assert document == whole
        assert all(by in group for group in groups)
    statuses = {"volume": 675, "resolved": 375, "routed": 150, "closed": 75, "open": 75}
    counts = {**statuses, "recontacted": 0, "deflected": 0, "running": 50, "unanswered": 25}
    rates = {rate.name: rate.of(Conversations(**counts)) for rate in RATES}
    sales = {"attributed_revenue": "1000.0000", "net_attributed_revenue": "0.0000", "attributed_orders": 1}
    clicks = {"average_order_value": "1000.0000", "link_clicks": 0, "add_to_cart_items": 0}
    inferred = {"inferred_revenue": "0.0000", "inferred_orders": 0}
    web_chat = {"channel": "web_chat", **counts, "ended": 625, **rates, **sales, **clicks, **inferred}
    assert told("--by", "channel")["groups"][1] == web_chat


@pytest.mark.usefixtures("_nowhere")
@pytest.mark.parametrize("handoffs", [[], ["--handoffs"]])
@pytest.mark.parametrize(
    ("first", "last", "note"),
    [
        ("2025-06-01", "2025-06-07", "The first conversation came on 1 Jun 2026. Choose later dates."),
        ("2027-06-01", "2027-06-07", "These dates are yet to come. Choose earlier dates."),
        ("2026-06-07", "2026-06-30", "The dates are not over: what is known ends at 2026-06-07T"),
    ],
)
def test_dates_of_which_nothing_is_known_are_no_dates_without_customers(
    place: Home, capsys: pytest.CaptureFixture[str], first: str, last: str, note: str, handoffs: list[str]
) -> None:
    """A year mistyped in a mail that a timer sends reads as a shop without customers."""
    asked = ["report", "--home", str(place.root), "--account", "shop", "--from", first, "--to", last, *handoffs]
    assert main(asked) == 0
    assert note in capsys.readouterr().out
    assert main([*asked, "--json"]) == 0
    assert any(one.startswith(note) for one in json.loads(capsys.readouterr().out)["notes"])


def test_another_word_is_a_mistake_of_the_user(place: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", *ASKED, "--home", str(place.root), "--by", "hour"]) == 2
    said = capsys.readouterr().err
    assert "broken down by 'hour'; it can be channel, status, tag, agent, day, week, month or skill" in said


def quiet_report(**figures: Any) -> Report:
    """Of three conversations whose sales and clicks nobody tells of."""
    counted = Conversations(3, 1, 1, 0, 1)
    facts: dict[str, Any] = {
        "account": "a",
        "account_name": None,
        "timezone": "UTC",
        "currency": "EUR",
        "first": date(2026, 6, 1),
        "last": date(2026, 6, 7),
        "as_of": datetime(2026, 6, 7, tzinfo=UTC),
        "publication_id": "p",
        "conversations": counted,
        "attributed_revenue": Decimal(0),
        "net_attributed_revenue": Decimal(0),
        "attributed_orders": 0,
        "link_clicks": 0,
        "add_to_cart_items": 0,
        "by_channel": {"sms": counted},
        "skills": (),
        "not_measured": frozenset({"attributed_revenue", "sms_attributed_revenue", "link_clicks", "closed"}),
        "missing": (Short("klaviyo", "messages", 1200, 7),),
    }
    return Report(**{**facts, **figures})


def test_what_nobody_told_is_said_with_what_to_connect() -> None:
    told = quiet_report()
    lines = "\n".join(line for line in report_shown.report_lines(told) if isinstance(line, str))
    assert "AI sales   not measured" in lines
    assert "Clicks     not measured; items added to carts: 0" in lines
    assert "link clicks: connect clicks" in lines
    assert "AI sales of SMS" not in lines
    assert "klaviyo counts 1,200 messages, of which 1,193 are not here" in lines
    document = told.to_json_dict()
    assert (document["link_clicks"], document["attributed_orders"], document["add_to_cart_items"]) == (None, None, 0)


def test_handoffs_that_nobody_tells_are_neither_counts_nor_rates() -> None:
    """They stood as 0 and 0.0% beside figures that said "not measured"."""
    told = quiet_report(not_measured=frozenset({"closed"}))
    document = told.to_json_dict()
    for of in (document, *document["by_channel"]):
        assert (of["volume"], of["routed"], of["closed"]) == (3, 1, None)
        assert (of["routed_rate"], of["unresolved_rate"]) == (1 / 3, None)
    text = as_text(report_shown.report_lines(told))
    for line in cells(text)[1:]:
        assert [line[at] for at in (1, 3, 4, 10, 15)] == ["3", "1", "not measured", "not measured", "not measured"]
    assert "closed: no source tells of hand-off messages" in text
    (_, line) = [re.split(r"\s{2,}", one.strip()) for one in as_text(report_shown.key_figures([told])).splitlines()]
    assert line[1:5] == ["3", "33.3%", "33.3%", "33.3%"]
    neither = quiet_report(not_measured=frozenset({"closed", "routed"}), conversations=Conversations(3, 1, 0, 0, 2))
    (_, line) = [re.split(r"\s{2,}", one.strip()) for one in as_text(report_shown.key_figures([neither])).splitlines()]
    assert line[1:5] == ["3", "33.3%", "33.3%", "not measured"]
