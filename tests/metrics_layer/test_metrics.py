"""What MetricFlow says of the published file is what `agent-metrics report` says, metric by metric."""

from __future__ import annotations

import csv
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from contract.generate import catalogue
from flows.ground.home import Home
from flows.ground.sql import literal
from flows.published import figures as chapter_6
from flows.published.breakdown import Group, breakdown
from flows.published.handoffs import DIMENSIONS as DIMENSIONS_OF_HANDOFFS
from flows.published.handoffs import handoffs_by
from flows.published.report import Report, report
from flows.warehouses.reader import Reader
from tests.metrics_layer.conftest import Ask, run
from tests.metrics_layer.shop import ACCOUNTS

LAST = date(2026, 6, 7)
RANGES = {
    "last 7 days": (date(2026, 6, 1), LAST),
    "last 30 days": (date(2026, 5, 9), LAST),
    "last 90 days": (date(2026, 3, 10), LAST),
    "one day": (date(2026, 5, 20), date(2026, 5, 20)),
    "a day on which clocks could have changed": (date(2026, 5, 31), date(2026, 5, 31)),
    "a month": (date(2026, 5, 1), date(2026, 5, 31)),
    "nothing yet": (date(2025, 1, 1), date(2025, 1, 31)),
}
OF_CONVERSATIONS = [
    "volume",
    "resolved",
    "routed",
    "closed",
    "open",
    "handoffs",
    "recontacted",
    "durably_resolved",
    "deflected",
    "running",
    "unanswered",
    "ended",
]
RATES = [rate.name for rate in chapter_6.RATES]
OF_SALES = ["ai_sales", "net_ai_sales", "attributed_orders", "average_order_value", "inferred_sales"]
OF_CLICKS = ["link_clicks", "add_to_cart_items"]
OF_SKILLS = ["skill_messages", "skill_conversations"]
OF_HANDOFFS = {  # and what the report calls them
    "begun_handoffs": "count",
    "known_handoffs": "known",
    "answered_handoffs": "answered",
    "waiting_handoffs": "waiting",
    "lost_handoffs": "lost",
    "handoffs_without_person": "no_person",
    "answered_handoff_rate": "answered_rate",
    "waiting_handoff_rate": "waiting_rate",
    "lost_handoff_rate": "lost_rate",
    "no_person_handoff_rate": "no_person_rate",
    "median_minutes_to_reply": "median_minutes_to_reply",
    "median_business_minutes_to_reply": "median_business_minutes_to_reply",
}
OF_MINUTES = {  # averages are in no report
    name: f"{kind}_to_reply"
    for kind, counted in (("minutes", "timed_replies"), ("business_minutes", "business_timed_replies"))
    for name in (counted, f"{kind}_to_reply", f"average_{kind}_to_reply")
}
COMPARED = [*OF_CONVERSATIONS, *RATES, *OF_SALES, *OF_CLICKS]
DIMENSIONS = {
    **{by: f"conversation__{by}" for by in ("channel", "status", "tag")},
    **{by: f"metric_time__{by}" for by in ("day", "week", "month")},
}
Figures = dict[str, Any]


def of(account: str, first: date, last: date) -> tuple[str, str]:
    """The conditions of a range of an account's dates, as the catalogue says to write them."""
    return (
        f"{{{{ Entity('account') }}}} = {literal(account)}",
        f"{{{{ TimeDimension('metric_time', 'day') }}}} between '{first}' and '{last}'",
    )


def reported(told: Report | Group) -> Figures:
    """The figures under the names of the metrics."""
    counted = told.conversations
    return {
        **counted.to_json_dict(),
        "handoffs": counted.routed + counted.closed,
        "durably_resolved": counted.resolved - counted.recontacted,
        "ai_sales": told.attributed_revenue,
        "net_ai_sales": told.net_attributed_revenue,
        "attributed_orders": told.attributed_orders,
        "average_order_value": told.average_order_value,
        "inferred_sales": told.inferred_revenue,
        "link_clicks": told.link_clicks,
        "add_to_cart_items": told.add_to_cart_items,
    }


def compared(row: dict[str, Any]) -> Figures:
    """The figures of a row. MetricFlow shows money as doubles: to the 4 places of the report it is the same."""
    figures = {name: row[name] for name in COMPARED}
    for name in ("ai_sales", "net_ai_sales", "average_order_value"):
        if figures[name] is not None:
            figures[name] = Decimal(repr(figures[name])).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    return figures


