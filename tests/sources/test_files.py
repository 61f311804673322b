"""The files source: what a folder delivers stands in the lake once, row by row, with its verdict (rule 2.2)."""

from __future__ import annotations

import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contract import landing
from contract.types import TYPES
from flows.ground.errors import InputError, StorageFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sources.conftest import Shop

PRODUCT = '{"account_id": "a", "product_id": "p%d", "title": "T"}\n'
PRODUCTS_CSV = "account_id,product_id,title\n"


def write_parquet(path: Path, select: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")


def test_a_lake_file_has_the_columns_of_the_contract_and_of_the_delivery(shop: Shop) -> None:
    shop.deliver("order_lines.csv", "account_id,order_line_id,order_id,product_id,quantity,unit_price\na,l,o,p,2,9.5\n")
    summary = shop.pull()
    (file,) = shop.lake.files()
    with duckdb.connect() as connection:
        described = connection.execute("DESCRIBE FROM read_parquet($1)", [str(shop.lake.path(file))]).fetchall()
    types = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}
    expected = [(column.name, TYPES[column.type].duckdb) for column in landing()["order_lines"].columns]
    expected += [("updated_at", "TIMESTAMPTZ"), ("_source", "VARCHAR"), ("_load", "BIGINT"), ("_file", "BIGINT")]
    expected += [
        ("_position", "BIGINT"),
        ("_loaded_at", "TIMESTAMPTZ"),
        ("_refused", "VARCHAR"),
        ("_payload", "VARCHAR"),
    ]
    assert [tuple(row[:2]) for row in described] == [(name, types.get(kind, kind)) for name, kind in expected]
    manifest = json.loads((shop.lake.root / "loads" / "0000000001.json").read_text("utf-8"))
    loaded_at = datetime.fromisoformat(manifest["loaded_at"])
    assert shop.rows("order_lines", "quantity, unit_price, discount, _source, _load, _file, _position, _loaded_at") == [
        (2, Decimal("9.5"), Decimal(0), "files", 1, 0, 1, loaded_at)
    ]
    assert summary.rows == {"order_lines": 1}
    assert (summary.load, manifest["source"], file.rows, file.refused) == (1, "files", 1, 0)
    assert file.path == "data/order_lines/0000000001-0000.parquet"


def test_the_three_formats_give_the_same_rows(shop: Shop) -> None:
    shop.deliver(
        "messages/a.jsonl",
        '{"account_id": "a", "message_id": 7, "conversation_id": "c", "sender": "agent", "text": "",'
        ' "sent_at": "2026-01-02T03:04:05Z", "recommended_product_ids": ["x", 5, null], "updated_at": "2026-01-03"}\n',
    )
    shop.deliver(
        "messages/b.csv.gz",
        "account_id,message_id,conversation_id,sender,sent_at,text,recommended_product_ids,updated_at\n"
        'a,7,c,agent,2026-01-02 03:04:05,,"[""x"", 5, null]",2026-01-03\n',
    )
    write_parquet(
        shop.folder / "messages" / "c.parquet",
        "SELECT 'a' AS account_id, 7 AS message_id, 'c' AS conversation_id, 'agent'::ENUM('agent') AS sender, "
        "TIMESTAMP_NS '2026-01-02 03:04:05' AS sent_at, '' AS text, ['x', '5', NULL, ''] AS recommended_product_ids, "
        "DATE '2026-01-03' AS updated_at",
    )
    shop.pull()
    columns = ", ".join(column.name for column in landing()["messages"].columns)
    at, updated = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)
    row = ("a", "7", "c", "agent", at, None, None, ["x", "5"], None, updated, None)
    assert shop.rows("messages", f"{columns}, updated_at, _refused") == [row] * 3


