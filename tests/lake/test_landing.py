"""The type rules at the head of `contract/landing.yml`, value by value (rule 2.2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import Column, Pattern, Table, landing
from flows.ground.sql import literal
from flows.lake.landing import Given, laid, landed
from flows.sources.api.loading import _unknown

WRONG = object()


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'Asia/Tokyo'")  # only the session's zone for texts without offset matters:
        database.execute("SET TimeZone = 'UTC'")
        yield database


def land(connection: duckdb.DuckDBPyConnection, column: Column, kind: Any, *values: str | None) -> list[Any]:
    """Each value as the contract takes it, or WRONG where its row is refused."""
    table = Table("anything", (column,), key=())
    select = landed(
        table, "(SELECT unnest($1::VARCHAR[]) AS given)", {column.name: Given("given", kind)}, payload="given"
    )
    landed_rows = connection.execute(f"SELECT v, _refused, _payload FROM ({select})", [values]).fetchall()
    for value, (_, refused, payload) in zip(values, landed_rows, strict=True):
        assert payload == (value if refused else None)
    return [WRONG if refused else value for value, refused, _ in landed_rows]


def land_as(connection: duckdb.DuckDBPyConnection, column: Column, kind: Any, value: str | None) -> Any:
    """The value as a column of this name takes it, and why its row is refused."""
    given_columns = {column.name: Given("given", kind)}
    select = landed(Table("anything", (column,), key=()), "(SELECT $1::VARCHAR AS given)", given_columns, payload="''")
    return connection.execute(f"SELECT {column.name}, _refused FROM ({select})", [value]).fetchone()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


STRINGS = [
    ("json", '"007"', "007"),
    ("json", '" two  blanks "', " two  blanks "),
    ("json", r'"\u00e9\n\"\\"', 'é\n"\\'),
    ("json", '""', None),
    ("json", None, None),
    ("json", "null", None),
    ("json", "7", "7"),
    ("json", "-7", "-7"),
    ("json", "-0", "0"),
    ("json", "7.0", "7"),
    ("json", "1000.0", "1000"),
    ("json", "1e3", "1000"),
    ("json", "-1.5e1", "-15"),
    ("json", "1e22", "1" + "0" * 22),
    ("json", "123456789012345678901234567890", "123456789012345678901234567890"),
    ("json", "1.5", WRONG),
    ("json", "1e-3", WRONG),
    ("json", "NaN", WRONG),
    ("json", "-Infinity", WRONG),
    ("json", "true", WRONG),
    ("json", "{}", WRONG),
    ("json", '["x"]', WRONG),
    ("json", r'"a\u0000b"', WRONG),
    ("json", r'"a\\u0000b"', r"a\u0000b"),
    ("text", "007", "007"),
    ("text", "1.5", "1.5"),
    ("text", "true", "true"),
    ("text", "null", "null"),
    ("text", " ", " "),
    ("text", "", None),
    ("text", "a\0b", WRONG),
    ("number", "2.0", "2"),
    ("number", "1e+22", "1" + "0" * 22),
    ("number", "2.50", WRONG),
    ("number", "nan", WRONG),
    ("number", "-inf", WRONG),
    ("instant", "2026-01-01", WRONG),
    ("other", "x", WRONG),
]
INTEGERS = [
    ("json", "5", 5),
    ("json", "-5", -5),
    ("json", "1.0", 1),
    ("json", "1e3", 1000),
    ("json", "1.5", WRONG),
    ("json", "9223372036854775807", 2**63 - 1),
    ("json", "-9223372036854775808", -(2**63)),
    ("json", "9223372036854775808", WRONG),
    ("json", '"12"', 12),
    ("json", '"+12"', 12),
    ("json", '"-012"', -12),
    ("json", '"1.0"', WRONG),
    ("json", '"1e3"', WRONG),
    ("json", '" 5"', WRONG),
    ("json", '"5_0"', WRONG),
    ("json", '"٥"', WRONG),
    ("json", '"0x10"', WRONG),
    ("json", "true", WRONG),
    ("json", "[5]", WRONG),
    ("json", '""', None),
    ("text", "5", 5),
    ("text", "5.0", WRONG),
    ("text", "five", WRONG),
    ("number", "2.0", 2),
    ("number", "1e+17", 10**17),
    ("number", "1e+19", WRONG),
    ("number", "2.5", WRONG),
    ("number", "nan", WRONG),
    ("other", "5", WRONG),
]
DECIMALS = [
    ("json", "5", Decimal(5)),
    ("json", "1.00005", Decimal("1.0001")),
    ("json", "-1.00005", Decimal("-1.0001")),
    ("json", '"1.00005"', Decimal("1.0001")),
    ("json", '"1.00004999999999999999999"', Decimal("1.0000")),
    ("json", '"+.5"', Decimal("0.5")),
    ("json", "5e-5", Decimal("0.0001")),
    ("json", '"-4.9e-5"', Decimal(0)),
    ("json", '"123456789012345678901234567890e-20"', Decimal("1234567890.1235")),
    ("json", '"0.00000000000000000000000000000000000000000001e45"', Decimal(10)),
    ("json", '"1e-99999999999999999999"', Decimal(0)),
    ("json", '"1e99999999999999999999"', WRONG),
    ("json", "99999999999999.9999", Decimal("99999999999999.9999")),
    ("json", '"99999999999999.99994"', Decimal("99999999999999.9999")),
    ("json", '"99999999999999.99995"', WRONG),
    ("json", "1e14", WRONG),
    ("json", "NaN", WRONG),
    ("json", '"Infinity"', WRONG),
    ("json", '"1,5"', WRONG),
    ("json", '" 1"', WRONG),
    ("json", '"1_0"', WRONG),
    ("json", '"."', WRONG),
    ("json", "true", WRONG),
    ("json", "[]", WRONG),
    ("text", "12.50", Decimal("12.5")),
    ("text", "€5", WRONG),
    ("number", "0.1", Decimal("0.1")),
    ("number", "1e-05", Decimal(0)),
    ("number", "inf", WRONG),
    ("other", "1", WRONG),
]
BOOLEANS = [
    ("json", "true", True),
    ("json", "false", False),
    ("json", '"TRUE"', True),
    ("json", '"False"', False),
    ("json", "1", WRONG),
    ("json", '"t"', WRONG),
    ("json", '"yes"', WRONG),
    ("json", '" true"', WRONG),
    ("text", "tRuE", True),
    ("text", "0", WRONG),
    ("number", "1", WRONG),
]
TIMESTAMPS = [
    ("2026-01-02", at("2026-01-02")),
    ("2026-01-02T03:04", at("2026-01-02T03:04")),
    ("2026-01-02 03:04:05", at("2026-01-02T03:04:05")),
    ("2026-01-02T03:04:05Z", at("2026-01-02T03:04:05")),
    ("2026-01-02T03:04Z", at("2026-01-02T03:04")),
    ("2026-01-02T03:04-05", at("2026-01-02T08:04")),
    ("2026-01-02T03:04:05+0230", at("2026-01-02T00:34:05")),
    ("2026-01-02T03:04:05.5-02:30", at("2026-01-02T05:34:05.5")),
    ("2026-01-02T03:04:05.9999999Z", at("2026-01-02T03:04:05.999999")),
    ("1965-01-02T03:04:05.9999999Z", at("1965-01-02T03:04:05.999999")),
    ("2026-01-02T03:04:05.12345678901234567890+01:00", at("2026-01-02T02:04:05.123456")),
    ("1900-01-01T00:00:00Z", at("1900-01-01")),
    ("2200-12-31T23:59:59.999999Z", at("2200-12-31T23:59:59.999999")),
    ("1899-12-31T23:00:00-01:00", at("1900-01-01")),
    ("1900-01-01T00:00:00+00:01", WRONG),
    ("2200-12-31T23:59:59-00:01", WRONG),
    ("0001-01-01", WRONG),
    ("9999-12-31", WRONG),
    ("2026-02-30", WRONG),
    ("2026-13-01", WRONG),
    ("2026-01-02T24:00:00", WRONG),
    ("2026-01-02T23:59:60", WRONG),
    ("2026-01-02T23:60", WRONG),
    ("2026-01-02T3:04", WRONG),
    ("2026-01-02T03", WRONG),
    ("2026-01-02T", WRONG),
    ("2026-01-02Z", WRONG),
    ("2026-01-02T03:04:05.", WRONG),
    ("2026-01-02T03:04:05 +01:00", WRONG),
    ("2026-01-02T03:04:05+24:00", WRONG),
    ("2026-01-02T03:04:05+01:60", WRONG),
    ("2026-01-02T03:04:05 UTC", WRONG),
    ("2026-01-02t03:04:05z", WRONG),
    (" 2026-01-02", WRONG),
    ("2026-01-02\n", WRONG),
    ("2026-1-2", WRONG),
    ("20260102", WRONG),
    ("02/01/2026", WRONG),
    ("1767312000", WRONG),
    ("infinity", WRONG),
    ("now", WRONG),
    ("", None),
]
LISTS = [
    ("json", '["a", "b", "a"]', ["a", "b", "a"]),
    ("json", '["a", null, ""]', ["a"]),
    ("json", "[7, 7.0, 1e3]", ["7", "7", "1000"]),
    ("json", "[]", None),
    ("json", '["", null]', None),
    ("json", "null", None),
    ("json", '""', None),
    ("json", r'"[\"a\"]"', ["a"]),
    ("json", '["a", 1.5]', WRONG),
    ("json", "[true]", WRONG),
    ("json", '[["a"]]', WRONG),
    ("json", "[{}]", WRONG),
    ("json", r'["a\u0000"]', WRONG),
    ("json", '"a"', WRONG),
    ("json", '{"a": "b"}', WRONG),
    ("json", "5", WRONG),
    ("text", '["a","é \\" ]"]', ["a", 'é " ]']),
    ("text", ' ["a"] ', ["a"]),
    ("text", "[]", None),
    ("text", "a,b", WRONG),
    ("text", "['a']", WRONG),
    ("text", '["a",]', WRONG),
    ("text", "[NaN]", WRONG),
    ("text", "null", WRONG),
    ("text", "", None),
    ("other", "x", WRONG),
]


@pytest.mark.parametrize(
    ("kind_of_column", "kind", "value", "expected"),
    [
        *[("string", *case) for case in STRINGS],
        *[("integer", *case) for case in INTEGERS],
        *[("decimal", *case) for case in DECIMALS],
        *[("boolean", *case) for case in BOOLEANS],
        *[("timestamp", "text", *case) for case in TIMESTAMPS],
        *[("list<string>", *case) for case in LISTS],
        ("timestamp", "json", '"2026-01-02"', at("2026-01-02")),
        ("timestamp", "json", "1767312000", WRONG),
        ("timestamp", "json", "2026", WRONG),
        ("timestamp", "number", "2026", WRONG),
        ("timestamp", "instant", "2026-01-02 03:04:05.123456789", at("2026-01-02T03:04:05.123456")),
        ("timestamp", "instant", "2026-01-02 03:04:05+00", at("2026-01-02T03:04:05")),
        ("timestamp", "instant", "2026-01-02", at("2026-01-02")),
    ],
)
def test_a_value_is_taken_as_its_type_says(
    connection: duckdb.DuckDBPyConnection, kind_of_column: str, kind: str, value: str | None, expected: Any
) -> None:
    assert land(connection, Column("v", kind_of_column), kind, value) == [expected]


@settings(max_examples=300, deadline=None)
@given(st.from_regex(r"\A[+-]?([0-9]{1,20}\.?[0-9]{0,25}|\.[0-9]{1,9})(e[+-]?[0-9]{1,2})?\Z"))
def test_a_decimal_is_rounded_half_away_from_zero_from_its_text(
    connection: duckdb.DuckDBPyConnection, text: str
) -> None:
    with localcontext(prec=200):
        rounded = Decimal(text).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
    expected = rounded if abs(rounded) <= Decimal("99999999999999.9999") else WRONG
    assert land(connection, Column("v", "decimal"), "text", text) == [expected]


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([1, 1000, 1e20]))
def test_a_double_is_a_whole_number_or_it_is_no_text(
    connection: duckdb.DuckDBPyConnection, value: float, scale: float
) -> None:
    number = Decimal(repr(value / scale))
    expected = str(int(number)) if number == number.to_integral_value() else WRONG
    assert land(connection, Column("v", "string"), "number", repr(value / scale)) == [expected]


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(datetime(1899, 12, 30), datetime(2201, 1, 3)),  # noqa: DTZ001 the offset comes beside it
    st.integers(-23 * 60, 23 * 60),
)
def test_an_instant_with_any_offset_is_that_instant(
    connection: duckdb.DuckDBPyConnection, local: datetime, minutes: int
) -> None:
    sign = "-" if minutes < 0 else "+"
    text = f"{local.isoformat()}{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    instant = (local - timedelta(minutes=minutes)).replace(tzinfo=UTC)
    expected = instant if 1900 <= instant.year <= 2200 else WRONG
    assert land(connection, Column("v", "timestamp"), "text", text) == [expected]


def test_a_default_stands_for_missing_null_and_empty_values(connection: duckdb.DuckDBPyConnection) -> None:
    column = Column("v", "integer", default=48)
    assert land(connection, column, "json", None, "null", '""', "7") == [48, 48, 48, 7]
    select = landed(Table("anything", (column,), key=()), "(SELECT 1)", {}, payload="NULL")
    assert connection.execute(f"SELECT v, _refused FROM ({select})").fetchall() == [(48, None)]


def test_a_default_does_not_stand_for_a_value_of_the_wrong_type(connection: duckdb.DuckDBPyConnection) -> None:
    assert land(connection, Column("v", "boolean", default=True), "json", '"perhaps"', '""') == [WRONG, True]


def test_minimum_and_maximum_are_inclusive(connection: duckdb.DuckDBPyConnection) -> None:
    column = Column("v", "integer", minimum=1, maximum=3)
    assert land(connection, column, "json", "0", "1", "3", "4") == [WRONG, 1, 3, WRONG]


def test_values_are_exact(connection: duckdb.DuckDBPyConnection) -> None:
    column = Column("v", "string", values=("sms", "it's"))
    assert land(connection, column, "text", "sms", "it's", "SMS", "sms ", "", "x") == [
        "sms", "it's", WRONG, WRONG, None, WRONG,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "element", "fits"),
    [
        ("weekly", "mon 540-1080", True),
        ("weekly", "sun 0-1440", True),
        ("weekly", "sun 1439-1440", True),
        ("weekly", "Mon 540-1080", False),
        ("weekly", "mon 9:00-18:00", False),
        ("weekly", "mon", False),
        ("weekly", "mon 540-1441", False),
        ("weekly", "mon 540-540", False),
        ("weekly", "mon 1080-540", False),
        ("weekly", "mon 1000-999", False),
        ("weekly", "mon 540-1080\n", False),
        ("weekly", "2026-12-24 540-780", False),
        ("overrides", "2026-12-25", True),
        ("overrides", "2026-12-24 540-780", True),
        ("overrides", "2026-02-29", True),
        ("overrides", "2026-02-30", False),
        ("overrides", "2026-04-31 0-1", False),
        ("overrides", "2026-13-01", False),
        ("overrides", "2026-12-24 780-540", False),
        ("overrides", "2026-12-24 ", False),
        ("overrides", "mon 540-780", False),
    ],
)
def test_business_hours_have_to_be_readable_13_3(
    connection: duckdb.DuckDBPyConnection, column: str, element: str, fits: bool
) -> None:
    given_columns = {"account_id": Given("'a'", "text"), column: Given("given", "json")}
    like = {"weekly": "mon 540-1080", "overrides": "2026-12-24 540-780"}[column]
    elements = json.dumps([like, "", element])
    select = landed(
        landing()["business_hours"], f"(SELECT {literal(elements)} AS given)", given_columns, payload="'{}'"
    )
    row = connection.execute(f"SELECT {column}, _refused FROM ({select})").fetchone()
    assert row is not None
    kept, refused = row
    expected = None if fits else f"{column} has an element that is not like {like}: {json.dumps(element)}"
    assert refused == expected
    assert not fits or kept == [like, element]


def test_a_text_has_to_fit_its_pattern(connection: duckdb.DuckDBPyConnection) -> None:
    column = Column("v", "string", pattern=Pattern("([0-9]+)-([0-9]+)", like="1-2", rising=True))
    assert land(connection, column, "text", "1-2", "9-10", "2-1", "1-1", "x", "") == [
        "1-2", "9-10", WRONG, WRONG, WRONG, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("currency", "fits"),
    [("EUR", True), ("brl", True), ("EURO", False), ("€", False), ("=1+1", False), (" EUR", False), ("EUR\n", False)],
)
def test_a_currency_is_three_letters(connection: duckdb.DuckDBPyConnection, currency: str, fits: bool) -> None:
    """The account's currency `=1+1` was published, and a spreadsheet works it out."""
    given_columns = {"account_id": Given("'a'", "text"), "timezone": Given("'UTC'", "text")}
    given_columns["currency"] = Given("given", "text")
    select = landed(landing()["accounts"], f"(SELECT {literal(currency)} AS given)", given_columns, payload="'{}'")
    refused = connection.execute(f"SELECT currency, _refused FROM ({select})").fetchone()
    assert refused == (
        currency,
        None if fits else f"currency is not like EUR: {json.dumps(currency, ensure_ascii=False)}",
    )