def is_something(figures: Figures) -> bool:
    return any(figures[name] for name in (*OF_CONVERSATIONS, "ai_sales", *OF_CLICKS))


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize(("first", "last"), RANGES.values(), ids=RANGES)
def test_the_metrics_of_a_range_are_the_figures_of_the_report(
    ask: Ask, reader: Reader, account: str, first: date, last: date
) -> None:
    (row,) = ask(COMPARED, [], *of(account, first, last))
    told = report(reader, account, first, last)
    assert compared(row) == reported(told)
    assert is_something(reported(told)) == (first.year == 2026)


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("by", DIMENSIONS)
@pytest.mark.parametrize("span", ["last 7 days", "last 30 days", "a month", "nothing yet"])
def test_the_metrics_of_groups_are_those_of_the_report(
    ask: Ask, reader: Reader, account: str, by: str, span: str
) -> None:
    first, last = RANGES[span]
    found = {}
    for row in ask(COMPARED, [DIMENSIONS[by]], *of(account, first, last)):
        key = row[DIMENSIONS[by]]
        found[max(first, key.date()) if isinstance(key, datetime) else key] = compared(row)
    groups = breakdown(reader, report(reader, account, first, last), by).groups
    expected = {group.key: reported(group) for group in groups}
    assert {key: figures for key, figures in found.items() if is_something(figures)} == {
        key: figures for key, figures in expected.items() if is_something(figures)
    }
    assert found.keys() <= expected.keys()


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize(("first", "last"), RANGES.values(), ids=RANGES)
def test_skill_usage_is_that_of_the_report(ask: Ask, reader: Reader, account: str, first: date, last: date) -> None:
    rows = ask(OF_SKILLS, ["message__skill"], *of(account, first, last))
    found = {row["message__skill"]: (row["skill_messages"], row["skill_conversations"]) for row in rows}
    told = report(reader, account, first, last)
    assert found == {skill.skill: (skill.messages, skill.conversations) for skill in told.skills if skill.messages}
    assert {skill.skill for skill in told.skills} - found.keys() >= {"gifts"}  # which nobody used


@pytest.mark.parametrize("account", ACCOUNTS)
def test_skills_by_day_and_channel_are_those_of_daily_skill_usage(ask: Ask, reader: Reader, account: str) -> None:
    first, last = RANGES["last 30 days"]
    dimensions = ["metric_time__day", "conversation__channel", "message__skill"]
    rows = ask(OF_SKILLS, dimensions, *of(account, first, last))
    found = {(row[dimensions[0]].date(), *(row[name] for name in (*dimensions[1:], *OF_SKILLS))) for row in rows}
    assert found == set(
        reader.rows(
            f"""select date, channel, skill, messages, conversations from metrics.daily_skill_usage
            where account_id = {literal(account)} and date between {literal(first)} and {literal(last)}"""
        )
    )


@pytest.mark.parametrize("account", ACCOUNTS)
def test_hand_offs_are_counted_by_reason_and_method(ask: Ask, reader: Reader, account: str) -> None:
    first, last = RANGES["last 30 days"]
    dimensions = ["conversation__escalation_reason", "conversation__handoff_method"]
    rows = ask(["handoffs"], dimensions, *of(account, first, last))
    found = {(*(row[name] for name in dimensions), row["handoffs"]) for row in rows}
    assert len(found) == len(rows) == 6  # of three reasons, one of them null
    assert found == set(
        reader.rows(
            f"""select escalation_reason, handoff_method, count(*) from metrics.conversations
            where account_id = {literal(account)} and started_on between {literal(first)} and {literal(last)}
                and status in ('routed', 'closed') group by all"""
        )
    )


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("by", DIMENSIONS_OF_HANDOFFS)
def test_what_came_of_hand_offs_is_that_of_the_report_13_2(ask: Ask, reader: Reader, account: str, by: str) -> None:
    first, last = RANGES["last 30 days"]
    rows = ask(list(OF_HANDOFFS), [f"handoff__{by}"], *of(account, first, last))
    found = {row[f"handoff__{by}"] or "": {name: row[name] for name in OF_HANDOFFS} for row in rows}
    groups = handoffs_by(reader, account, first, last, by=by)
    told = {one.key: one.handoffs.to_json_dict() for one in groups}
    assert found == {key: {name: figures[of] for name, of in OF_HANDOFFS.items()} for key, figures in told.items()}
    assert sum(one["answered_handoffs"] for one in found.values()) > 0


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("minutes", ["minutes_to_reply", "business_minutes_to_reply"])
def test_average_minutes_are_those_of_the_hand_offs_that_have_some_13_3(
    ask: Ask, reader: Reader, account: str, minutes: str
) -> None:
    first, last = RANGES["last 30 days"]
    (row,) = ask([name for name, of_ in OF_MINUTES.items() if of_ == minutes], [], *of(account, first, last))
    ((count, total, average),) = reader.rows(
        f"""select count({minutes}), coalesce(sum({minutes}), 0), avg({minutes}) from metrics.handoffs
        where account_id = {literal(account)} and began_on between {literal(first)} and {literal(last)}"""
    )
    assert list(row.values()) == [count, total, average]
    assert (count > 0) == (minutes == "minutes_to_reply" or account == ACCOUNTS[0])  # the other has no business hours