def test_the_types_of_parquet_are_taken_as_the_contract_says(shop: Shop) -> None:
    good = "'a' AS account_id, 'o' AS order_id, 'p' AS product_id"
    write_parquet(
        shop.folder / "order_lines.parquet",
        f"SELECT {good}, 1 AS order_line_id, 2.0::DOUBLE AS quantity, 0.00005::DOUBLE AS unit_price, "
        f"1.23455::DECIMAL(38,5) AS discount, NULL AS refunded_amount, uuid() AS sku UNION ALL "
        f"SELECT {good}, 2, 2.5, 1, 0, 0, uuid() UNION ALL SELECT {good}, 3, 1, 'nan'::DOUBLE, 0, 0, NULL",
    )
    shop.pull()
    assert shop.rows("order_lines", "order_line_id, quantity, unit_price, discount, refunded_amount, _refused") == [
        ("1", 2, Decimal("0.0001"), Decimal("1.2346"), 0, None),
        ("2", Decimal("2.5"), 1, 0, 0, None),
        ("3", 1, None, 0, 0, "unit_price is not a decimal(18,4): nan"),
    ]
    payload = json.loads(shop.rows("order_lines", "_payload")[2][0])
    assert payload["unit_price"] == "nan"
    assert list(payload)[:4] == ["account_id", "order_id", "product_id", "order_line_id"]


def test_a_number_of_parquet_that_cannot_be_held_is_refused_and_never_another_number(shop: Shop) -> None:
    """1.0001 as a decimal of 60 digits was read as 281503124208327.06: DuckDB takes the type for a double."""
    cents = [Decimal("1.0001"), Decimal("2.5000")]
    table = pa.table(
        {
            **{name: ["a", "b"] for name in ("account_id", "order_line_id", "order_id")},
            "quantity": pa.array([2**64 - 1, 3], pa.uint64()),
            "unit_price": pa.array(cents, pa.decimal256(60, 4)),
            "discount": pa.array([Decimal("0.00005"), Decimal(10) ** 20], pa.decimal128(38, 5)),
        }
    )
    pq.write_table(table, shop.folder / "order_lines.parquet")
    interactions = {name: ["a", "b"] for name in ("account_id", "interaction_id", "conversation_id")}
    clicks = {"type": ["add_to_cart"] * 2, "occurred_at": ["2026-06-01"] * 2}
    counted = {"quantity": pa.array([2**63, 2**63 - 1], pa.uint64())}
    pq.write_table(pa.table({**interactions, **clicks, **counted}), shop.folder / "interactions.parquet")
    shop.pull()
    wide = 'unit_price is not a decimal(18,4): "decimal of more than 38 digits"'
    first, second = shop.rows("order_lines", "_refused, _payload")
    assert first[0] == f"quantity is not a decimal(18,4): 18446744073709551615; {wide}"
    assert second[0] == f"{wide}; discount is not a decimal(18,4): 100000000000000000000.00000"
    assert json.loads(first[1])["unit_price"] == "decimal of more than 38 digits"
    assert shop.rows("interactions", "quantity, _refused") == [
        (None, "quantity is not an integer of 64 bits: 9223372036854775808"),
        (2**63 - 1, None),
    ]


def test_a_number_in_json_keeps_all_its_digits(shop: Shop) -> None:
    line = '{"account_id": %s, "order_line_id": "l", "order_id": "o", "product_id": "p", "quantity": 1e0, '
    line += '"unit_price" :%s}\n'
    pairs = [
        ("1", "10000000000.00005"),
        ("12345678901234567890.0", "99999999999999.9999"),
        ("1E3", "99999999999999.99995"),
    ]
    shop.deliver("order_lines.jsonl", "".join(line % pair for pair in pairs))
    shop.pull()
    assert shop.rows("order_lines", "account_id, unit_price, _refused") == [
        ("1", Decimal("10000000000.0001"), None),
        ("12345678901234567890", Decimal("99999999999999.9999"), None),
        ("1000", None, "unit_price is not a decimal(18,4): 99999999999999.99995"),
    ]


def test_nothing_new_makes_no_load(shop: Shop) -> None:
    shop.deliver("products.jsonl", PRODUCT % 1)
    assert shop.pull().load == 1
    second = shop.pull()
    assert (second.load, second.files_loaded, second.files_unchanged, second.rows) == (None, 0, 1, {})
    assert shop.lake.newest() == 1


