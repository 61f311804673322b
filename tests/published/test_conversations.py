"""The table of conversations: its pages, its tags, and its CSV, on both warehouses."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount, accounts
from flows.published.conversations import CSV_COLUMNS, ORDERED_BY, ORDERS, Conversation, count, page, tags
from flows.published.conversations_csv import csv_lines, harmless
from flows.published.filters import Filters
from flows.warehouses.reader import Reader
from tests.published.conftest import Read, account_of
from tests.published.shop import HOSTILE, MIDNIGHT, ZONE, Shop, asked_shop, rows_by_id

FIRST, LAST = date(2026, 5, 31), date(2026, 6, 8)
ALL = Filters(FIRST, LAST)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return asked_shop()


@pytest.fixture(scope="module")
def reader(read: Read, shop: Shop) -> Reader:
    return read(shop)


def cells(reader: Reader, filters: Filters) -> list[dict[str, str]]:
    text = b"".join(csv_lines(reader, account_of(reader), filters)).decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_accounts_come_by_id_with_their_clocks(reader: Reader) -> None:
    other, shop = accounts(reader)
    assert shop == PublishedAccount("shop", "Name of shop", "America/Sao_Paulo", "BRL")
    assert (other.account_id, shop.title, replace(shop, name=None).title) == ("other", "Name of shop", "shop")
    assert shop.day_of(MIDNIGHT - timedelta(microseconds=1)) == date(2026, 5, 31)
    assert shop.local(MIDNIGHT).isoformat() == "2026-06-01T00:00:00-03:00"


@settings(max_examples=60, deadline=None)
@given(
    zone=some.sampled_from(["UTC", "America/Sao_Paulo", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Niue"]),
    hours=some.lists(some.integers(-60, 130).map(lambda one: one / 2), min_size=1, max_size=5),
    days=some.tuples(some.none() | some.integers(0, 3), some.none() | some.integers(0, 3)),
    around=some.sampled_from([date(2026, 3, 28), date(2026, 10, 24), date(2018, 11, 3), date(2018, 2, 17)]),
)
def test_instants_are_on_their_local_dates(
    reader: Reader, zone: str, hours: list[float], days: tuple[int | None, int | None], around: date
) -> None:
    """Rules 1.1 and 1.2, where clocks change too."""
    account = PublishedAccount("shop", None, zone, "EUR")
    first, last = (None if day is None else around + timedelta(days=day) for day in days)
    instants = [datetime(around.year, around.month, around.day, tzinfo=UTC) + timedelta(hours=one) for one in hours]
    texts = " union all ".join(f"select {literal(one)} as instant" for one in instants)
    found = reader.rows(f"select instant from ({texts}) as given where {account.on_dates('instant', first, last)}")
    expected = [
        one for one in instants if (first or date.min) <= one.astimezone(ZoneInfo(zone)).date() <= (last or date.max)
    ]
    assert sorted(one for (one,) in found) == sorted(expected)


def test_a_page_has_what_is_published(reader: Reader, shop: Shop) -> None:
    (found,) = page(reader, account_of(reader), replace(ALL, search="c31"))
    row = rows_by_id(shop)["c31"]
    expected: dict[str, Any] = {name: row.get(name) for name in Conversation.__dataclass_fields__}
    assert found == Conversation(**expected | {"attributed_revenue": Decimal("31.5")})
    assert found.last_message_at.tzinfo is UTC


@pytest.mark.parametrize("order", ORDERS)
def test_pages_follow_each_other_in_every_order(reader: Reader, shop: Shop, order: str) -> None:
    account = account_of(reader)
    pages = [page(reader, account, ALL, order=order, offset=at, limit=7) for at in range(0, 70, 7)]
    by = ORDERED_BY[order].removesuffix(" desc")

    def greatest(row: dict[str, Any]) -> float:
        value = row[by]
        number = value.timestamp() if isinstance(value, datetime) else float(value)
        return number if order == "oldest" else -number

    rows = sorted(rows_by_id(shop).values(), key=lambda row: (greatest(row), row["conversation_id"].encode()))
    assert [one.conversation_id for several in pages for one in several] == [row["conversation_id"] for row in rows]
    assert [len(several) for several in pages] == [7] * 8 + [5, 0]


def test_an_unknown_order_is_refused(reader: Reader) -> None:
    with pytest.raises(InputError, match="order: there is no order 'revenue; drop'"):
        page(reader, account_of(reader), ALL, order="revenue; drop")


def test_a_question_is_cut_at_300_characters(reader: Reader) -> None:
    (found,) = page(reader, account_of(reader), replace(ALL, search="xxx"))
    assert found.first_question == "x" * 299 + "👩"
    (row,) = cells(reader, replace(ALL, search="xxx"))
    assert row["first_question"] == "x" * 299 + "👩‍👩‍👧‍👦y"


def test_tags_come_by_how_often_they_are_given(reader: Reader, shop: Shop) -> None:
    given = Counter(row.get("tag") for row in rows_by_id(shop).values())
    expected = sorted((tag for tag in given if tag), key=lambda tag: (-given[tag], tag))
    assert len(expected) == 3
    assert tags(reader, account_of(reader), FIRST, LAST) == tuple(expected)
    assert tags(reader, account_of(reader), LAST + timedelta(days=1), date.max) == ()


def test_no_more_than_200_tags(read: Read) -> None:
    shop = Shop()
    for number in range(202):
        shop.conversation(f"{number:03}", tag=f"tag {number:03}")
    shop.conversation("again", tag="tag 201")
    found = tags(reader := read(shop), account_of(reader), FIRST, LAST)
    assert (len(found), found[:2], found[-1]) == (200, ("tag 201", "tag 000"), "tag 198")


def test_csv_has_every_row_whole(reader: Reader, shop: Shop) -> None:
    rows = cells(reader, ALL)
    pages = page(reader, account_of(reader), ALL, limit=1000)
    assert [row["conversation_id"] for row in rows] == [one.conversation_id for one in pages]
    assert tuple(rows[0]) == CSV_COLUMNS
    published = rows_by_id(shop)
    for row in rows:
        one = published[row["conversation_id"]]
        assert row["first_question"] == harmless(one["first_question"] or "")
        assert row["started_at"] == one["started_at"].astimezone(ZONE).isoformat()
        assert (row["tag"], row["message_count"]) == (one.get("tag") or "", str(one["message_count"]))
    (row,) = [one for one in rows if one["conversation_id"] == "c31"]
    assert (row["attributed_revenue"], row["last_message_at"]) == ("31.5000", "2026-06-04T03:00:00-03:00")


def test_csv_is_as_rfc_4180_has_it(read: Read) -> None:
    shop = Shop()
    shop.conversation("c", first_question='say "hi", or\r\ngo', profile_name="ü")
    lines = b"".join(csv_lines(reader := read(shop), account_of(reader), ALL))
    header, row = lines.split(b"\r\n", 1)
    assert header.decode() == ",".join(CSV_COLUMNS)
    assert row.startswith(b"c,2026-06-01T00:00:00-03:00,2026-06-01T00:05:00-03:00,web_chat,open,,,")
    assert ',ü,"say ""hi"", or\r\ngo",1,0,0,0,0.0000,0.0000,,,,,,,,\r\n'.encode() in row


def test_no_cell_is_a_formula(reader: Reader) -> None:
    texts = [value for row in cells(reader, ALL) for value in row.values()]
    assert not [text for text in texts if text[:1] in set("=+-@\t\r\n＝＋－＠") and text]
    hostile = {harmless(text) for text in HOSTILE if text[:1] in set("=+-@\t\r")}
    assert len(hostile) == 6
    assert hostile <= set(texts)
    assert {"'=cmd()", "O'Neill"} <= set(texts)


@pytest.mark.parametrize("blanks", ["", " ", "\u00a0", "  \u3000"])
def test_a_formula_after_blanks_is_not_a_formula_either(blanks: str) -> None:
    assert harmless(f"{blanks}=1+1") == f"'{blanks}=1+1"
    assert harmless(f"{blanks}1+1=2") == f"{blanks}1+1=2"


def test_csv_of_many_rows_is_whole_in_their_order(read: Read) -> None:
    shop = Shop()
    for number in range(2500):
        shop.conversation(f"{number:04}", last_message_at=MIDNIGHT + timedelta(seconds=number // 2))
    rows = cells(read(shop), ALL)
    assert [row["conversation_id"] for row in rows] == [
        f"{number + place:04}" for number in range(2498, -1, -2) for place in (0, 1)
    ]


def test_without_rows_csv_is_its_header(reader: Reader) -> None:
    lines = list(csv_lines(reader, account_of(reader), replace(ALL, search="nowhere")))
    assert lines == [f"{','.join(CSV_COLUMNS)}\r\n".encode()]


def test_nothing_published_is_nothing_shown(read: Read) -> None:
    reader = read(Shop())
    account = account_of(reader)
    found = (count(reader, account, ALL), page(reader, account, ALL), tags(reader, account, FIRST, LAST))
    assert found == (0, (), ())


def test_who_sees_no_texts_gets_the_rest(read_limited: Read, shop: Shop) -> None:
    limited = read_limited(shop)
    found = page(limited, account_of(limited), ALL, limit=1000)
    assert {(one.first_question, one.profile_name) for one in found} == {(None, None)}
    assert {one.conversation_id: one.profile_id for one in found} == {
        key: row["profile_id"] for key, row in rows_by_id(shop).items()
    }
    rows = cells(limited, ALL)
    assert set(CSV_COLUMNS) - set(rows[0]) == {"first_question", "profile_name"}
    assert len(rows) == len(found) == 61