def test_a_reason_names_every_breach_with_column_and_value(connection: duckdb.DuckDBPyConnection) -> None:
    table = landing()["order_lines"]
    given_columns = {
        name: Given(f"o.{name}", "json") for name in ("account_id", "order_line_id", "quantity", "unit_price")
    }
    values = """'"a"' AS account_id, '1.5' AS order_line_id, '0' AS quantity, '"dear"' AS unit_price"""
    select = landed(table, f"(SELECT {values}) AS o", given_columns, payload="'{}'")
    row = connection.execute(f"SELECT _refused FROM ({select})").fetchone()
    assert row == (
        "order_line_id is not text: 1.5; order_id is missing; "
        'quantity is less than 0.0001: 0; unit_price is not a decimal(18,4): "dear"',
    )


def test_a_long_value_is_shortened_in_the_reason(connection: duckdb.DuckDBPyConnection) -> None:
    table = Table("anything", (Column("v", "integer"),), key=())
    select = landed(table, "(SELECT repeat('x', 1000000) AS given)", {"v": Given("given", "text")}, payload="NULL")
    reason = connection.execute(f"SELECT _refused FROM ({select})").fetchone()
    assert reason is not None
    assert reason[0].startswith('v is not an integer of 64 bits: "xxx')
    assert len(reason[0]) < 200