def test_a_file_that_was_loaded_is_not_read_again(shop: Shop) -> None:
    path = shop.deliver("products.jsonl", PRODUCT % 1)
    time.sleep(2.1)  # until then a file may change without its times showing it
    shop.pull()
    stat = path.stat()
    assert json.loads((shop.lake.root / "fingerprints.json").read_text())[str(path)][0][:2] == [
        stat.st_size,
        stat.st_mtime_ns,
    ]
    assert shop.pull().files_unchanged == 1


def test_a_touched_file_with_the_same_content_is_not_loaded_again(shop: Shop) -> None:
    path = shop.deliver("products.jsonl", PRODUCT % 1)
    shop.pull()
    os.utime(path, (1, 1))
    assert shop.pull().load is None
    (shop.lake.root / "fingerprints.json").unlink(missing_ok=True)
    assert shop.pull().load is None


def test_a_file_just_written_is_not_taken_for_unchanged_by_its_times(shop: Shop) -> None:
    shop.deliver("products.jsonl", PRODUCT % 1)
    shop.pull()
    assert not (shop.lake.root / "fingerprints.json").exists()


def test_a_changed_file_is_loaded_again_whole_even_with_the_same_size_and_time(shop: Shop) -> None:
    path = shop.deliver("products.jsonl", PRODUCT % 1 + PRODUCT % 2)
    times = path.stat()
    time.sleep(2.1)
    shop.pull()
    path.write_text(PRODUCT % 1 + PRODUCT % 3)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    shop.deliver("visitors.csv", "account_id,visitor_id,profile_id,seen_at\n")
    summary = shop.pull()
    assert (summary.load, summary.files_loaded, summary.rows) == (2, 2, {"products": 2, "visitors": 0})
    assert shop.rows("products", "product_id, _load") == [("p1", 1), ("p2", 1), ("p1", 2), ("p3", 2)]
    assert (shop.lake.newest(), len(shop.lake.files(after=1))) == (2, 2)


def test_files_of_a_load_are_ordered_by_path_and_rows_by_position(shop: Shop) -> None:
    for name in ("b.jsonl", "a.csv", "Z.jsonl", "é.jsonl"):
        ids = [f"{name}-{number}" for number in range(3)]
        lines = (
            [f"a,{value}" for value in ids]
            if name == "a.csv"
            else [f'{{"account_id":"a","product_id":"{i}"}}' for i in ids]
        )
        shop.deliver(f"products/{name}", "\n".join(["account_id,product_id"] * (name == "a.csv") + lines))
    shop.pull()
    expected = [
        (f"{name}-{row}", file, row + 1)
        for file, name in enumerate(["Z.jsonl", "a.csv", "b.jsonl", "é.jsonl"])
        for row in range(3)
    ]
    assert shop.rows("products", "product_id, _file, _position") == expected


def test_many_rows_keep_their_positions(shop: Shop) -> None:
    count = 300_000
    shop.deliver("products/a.jsonl", "".join(PRODUCT % number for number in range(count)))
    shop.deliver("products/b.csv", PRODUCTS_CSV + "".join(f'a,p{number},"x\ny"\n' for number in range(count)))
    shop.pull()
    files = [str(shop.lake.path(file)) for file in shop.lake.files()]
    with duckdb.connect() as connection:
        counted = connection.execute(
            "SELECT count(*), count(DISTINCT (_file, _position)), bool_and(product_id = 'p' || (_position - 1)), "
            "bool_and(file_row_number + 1 = _position) FROM read_parquet($1, file_row_number=true)",
            [files],
        ).fetchone()
    assert counted == (2 * count, 2 * count, True, True)