def test_daily_performance_adds_up_to_the_same(ask: Ask, reader: Reader) -> None:
    names = ["volume", "link_clicks", "add_to_cart_items", "attributed_orders", "ai_sales", "net_ai_sales"]
    dimensions = ["account", "metric_time__day", *(DIMENSIONS[by] for by in ("channel", "status", "tag"))]
    found = set()
    for row in ask(COMPARED, dimensions):
        figures = compared(row)
        if is_something(figures):
            keys = (row[name] for name in dimensions)
            found.add(
                (*(key.date() if isinstance(key, datetime) else key for key in keys), *(figures[n] for n in names))
            )
    assert found == set(
        reader.rows(
            """select account_id, date, channel, status, tag, conversations, link_clicks, add_to_cart_items,
                attributed_orders, attributed_revenue, net_attributed_revenue from metrics.daily_performance
            """
        )
    )


def test_every_metric_has_every_dimension_of_the_catalogue_and_an_example_that_works(ask: Ask) -> None:
    metrics = catalogue.metrics()
    assert {metric["name"] for metric in metrics} == {*COMPARED, *OF_SKILLS, *OF_HANDOFFS, *OF_MINUTES}
    for metric in metrics:
        assert ask([metric["name"]], catalogue.example(metric).split(",")), metric["name"]
        for dimension in catalogue.dimensions(metric):
            (row, *_) = ask([metric["name"]], [dimension])
            assert metric["name"] in row


def test_the_command_writes_the_figures_and_leaves_the_file_alone(
    project: Path, published: Home, reader: Reader, tmp_path: Path
) -> None:
    before = published.published_file.read_bytes()
    first, last = RANGES["last 30 days"]
    where = [argument for one in of(ACCOUNTS[0], first, last) for argument in ("--where", one)]
    names = ["volume", "resolution_rate", "ai_sales"]
    to = tmp_path / "figures.csv"
    asked = ["--metrics", ",".join(names), "--group-by", "conversation__channel"]
    run(project, published, "mf", "query", *asked, *where, "--csv", str(to))
    with to.open(encoding="utf-8", newline="") as file:
        found = {row.pop("conversation__channel"): row for row in csv.DictReader(file)}
    groups = breakdown(reader, report(reader, ACCOUNTS[0], first, last), "channel").groups
    expected = {group.key: reported(group) for group in groups}
    assert found.keys() == expected.keys()
    for channel, row in found.items():
        figures = expected[channel]
        assert (int(row["volume"]), float(row["resolution_rate"])) == (figures["volume"], figures["resolution_rate"])
        assert Decimal(row["ai_sales"]).quantize(Decimal("0.0001")) == figures["ai_sales"]
    assert published.published_file.read_bytes() == before


def test_whole_weeks_are_asked_for_with_start_and_end_time(
    project: Path, published: Home, reader: Reader, tmp_path: Path
) -> None:
    """The catalogue warns of it: the range is widened from Wednesday to Monday."""
    to = tmp_path / "weeks.csv"
    span = ["--start-time", "2026-05-20", "--end-time", "2026-05-21"]
    account = of(ACCOUNTS[0], LAST, LAST)[0]
    asked = ["--metrics", "volume", "--group-by", "metric_time__week", "--where", account, *span]
    run(project, published, "mf", "query", *asked, "--csv", str(to))
    (row,) = csv.DictReader(to.read_text("utf-8").splitlines())
    monday = date(2026, 5, 18)
    assert row["metric_time__week"].startswith(str(monday))
    whole = report(reader, ACCOUNTS[0], monday, monday + timedelta(days=6))
    assert int(row["volume"]) == whole.conversations.volume
