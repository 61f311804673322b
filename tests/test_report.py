"""Chapter 6 and rule 5.5 for a range of dates."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flows.ground.errors import InputError
from flows.ground.home import Home
from flows.published.figures import has_status
from flows.published.report import Report, report
from flows.warehouses.duckdb import DuckDBFile
from tests.warehouses.candidates import Rows, publish, write_candidate

SHOP = "it's a shop"


def shop(**tables: list[dict[str, Any]]) -> Rows:
    accounts: list[dict[str, str | None]] = [
        {"account_id": SHOP, "name": "Shop", "timezone": "America/Sao_Paulo", "currency": "BRL"},
        {"account_id": "other", "name": None, "timezone": "UTC", "currency": "EUR"},
    ]
    return {
        "accounts": accounts,
        **{name: [{"account_id": SHOP, **row} for row in rows] for name, rows in tables.items()},
    }


def conversation(channel: str, status: str, started_on: date, **more: Any) -> dict[str, Any]:
    return {"channel": channel, "status": status, "started_on": started_on, **more}


def told(home: Home, account: str, first: date, last: date) -> Report:
    with DuckDBFile(home).read() as reader:
        return report(reader, account, first, last)


def reported(tmp_path: Path, rows: Rows, first: date = date(2026, 6, 1), last: date = date(2026, 6, 7)) -> Report:
    home = Home(tmp_path)
    write_candidate(home, "build", rows)
    publish(home, keep=1)
    return told(home, SHOP, first, last)


def test_conversations_count_by_the_date_on_which_they_started_both_ends_included(tmp_path: Path) -> None:
    days = [date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 7), date(2026, 6, 8)]
    figures = reported(tmp_path, shop(conversations=[conversation("sms", "open", day) for day in days]))
    assert figures.conversations.volume == 2


def test_rates_are_shares_of_the_volume_in_all_and_for_each_channel(tmp_path: Path) -> None:
    day = date(2026, 6, 7)
    statuses = {"sms": ["resolved", "routed", "closed"], "web_chat": ["resolved", "open", "open", "resolved"]}
    conversations = [conversation(channel, status, day) for channel in statuses for status in statuses[channel]]
    conversations.append(conversation("email", "open", day, account_id="other"))
    figures = reported(tmp_path, shop(conversations=conversations), day, day).to_json_dict()
    expected = {"volume": 7, "resolved": 3, "routed": 1, "closed": 1, "open": 2}
    rates = {"resolution_rate": 3 / 7, "routed_rate": 1 / 7, "unresolved_rate": 2 / 7}
    assert figures == {**figures, **expected, **rates}
    sms, web_chat = figures["by_channel"]
    assert (sms["channel"], sms["volume"], sms["unresolved_rate"]) == ("sms", 3, 2 / 3)
    assert (web_chat["channel"], web_chat["volume"], web_chat["resolution_rate"]) == ("web_chat", 4, 0.5)


def test_there_are_no_rates_and_no_average_where_there_is_nothing(tmp_path: Path) -> None:
    figures = reported(tmp_path, shop()).to_json_dict()
    assert [figures[name] for name in ("resolution_rate", "routed_rate", "unresolved_rate")] == [None, None, None]
    assert figures["average_order_value"] is None
    assert (figures["attributed_revenue"], figures["net_attributed_revenue"]) == ("0.0000", "0.0000")
    assert (figures["attributed_orders"], figures["link_clicks"], figures["add_to_cart_items"]) == (0, 0, 0)
    assert (figures["by_channel"], figures["skills"]) == ([], [])


def line(order_id: str, revenue: str, net_revenue: str, placed_on: date = date(2026, 6, 7)) -> dict[str, Any]:
    return {"order_id": order_id, "revenue": revenue, "net_revenue": net_revenue, "placed_on": placed_on}


def test_sales_count_by_the_order_date_and_an_order_of_two_lines_once(tmp_path: Path) -> None:
    lines = [
        line("1", "10.0000", "10.0000"),
        line("1", "0.0001", "0.0000"),
        line("2", "5.5000", "0.0000", date(2026, 6, 1)),
        line("3", "99.0000", "99.0000", date(2026, 6, 8)),
        {**line("4", "7.0000", "7.0000"), "account_id": "other"},
    ]
    figures = reported(tmp_path, shop(attributed_order_lines=lines)).to_json_dict()
    assert (figures["attributed_revenue"], figures["net_attributed_revenue"]) == ("15.5001", "10.0000")
    assert figures["attributed_orders"] == 2
    assert figures["average_order_value"] == "7.7501"  # 7.75005, half up


def test_an_average_of_large_sums_is_exact(tmp_path: Path) -> None:
    lines = [line(str(number), "99999999999999.9999", "0") for number in range(3)]
    figures = reported(tmp_path, shop(attributed_order_lines=lines))
    assert figures.attributed_revenue == Decimal("299999999999999.9997")
    assert figures.average_order_value == Decimal("99999999999999.9999")


def click(kind: str, occurred_at: datetime, quantity: int = 1) -> dict[str, Any]:
    return {"type": kind, "occurred_at": occurred_at, "quantity": quantity}


def test_clicks_count_by_their_date_in_the_zone_of_the_account(tmp_path: Path) -> None:
    """São Paulo is three hours behind: its 7 June is from 03:00 to 03:00 UTC."""
    just_before = datetime(2026, 6, 7, 2, 59, 59, 999999, tzinfo=UTC)
    begins = datetime(2026, 6, 7, 3, tzinfo=UTC)
    ends = datetime(2026, 6, 8, 2, 59, 59, 999999, tzinfo=UTC)
    just_after = datetime(2026, 6, 8, 3, tzinfo=UTC)
    interactions = [
        click("product_card_click", begins),
        click("link_click", ends),
        click("link_click", just_before),
        click("link_click", just_after),
        click("message_opened", begins),
        click("add_to_cart", ends, 4),
        click("add_to_cart", just_after, 8),
    ]
    figures = reported(tmp_path, shop(interactions=interactions), date(2026, 6, 7), date(2026, 6, 7))
    assert (figures.link_clicks, figures.add_to_cart_items) == (2, 4)


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        ("Pacific/Kiritimati", datetime(2026, 6, 6, 10, tzinfo=UTC)),
        ("Pacific/Pago_Pago", datetime(2026, 6, 8, 10, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2026, 6, 6, 18, 30, tzinfo=UTC)),
    ],
)
def test_zones_far_from_utc_lose_no_click(tmp_path: Path, zone: str, at: datetime) -> None:
    rows = {**shop(interactions=[click("link_click", at)]), "accounts": [{"account_id": SHOP, "timezone": zone}]}
    assert reported(tmp_path, rows, date(2026, 6, 7), date(2026, 6, 7)).link_clicks == 1


def message(conversation_id: str, skill: str | None, sent_at: datetime, sender: str = "agent") -> dict[str, Any]:
    return {"conversation_id": conversation_id, "skill": skill, "sent_at": sent_at, "sender": sender}


def test_skills_count_agent_messages_and_each_conversation_once_over_the_range(tmp_path: Path) -> None:
    one, other = datetime(2026, 6, 5, 12, tzinfo=UTC), datetime(2026, 6, 6, 12, tzinfo=UTC)
    rows = shop(
        messages=[
            message("a", "returns", one),
            message("a", "returns", other),
            message("b", "returns", other),
            message("b", "returns", other, "human"),
            message("b", None, other),
            message("c", "unlisted", datetime(2026, 6, 8, 2, tzinfo=UTC)),
            message("c", "returns", datetime(2026, 6, 8, 3, tzinfo=UTC)),
            message("d", "gone", datetime(2026, 5, 1, tzinfo=UTC)),
        ],
        skills=[
            {"skill": "returns", "label": "Returns", "is_available": True},
            {"skill": "sizes", "label": "Sizes", "is_available": True},
            {"skill": "unlisted", "label": "unlisted", "is_available": False},
            {"skill": "gone", "label": "Gone", "is_available": False},
            {"skill": "sizes", "label": "Sizes", "is_available": True, "account_id": "other"},
        ],
    )
    assert reported(tmp_path, rows).to_json_dict()["skills"] == [
        {"skill": "returns", "label": "Returns", "messages": 3, "conversations": 2},
        {"skill": "unlisted", "label": "unlisted", "messages": 1, "conversations": 1},
        {"skill": "sizes", "label": "Sizes", "messages": 0, "conversations": 0},
    ]


def test_the_report_says_of_whom_of_when_and_of_which_publication_it_is(tmp_path: Path) -> None:
    figures = reported(tmp_path, shop()).to_json_dict()
    head = ["account", "account_name", "timezone", "currency", "from", "to", "as_of"]
    expected = [SHOP, "Shop", "America/Sao_Paulo", "BRL", "2026-06-01", "2026-06-07", "2026-06-07T12:00:00Z"]
    assert [figures[name] for name in head] == expected
    assert figures["publication_id"].endswith("Z")
    assert json.loads(json.dumps(figures)) == figures


def test_all_of_time_is_a_range(tmp_path: Path) -> None:
    rows = shop(interactions=[click("link_click", datetime(2026, 6, 7, tzinfo=UTC))])
    assert reported(tmp_path, rows, date.min, date.max).link_clicks == 1


def test_an_unknown_account_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    reported(tmp_path, shop())
    with pytest.raises(InputError, match=r"no account 'nobody'.*it's a shop, other"):
        told(Home(tmp_path), "nobody", date(2026, 6, 1), date(2026, 6, 7))


def test_a_range_may_not_end_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="begins on 2026-06-07 but ends on 2026-06-06"):
        reported(tmp_path, shop(), date(2026, 6, 7), date(2026, 6, 6))


def test_there_is_no_report_before_the_first_publication(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is published yet"):
        told(Home(tmp_path), SHOP, date(2026, 6, 1), date(2026, 6, 7))


def test_a_status_that_the_dictionary_does_not_know_is_refused() -> None:
    """SQL that spells a status by itself counts nothing, without a word, once the dictionary calls it otherwise."""
    assert has_status("closed", column="conversations.status") == "conversations.status = 'closed'"
    with pytest.raises(ValueError, match="no conversation has the status 'finished'"):
        has_status("finished")