def test_refused_rows_are_kept_word_for_word_and_the_rest_of_the_file_counts(shop: Shop) -> None:
    bad = [
        b'{"account_id":"a","product_id": 1.50}',
        b'{"account_id":"a"',
        b'["a"]',
        b'"text"',
        b"7",
        b"null",
        b'{"account_id":"a","product_id":"\xff"}',
        b'{"account_id":"a","product_id":"x\x00y"}',
        b'{"account_id":"a","product_id":"x\\u0000y"}',
        b'{"account_id":"a","product_id":"x"} {}',
        b'{"account_id":"a","product_id":NaN}',
        b"account_id,product_id",
        b'{"account_id":"a","product_id":"\\"x"}}',
    ]
    lines = [line for number, text in enumerate(bad) for line in (text, (PRODUCT % number).strip().encode())]
    shop.deliver("products.jsonl", b"\n".join(lines) + b"\n")
    summary = shop.pull()
    rows = shop.rows("products", "_position, product_id, _refused, _payload")
    assert [row[0] for row in rows] == list(range(1, 2 * len(bad) + 1))
    assert [row[1:] for row in rows[1::2]] == [(f"p{number}", None, None) for number in range(len(bad))]
    assert all(row[2] for row in rows[::2])
    for text, (position, _, _, payload) in zip(bad, rows[::2], strict=True):
        if payload != text.decode("utf-8", "replace"):  # no JSON by itself: its text is
            assert json.loads(payload) == text.decode("utf-8", "backslashreplace")
            assert position not in {1, 5, 7, 9, 11, 17}
    assert summary.refused == {"products": len(bad)}
    assert summary.refusals[0] == "products: products.jsonl, row 1: product_id is not text: 1.5"
    assert summary.refusals[1] == "products: products.jsonl, row 3: the line is not a JSON object"


def test_every_order_keeps_its_payload(shop: Shop) -> None:
    line = '{"order_id": "o",  "account_id": "a", "placed_at": "2026-01-01", "currency": "EUR", "note": 1.50}'
    shop.deliver("orders/a.jsonl", line + "\n")
    shop.deliver("orders/b.csv", 'account_id,order_id,placed_at,currency,note\na,o,2026-01-01,EUR,"x, ""y"""\n')
    shop.pull()
    first, second = (row[0] for row in shop.rows("orders", "_payload"))
    assert first == line
    assert json.loads(second) == {
        "account_id": "a",
        "order_id": "o",
        "placed_at": "2026-01-01",
        "currency": "EUR",
        "note": 'x, "y"',
    }


def test_blank_lines_line_ends_and_byte_order_marks_are_no_rows(shop: Shop) -> None:
    line = (PRODUCT % 1).strip()
    shop.deliver("products/a.jsonl", f"\ufeff{line}\r\n\r\n  \t\r\n{line}\r\n{line}")
    shop.deliver("products/b.csv", "\ufeffaccount_id,product_id\r\na,p1\r\n\r\na,p1\r\na,p1")
    summary = shop.pull()
    assert summary.refused == {}
    assert shop.rows("products", "product_id, _file, _position") == [("p1", f, p) for f in (0, 1) for p in (1, 2, 3)]


def test_names_that_differ_in_case_or_stand_twice_are_taken_exactly(shop: Shop) -> None:
    shop.deliver(
        "products/a.jsonl",
        '{"account_id":"a","Product_ID":"no","product_id":"p","TITLE":"no","title":"t","title":"u"}\n',
    )
    shop.deliver("products/b.csv", "Product_ID,account_id,product_id,TITLE,title,title\nno,a,p,no,t,u\n")
    names = ["Product_ID", "nested", "account_id", "product_id", "TITLE", "title"]
    table = pa.Table.from_arrays([pa.array([value]) for value in ("no", {"title": ["x"]}, "a", "p", "no", "t")], names)
    pq.write_table(table, shop.folder / "products" / "c.parquet")
    summary = shop.pull()
    assert shop.rows("products", "product_id, title, _refused") == [("p", "t", None)] * 3
    assert summary.ignored_columns == {"products": ["Product_ID", "TITLE", "nested"]}