@pytest.mark.parametrize(
    ("zone", "known"),
    [
        ("America/Sao_Paulo", True),
        ("UTC", True),
        ("Etc/GMT+3", True),
        ("America/Sao_Paulo ", False),
        ("america/sao_paulo", False),
        ("EST5EDT4", False),
        ("+03:00", False),
        ("Mars/Olympus", False),
    ],
)
def test_a_time_zone_has_to_exist(connection: duckdb.DuckDBPyConnection, zone: str, known: bool) -> None:
    given_columns = {
        "account_id": Given("'a'", "text"),
        "timezone": Given("zone", "text"),
        "currency": Given("'BRL'", "text"),
    }
    select = landed(landing()["accounts"], f"(SELECT {literal(zone)} AS zone)", given_columns, payload="'{}'")
    row = connection.execute(f"SELECT _refused FROM ({select})").fetchone()
    assert row == (None if known else f'timezone is not a known time zone: "{zone}"',)


@pytest.mark.parametrize(
    ("quantity", "price", "fits"),
    [
        ("9", "11111111111111.1111", True),
        ("10", "11111111111111.1111", False),
        ("0.3333", "99999999999999.9999", True),
        ("99999999999999.9999", "99999999999999.9999", False),
        ("99999999999999.9999", "1", True),
    ],
)
def test_a_line_has_to_have_a_revenue_that_can_be_published(
    connection: duckdb.DuckDBPyConnection, quantity: str, price: str, fits: bool
) -> None:
    ids = {name: Given("'x'", "text") for name in ("account_id", "order_line_id", "order_id", "product_id")}
    amounts = {"quantity": Given(literal(quantity), "text"), "unit_price": Given(literal(price), "text")}
    select = landed(landing()["order_lines"], "(SELECT 1)", ids | amounts, payload="'{}'")
    row = connection.execute(f"SELECT _refused IS NULL FROM ({select})").fetchone()
    assert row == (fits,)


