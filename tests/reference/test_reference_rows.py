"""landing.yml and chapters 1 and 2 of the reference, held against examples worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.reference.derive import derive
from tests.reference.landing import Refused, read, read_value
from tests.reference.landing import columns as landing_columns
from tests.reference.story import Story, at


def test_2_1_the_greatest_updated_at_counts_then_the_one_loaded_last_whole() -> None:
    def named(title: str | None, updated_at: str | None, **more: Any) -> Any:
        return {"account_id": "s", "product_id": "p", "title": title, "updated_at": updated_at, **more}

    account = ("accounts", [{"account_id": "s", "timezone": "UTC", "currency": "EUR"}])
    first = [account, ("products", [named("a", None, url="u"), named("b", None)])]
    second = [
        ("products", [named("c", "2030-01-01"), named("d", "2030-01-01")]),
        ("products", [named("e", "2029-01-01")]),
    ]

    def shown(*deliveries: Any) -> Any:
        return [(row["title"], row["url"]) for row in derive(deliveries, at("10:00")).tables["products"]]

    assert shown(first) == [("b", None)]
    assert shown(first, second) == shown(second, first) == [("d", None)]


def test_1_3_the_version_is_chosen_first_and_then_its_event_time_is_looked_at() -> None:
    story = Story().says("m2", "agent", "10:05", updated_at="2026-01-01")
    story.says("m2", "agent", "2026-06-02T00:00:00+00:00", updated_at="2026-01-02")
    assert story.conversation("2026-06-01T23:00:00+00:00")["agent_message_count"] == 0
    assert story.conversation("2026-06-02T00:00:00+00:00")["agent_message_count"] == 1


def test_2_2_a_foreign_currency_is_refused_before_the_version_is_chosen_and_afresh_each_time() -> None:
    story = Story().clicks("i", "10:00").buys("o", "11:00", updated_at="2026-01-01")
    story.has("orders", order_id="o", placed_at=at("11:00"), currency="USD", updated_at="2026-01-02")
    told = story.told()
    assert [row["order_id"] for row in told.tables["attributed_order_lines"]] == ["o"]
    assert [(row["table"], row["payload"]["currency"]) for row in told.tables["rejected_rows"]] == [("orders", "USD")]
    settings = {"account_id": "s", "timezone": "UTC", "currency": "CHF"}
    told = story.told(settings_accounts=[settings])
    assert len(told.tables["rejected_rows"]) == 2
    assert told.held_back == {"order_lines": 1}


def test_2_2_the_same_refused_row_stands_once_and_replaces_nothing() -> None:
    story = Story()
    for _ in range(2):
        story.has("messages", message_id="m1", conversation_id="c", sender="robot", sent_at=at("11:00"))
    assert len(story.told().tables["rejected_rows"]) == 1
    assert story.conversation()["visitor_message_count"] == 1


def test_2_3_rows_wait_for_parents_that_are_unknown_or_not_counted_yet() -> None:
    story = Story().clicks("i", "10:00", conversation_id="unknown")
    story.has("conversations", conversation_id="later", channel="email", created_at=at("12:00"))
    story.says("n", "visitor", "10:30", conversation_id="later")
    assert story.told("11:00").held_back == {"interactions": 1, "messages": 1}
    assert story.told("12:00").held_back == {"interactions": 1}
    assert len(story.told("12:00").tables["conversations"]) == 2


@pytest.mark.parametrize(
    ("table", "column", "value", "expected"),
    [
        ("messages", "text", 7, "7"),
        ("messages", "text", "", None),
        ("messages", "text", 1.5, Refused),
        ("messages", "text", True, Refused),
        ("messages", "sent_at", "2026-06-01", datetime(2026, 6, 1, tzinfo=UTC)),
        ("messages", "sent_at", "2026-06-01 10:00:00.1234569+05:30", datetime(2026, 6, 1, 4, 30, 0, 123456, UTC)),
        ("messages", "sent_at", "2026-06-01T24:00:00Z", Refused),
        ("messages", "sent_at", "2026-06-01Z", Refused),
        ("messages", "sent_at", "1900-01-01T00:00+01:00", Refused),
        ("messages", "sent_at", 1767225600, Refused),
        ("messages", "recommended_product_ids", [None, "", 7, "p", "p"], ["7", "p", "p"]),
        ("messages", "recommended_product_ids", '["p"]', ["p"]),
        ("messages", "recommended_product_ids", [""], None),
        ("messages", "recommended_product_ids", [["p"]], Refused),
        ("order_lines", "unit_price", "0.00005", Decimal("0.0001")),
        ("order_lines", "unit_price", "99999999999999.99995", Refused),
        ("order_lines", "unit_price", "NaN", Refused),
        ("order_lines", "discount", "", Decimal(0)),
        ("order_lines", "quantity", "+2", 2),
        ("order_lines", "quantity", "1.5", Decimal("1.5")),
        ("order_lines", "quantity", "0.00005", Decimal("0.0001")),
        ("order_lines", "quantity", "0.00004", Refused),
        ("order_lines", "quantity", 0, Refused),
        ("interactions", "quantity", "2.0", Refused),
        ("interactions", "quantity", 2.0, 2),
        ("interactions", "quantity", None, 1),
        ("skills", "is_available", "TRUE", True),
        ("skills", "is_available", 1, Refused),
        ("conversations", "channel", "SMS", Refused),
        ("order_lines", "unit_price", "-0.01", Refused),
        ("order_lines", "unit_price", -0.00001, Decimal(0)),  # rounded first
        ("order_lines", "unit_price", False, Refused),
        ("order_lines", "unit_price", "1_0", Refused),
        ("accounts", "auto_close_hours", 87600, 87600),
        ("accounts", "auto_close_hours", 87601, Refused),
        ("interactions", "quantity", 2**63 - 1, 2**63 - 1),
        ("interactions", "quantity", 2**63, Refused),
        ("messages", "sent_at", "2026-06-01T10:00-03:30", datetime(2026, 6, 1, 13, 30, tzinfo=UTC)),
        ("messages", "sent_at", "2026-06-01T10:00+0559", datetime(2026, 6, 1, 4, 1, tzinfo=UTC)),
        ("messages", "sent_at", datetime(2026, 6, 1), datetime(2026, 6, 1, tzinfo=UTC)),  # noqa: DTZ001 - as Parquet has it
        ("messages", "sent_at", "1900-01-01", datetime(1900, 1, 1, tzinfo=UTC)),
        ("messages", "sent_at", "2200-12-31T23:59:59Z", datetime(2200, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_landing_types_are_taken_as_written(table: str, column: str, value: object, expected: Any) -> None:
    spec = next(found for found in landing_columns(table) if found.name == column)
    if expected is Refused:
        with pytest.raises(Refused):
            read_value(spec, value)
    else:
        assert read_value(spec, value) == expected


def test_a_line_whose_worth_does_not_fit_and_an_unknown_timezone_are_refused() -> None:
    line = {"account_id": "s", "order_line_id": "l", "order_id": "o", "product_id": "p", "unit_price": "10000000000000"}
    assert read("order_lines", line | {"quantity": 9})["quantity"] == 9
    with pytest.raises(Refused):
        read("order_lines", line | {"quantity": 10})
    with pytest.raises(Refused):
        read("accounts", {"account_id": "s", "timezone": "Europe/Atlantis", "currency": "EUR"})