def test_a_column_that_the_contract_does_not_know_is_named_however_rare_it_is(shop: Shop) -> None:
    shop.deliver(
        "products.jsonl",
        "".join(PRODUCT % n for n in range(100_000)) + '{"account_id":"a","product_id":"x","titel":1}\n',
    )
    shop.deliver("skills.csv", "account_id,skill,lable,updated_at,\na,s,x,,\n")
    summary = shop.pull()
    assert summary.ignored_columns == {"products": ["titel"], "skills": ["lable"]}
    manifest = json.loads((shop.lake.root / "loads" / "0000000001.json").read_text("utf-8"))
    assert manifest["ignored_columns"] == summary.ignored_columns


def test_damaged_rows_of_a_csv_file_do_not_spoil_the_others(shop: Shop) -> None:
    rows = [
        (b"a,p1,one", "one"),
        (b"a,p2", None),
        (b"a,p3,three,3", None),
        (b'a,p4,"two\nlines"', "two\nlines"),
        (b'a,p5,"stray', None),
        (b'a,p6,"a ""quoted"" text"', 'a "quoted" text'),
        (b'a,p7,"closed" badly', None),
        (b"a,p8,\xff", None),
        (b'a,p9,inch 5"', 'inch 5"'),
        (b"a,p10,x\x00y", None),
        (b"a,p11,", None),
        (b'a,p12,"never closed', None),
        (b"a,p13,last", "last"),
    ]
    shop.deliver("products.csv", PRODUCTS_CSV.encode() + b"\n".join(row for row, _ in rows))
    summary = shop.pull()
    landed_rows = shop.rows("products", "_position, product_id, title, _refused, _payload")
    assert [row[0] for row in landed_rows] == list(range(1, 14))
    for (text, title), (position, product, landed_title, refused, payload) in zip(rows, landed_rows, strict=True):
        if position in {2, 3, 5, 7, 8, 12}:
            assert refused == "the row does not have 3 fields of sound quotes and UTF-8"
            assert json.loads(payload) == text.decode("utf-8", "backslashreplace")
        elif position == 10:
            assert refused == 'title holds a NUL character: "x\\u0000y"'
            assert json.loads(payload) == {"account_id": "a", "product_id": "p10", "title": "x\0y"}
        else:
            assert (product, landed_title, refused) == (f"p{position}", title, None)
    assert summary.refused == {"products": 7}


def test_a_line_of_20_megabytes_is_a_row_like_any_other(shop: Shop) -> None:
    long = "x" * 20_000_000
    shop.deliver(
        "products/a.jsonl",
        f'{PRODUCT % 1}{{"account_id":"a","product_id":"p2","title":"{long}"}}\n{long}\n{PRODUCT % 3}',
    )
    shop.deliver("products/b.csv", f"{PRODUCTS_CSV}a,p1,\na,p2,{long}\n{long}\na,p3,\n")
    summary = shop.pull()
    assert shop.rows("products", "product_id, length(title), length(_payload)") == [
        ("p1", 1, None), ("p2", 20_000_000, None), (None, None, 20_000_002), ("p3", 1, None),
        ("p1", None, None), ("p2", 20_000_000, None), (None, None, 20_000_002), ("p3", None, None),
    ]  # fmt: skip
    assert summary.refused == {"products": 2}


@pytest.mark.parametrize(
    "name", ["it's [x]*?.jsonl", 'a "b"\n{c}.csv', "day=1 'é' 日本.jsonl", "-x;--.jsonl", "%s$1.jsonl"]
)
def test_a_file_may_have_any_name(shop: Shop, name: str) -> None:
    shop.deliver("products/xx.jsonl", PRODUCT % 1)
    shop.deliver(f"products/{name}", PRODUCTS_CSV + "a,p2,\n" if name.endswith("csv") else PRODUCT % 2)
    assert shop.pull().rows == {"products": 2}
    assert sorted(shop.rows("products", "product_id")) == [("p1",), ("p2",)]


def test_a_file_name_that_is_no_utf_8_can_be_loaded(shop: Shop) -> None:
    (shop.folder / "products").mkdir()
    Path(os.fsdecode(os.fsencode(shop.folder) + b"/products/\xff.jsonl")).write_text(PRODUCT % 1 + "{\n")
    summary = shop.pull()
    assert summary.refusals == ["products: products/\\xff.jsonl, row 2: the line is not a JSON object"]
    assert shop.pull().load is None