def test_files_of_an_earlier_version_have_the_columns_and_types_of_today(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """After an upgrade no pull of order lines succeeded: the files of the lake lacked a column of the contract."""
    table = landing()["order_lines"]
    old, new = str(tmp_path / "old.parquet"), str(tmp_path / "new.parquet")
    key, newest = "'a' AS account_id, 'l' AS order_line_id", datetime(2026, 1, 1, tzinfo=UTC)
    kept = (
        "'s' AS _source, now() AS _loaded_at, 1 AS _file, 1 AS _position, NULL::VARCHAR AS _payload, NULL AS _refused"
    )
    connection.execute(f"COPY (SELECT {key}, 2::BIGINT AS quantity, 1 AS _load, {kept}) TO '{old}'")
    connection.execute(f"COPY (SELECT {key}, 1.5::DECIMAL(18,4) AS quantity, 2 AS _load, {kept}) TO '{new}'")
    found = connection.execute(f"SELECT quantity, sku FROM {laid(table, [old, new])} ORDER BY _load").fetchall()
    assert found == [(Decimal(2), None), (Decimal("1.5"), None)]
    again = f"SELECT * REPLACE (1.5::DECIMAL(18,4) AS quantity) FROM {laid(table, [new])}"
    for paths, unknown in (([old], 1), ([new], 0), ([old, new], 0)):
        query = _unknown(again, "order_lines", paths, "s", newest)
        assert len(connection.execute(query).fetchall()) == unknown


NO_IDS = ["NULL", "null", r"\N", "NaN", "nan", "None", "undefined", " ", "\t\n", " NULL ", "N/A", "(not set)", "-"]
NO_IDS += ["<NA>", "(none)"]


@pytest.mark.parametrize("kind", ["json", "text"])
@pytest.mark.parametrize("value", [*NO_IDS, "00000000-0000-0000-0000-000000000000", "0" * 32])
def test_a_placeholder_is_not_an_id(connection: duckdb.DuckDBPyConnection, kind: str, value: str) -> None:
    """Two strangers with the visitor `NULL` were taken for one shopper, and a click of one sold to the other."""
    given = json.dumps(value) if kind == "json" else value
    for name in ("visitor_id", "email", "order_id"):
        assert land_as(connection, Column(name, "string"), kind, given) == (None, None)
    assert land_as(connection, Column("order_id", "string", required=True), kind, given) == (
        None,
        f"order_id is a placeholder, not an id: {json.dumps(value)}",
    )
    for name in ("text", "account_id", "skill"):
        assert land_as(connection, Column(name, "string"), kind, given) == (value, None)


@pytest.mark.parametrize(
    ("kind", "value"), [("json", "0"), ("json", '"0"'), ("text", "000"), ("number", "0"), ("number", "0.0")]
)
def test_number_0_may_be_an_order_and_is_not_a_shopper(
    connection: duckdb.DuckDBPyConnection, kind: str, value: str
) -> None:
    for name in ("visitor_id", "profile_id", "email"):
        assert land_as(connection, Column(name, "string"), kind, value) == (None, None)
    for name in ("order_id", "product_id", "message_id"):
        assert land_as(connection, Column(name, "string"), kind, value)[0] in {"0", "000"}


@pytest.mark.parametrize(
    "value", ["null and void", "nullx", "0a", "00000000-0000-0000-0000-000000000001", "-1", "10", "nan1", "ü"]
)
def test_an_id_that_looks_like_a_placeholder_stays(connection: duckdb.DuckDBPyConnection, value: str) -> None:
    assert land_as(connection, Column("visitor_id", "string"), "text", value) == (value, None)


@pytest.mark.parametrize("kind", ["json", "text"])
@pytest.mark.parametrize("value", ["5.46E+12", "5,46E+12", "1E+15", "1.23457e+17"])
def test_an_id_that_a_spreadsheet_has_shortened_is_refused(
    connection: duckdb.DuckDBPyConnection, kind: str, value: str
) -> None:
    """Three orders with the id `5.46E+12` became one."""
    given = json.dumps(value) if kind == "json" else value
    for name in ("order_id", "order_line_id", "product_id", "visitor_id"):
        _, refused = land_as(connection, Column(name, "string"), kind, given)
        assert refused == f'{name} was shortened by a spreadsheet, which makes many ids one: "{value}"'
    assert land_as(connection, Column("sku", "string"), kind, given) == (value, None)


@pytest.mark.parametrize("value", ["1E5", "5.46E12x", "a+b", "E+12", "ana+1@x.com"])
def test_other_ids_with_letters_and_signs_stay(connection: duckdb.DuckDBPyConnection, value: str) -> None:
    assert land_as(connection, Column("order_id", "string"), "text", value) == (value, None)


def test_a_missing_id_is_missing_and_not_a_placeholder(connection: duckdb.DuckDBPyConnection) -> None:
    column = Column("order_id", "string", required=True)
    for value in (None, "null", '""'):
        assert land_as(connection, column, "json", value) == (None, "order_id is missing")
    for empty in (None, ""):
        assert land_as(connection, column, "text", empty) == (None, "order_id is missing")
    assert land_as(connection, column, "number", "nan") == (None, "order_id is a placeholder, not an id: nan")