def test_what_is_no_data_is_left_alone(shop: Shop) -> None:
    shop.deliver("products.jsonl", PRODUCT % 1)
    for name in (".products.jsonl", "README.md", "LICENSE", ".DS_Store", "messages.jsonl.tmp", "messages.csv.part",
                 "products/_SUCCESS", "products/.x.crc", "notes/plan.txt"):  # fmt: skip
        shop.deliver(name, "nothing")
    assert shop.pull().rows == {"products": 1}


def test_an_empty_file_is_left_out_until_it_has_content(shop: Shop) -> None:
    shop.deliver("products.jsonl", "")
    shop.deliver("messages.csv.gz", "")
    shop.deliver("skills.parquet", "")
    summary = shop.pull()
    assert summary.load is None
    assert sorted(warning.partition(":")[0] for warning in summary.warnings) == [
        "messages.csv.gz",
        "products.jsonl",
        "skills.parquet",
    ]
    assert all("is empty" in warning for warning in summary.warnings)
    shop.deliver("products.jsonl", PRODUCT % 1)
    assert shop.pull().rows == {"products": 1}


def test_a_folder_without_data_gives_a_warning(shop: Shop) -> None:
    assert shop.pull().warnings == [f"{shop.folder}: holds no files of the contract's tables"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("mesages.jsonl", b"{}", "mesages.jsonl belongs to no table of the contract (did you mean messages?)"),
        ("Products.csv", b"x", "did you mean products?"),
        ("mesages/x.csv.gz", b"", "did you mean messages?"),
        ("whatever.parquet", b"x", "tables are accounts, business_hours, profiles"),
        ("messages.json", b"[]", "messages.json is of no known kind"),
        ("messages/x.xlsx", b"PK", "messages/x.xlsx is of no known kind"),
        ("products.csv", b"account_id;product_id\na;p\n", "products.csv is separated by semicolons, not by commas"),
        ("products.csv", b"title\taccount_id\tproduct_id\na\tp\n", "products.csv is separated by tabs, not by commas"),
        ("products.csv", b"account_id,title\na,t\n", "products.csv lacks the required column product_id"),
        ("products.csv", b"\n", "lacks the required columns account_id, product_id"),
        ("products.parquet", b"PAR1", "products.parquet is not a whole Parquet file"),
        ("products.parquet", b"no", "products.parquet is not a whole Parquet file"),
    ],
)
def test_a_mistake_of_the_user_is_one_clear_sentence_and_nothing_is_loaded(
    shop: Shop, name: str, content: bytes, sentence: str
) -> None:
    shop.deliver("accounts.jsonl", '{"account_id": "a", "timezone": "UTC", "currency": "EUR"}\n')
    shop.deliver(name, content)
    with pytest.raises(InputError) as raised:
        shop.pull()
    assert sentence in str(raised.value)
    assert "nothing was loaded" in str(raised.value)
    assert shop.lake.newest() == 0


def test_all_mistakes_are_named_at_once(shop: Shop) -> None:
    shop.deliver("products/a.csv", "x\n")
    shop.deliver("products/b.parquet", "x")
    shop.folder.joinpath("products/c.jsonl.gz").write_bytes(gzip.compress(b"{}" * 100)[:-9])
    shop.folder.joinpath("products/d.csv.gz").write_bytes(b"account_id,product_id\n")
    for number in range(9):
        shop.deliver(f"products/e{number}.csv", "x\n")
    with pytest.raises(InputError) as raised:
        shop.pull()
    for part in (
        "a.csv lacks",
        "b.parquet is not a whole",
        "c.jsonl.gz is not a whole gzip",
        "d.csv.gz is not a whole gzip",
        "9 more",
    ):
        assert part in str(raised.value)


def test_a_parquet_file_that_lacks_a_required_column_or_its_end_is_a_mistake(shop: Shop) -> None:
    path = shop.folder / "products.parquet"
    write_parquet(path, "SELECT 'a' AS account_id, 't' AS title")
    with pytest.raises(InputError, match="lacks the required column product_id"):
        shop.pull()
    write_parquet(path, "SELECT 'a' AS account_id, 'p' || i AS product_id FROM range(100000) r(i)")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not a whole Parquet file"):
        shop.pull()
    path.write_bytes(whole[:4] + b"\xa5" * 5000 + whole[5004:])
    with pytest.raises(InputError, match="not a whole Parquet file"):
        shop.pull()
    path.write_bytes(whole)
    assert shop.pull().rows == {"products": 100_000}


def test_a_missing_folder_is_a_mistake(shop: Shop) -> None:
    shop.folder.rmdir()
    with pytest.raises(InputError, match="there is no such folder; name the folder"):
        shop.pull()
    shop.folder.write_text("")
    with pytest.raises(InputError, match="is not a folder"):
        shop.pull()


def test_a_pull_that_was_killed_leaves_nothing_and_the_next_one_is_complete(shop: Shop) -> None:
    for number in range(4):
        lines = (PRODUCT % row for row in range(number * 200_000, (number + 1) * 200_000))
        shop.deliver(f"products/{number}.jsonl", "".join(lines))
    shop.deliver("skills.csv", "account_id,skill\na,s\n")
    code = (
        "import sys; from pathlib import Path; from flows.lake import Lake; from flows.ground.progress import Silent; "
        "from flows.sources.files import pull; pull(Path(sys.argv[1]), Lake(Path(sys.argv[2])), Silent())"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(shop.folder), str(shop.lake.root)])

    def half_made() -> list[Path]:
        return [file for file in shop.lake.root.rglob("*.parquet") if file.exists() and file.stat().st_size]

    while process.poll() is None and not half_made():
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert shop.lake.newest() == 0
    assert half_made()
    assert shop.pull().rows == {"products": 800_000, "skills": 1}
    written = {Path(shop.lake.path(file)) for file in shop.lake.files()}
    assert {path for path in (shop.lake.root / "data").rglob("*") if path.is_file()} == written
    assert not (shop.lake.root / "tmp").exists()
    assert shop.pull().load is None


def test_a_file_that_may_not_be_read_is_a_mistake(new_shop: Callable[[Path], Shop]) -> None:
    with tempfile.TemporaryDirectory() as root:
        Path(root).chmod(0o777)
        shop = new_shop(Path(root))
        shop.deliver("products.jsonl", PRODUCT % 1).chmod(0)
        shop.deliver("skills.csv", "account_id,skill\n").chmod(0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)  # root may read everything
        try:
            with pytest.raises(InputError, match=r"products.jsonl may not be read; skills.csv may not be read"):
                shop.pull()
        finally:
            os.seteuid(user)


def test_a_lake_that_cannot_be_written_is_said_so(shop: Shop) -> None:
    shop.deliver("products.jsonl", PRODUCT % 1)
    shop.lake.root.parent.write_text("a file where the home should be")
    with pytest.raises(StorageFailed):
        shop.pull()


def test_a_full_disk_is_said_so_and_leaves_no_load(shop: Shop) -> None:
    shop.deliver("products.jsonl", "".join(PRODUCT % number for number in range(100_000)))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))  # no file may grow beyond
    try:
        with pytest.raises(StorageFailed, match="make room"):
            shop.pull()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert shop.lake.newest() == 0
    assert shop.pull().rows == {"products": 100_000}


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("damage", ["", "a,b,c,d"])
def test_line_breaks_inside_quotes_do_not_say_how_lines_end(shop: Shop, line_end: str, damage: str) -> None:
    texts = ["one\rtwo\r\n", "one\ntwo", "one\r\ntwo", ""]
    lines = [f'a,p{number},"{text}"' for number, text in enumerate(texts)]
    shop.deliver("products.csv", line_end.join([PRODUCTS_CSV.strip(), *lines, damage]))
    shop.pull()
    rows = shop.rows("products", "product_id, title, _refused IS NULL")
    assert rows[:4] == [(f"p{number}", text or None, True) for number, text in enumerate(texts)]
    assert len(rows) == (5 if damage else 4)
