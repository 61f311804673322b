"""What people and programs put into a folder: read, left alone with a word, or refused for the true reason."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.ground.errors import InputError
from flows.ground.progress import Silent
from flows.sources.files import pull

if TYPE_CHECKING:
    from tests.sources.conftest import Shop

PRODUCT = '{"account_id": "a", "product_id": "p%d", "title": "T"}\n'
PRODUCTS_CSV = "account_id,product_id,title\n"
ORDERS_CSV = "account_id,order_id,placed_at,currency\na,o1,2026-06-01,EUR\n"


def refusal(shop: Shop) -> str:
    with pytest.raises(InputError) as raised:
        shop.pull()
    assert shop.lake.newest() == 0
    assert not (shop.lake.root / "tmp").exists()
    return str(raised.value)


# Links


def test_links_out_of_the_folder_are_left_alone_with_a_warning(shop: Shop, tmp_path: Path) -> None:
    """A link to /etc/passwd had the lines of that file in the lake."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "a.jsonl").write_text(PRODUCT % 2)
    shop.deliver("products/own.jsonl", PRODUCT % 1)
    (shop.folder / "products" / "linked.jsonl").symlink_to(secret / "a.jsonl")
    (shop.folder / "products" / "date=1").symlink_to(secret)
    (shop.folder / "visitors").symlink_to(secret)
    (shop.folder / "skills.csv").symlink_to("../nowhere")
    summary = shop.pull()
    assert shop.rows("products", "product_id") == [("p1",)]
    names = ["products/date=1", "products/linked.jsonl", "skills.csv", "visitors"]
    assert [warning.partition(":")[0] for warning in summary.warnings] == names
    assert all("follow_links = true" in warning for warning in summary.warnings)


def test_links_out_of_the_folder_are_read_where_the_setting_says_so(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(PRODUCT % 2)
    (shop.folder / "products.jsonl").symlink_to(tmp_path / "a.jsonl")
    assert pull(shop.folder, shop.lake, Silent(), follow_links=True).rows == {"products": 1}


def test_links_inside_the_folder_and_the_folder_as_a_link_are_read(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("products/date=1/a.jsonl", PRODUCT % 1)
    (shop.folder / "products" / "b.jsonl").symlink_to("date=1/a.jsonl")
    (shop.folder / "products" / "date=2").symlink_to("..")  # back up: no end of it
    (shop.folder / "products" / "date=3").symlink_to("date=3")
    (tmp_path / "link").symlink_to(shop.folder)
    with pytest.raises(InputError, match="products/date=3 is of no known kind"):
        pull(tmp_path / "link", shop.lake, Silent())
    (shop.folder / "products" / "date=3").unlink()
    assert pull(tmp_path / "link", shop.lake, Silent()).rows == {"products": 1}


def test_a_pipe_is_a_mistake_and_does_not_hold_the_pull_up(shop: Shop) -> None:
    (shop.folder / "products").mkdir()
    os.mkfifo(shop.folder / "products" / "a.jsonl")
    assert "products/a.jsonl is not a regular file" in refusal(shop)


# Leftovers


@pytest.mark.parametrize("place", ["", "products/"])
@pytest.mark.parametrize(
    "name",
    [
        *("Thumbs.db", "thumbs.db", "desktop.ini", "Desktop.ini", "Icon\r", ".DS_Store", "._products.csv"),
        *(
            "~$products.xlsx",
            "~$products.csv",
            "#products.csv#",
            ".~lock.products.csv#",
            "products.csv~",
            "products.csv.swp",
        ),
        *("_SUCCESS", "_committed_17", ".part-0.parquet.crc", "products.parquet.crc", "products.csv.lock"),
        *("products.csv.filepart", "products.csv.crdownload", "products.csv.sha256", "products.LNK"),
    ],
)
def test_leftovers_of_systems_and_programs_are_left_alone(shop: Shop, place: str, name: str) -> None:
    """One Thumbs.db in a table's folder had the whole pull refused."""
    shop.deliver("products/a.jsonl", PRODUCT % 1)
    shop.deliver(place + name, "whatever")
    summary = shop.pull()
    assert (summary.rows, summary.warnings) == ({"products": 1}, [])


def test_folders_of_systems_are_left_alone(shop: Shop) -> None:
    shop.deliver("products/a.jsonl", PRODUCT % 1)
    for folder in ("__MACOSX", "$RECYCLE.BIN", "System Volume Information", "lost+found", "@eaDir", "products/@eaDir"):
        shop.deliver(f"{folder}/products.csv", "whatever")
    assert shop.pull().rows == {"products": 1}


# Partitions


def test_the_folders_of_partitions_are_read_at_any_depth(shop: Shop) -> None:
    """orders/date=2026-06-01/part-0.parquet was left out with success."""
    for name in ("date=2026-06-01/part-0.csv", "date=2026-06-02/hour=1/part-0.csv", "2026/06/03/part.csv"):
        path = shop.folder / "orders" / name
        path.parent.mkdir(parents=True)
        path.write_text(ORDERS_CSV.replace("o1", name.replace("/", "-")))
    path = shop.folder / "orders" / "date=2026-06-04" / "part-0.snappy.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"account_id": ["a"], "order_id": ["o"], "placed_at": ["2026"], "currency": ["EUR"]}), path)
    summary = shop.pull()
    assert (summary.rows, summary.warnings) == ({"orders": 4}, [])


@pytest.mark.parametrize("extension", ["csv", "jsonl", "parquet"])
def test_a_column_that_stands_only_in_the_name_of_a_folder_is_a_mistake(shop: Shop, extension: str) -> None:
    path = shop.folder / "products" / "account_id=a" / "title=x" / f"part-0.{extension}"
    path.parent.mkdir(parents=True)
    if extension == "parquet":
        pq.write_table(pa.table({"account_id": ["a"], "product_id": ["p"]}), path)
    else:
        path.write_text("account_id,product_id\na,p" if extension == "csv" else '{"account_id":"a","product_id":"p"}')
    expected = f"part-0.{extension} lacks the column title, which stands only in its folder's name"
    assert expected in refusal(shop)


def test_a_required_column_that_stands_only_in_the_name_of_a_folder_is_said_so(shop: Shop) -> None:
    path = shop.folder / "products" / "account_id=a" / "part-0.csv"
    path.parent.mkdir(parents=True)
    path.write_text("product_id\np\n")
    assert "lacks the column account_id, which stands only in its folder's name" in refusal(shop)


def test_other_folders_inside_a_table_s_folder_are_a_mistake_if_they_hold_data(shop: Shop) -> None:
    shop.deliver("products/a.jsonl", PRODUCT % 1)
    (shop.folder / "products" / "old").mkdir()
    shop.deliver("products/old/notes.txt", "text")
    assert shop.pull().rows == {"products": 1}
    shop.deliver("products/old/b.jsonl", PRODUCT % 2)
    with pytest.raises(InputError, match="products/old is a folder inside a table's folder"):
        shop.pull()


# Texts as people export them


@pytest.mark.parametrize(
    "content",
    [
        (PRODUCTS_CSV + "a,p1,é").encode("utf-16"),
        "\ufeff".encode("utf-16-be") + (PRODUCTS_CSV + "a,p1,é\n").encode("utf-16-be"),
        (PRODUCTS_CSV + "a,p1,é\n").encode("utf-32"),
        ("sep=,\r\n" + PRODUCTS_CSV + "a,p1,é\n").encode(),
        ('\ufeff"sep=,"\n' + PRODUCTS_CSV + "a,p1,é\n").encode(),
        ("SEP=,\r\n" + PRODUCTS_CSV + "a,p1,é\n").encode("utf-16"),
        ("\n\r\n" + PRODUCTS_CSV + "a,p1,é\n").encode(),
        "Account_ID, product_id ,\u00a0TITLE\na,p1,é\n".encode(),
        '"account_id"," Product_Id","Title "\na,p1,é\n'.encode(),
    ],
)
def test_a_csv_file_is_read_as_people_export_it(shop: Shop, content: bytes) -> None:
    """Files that have them were said to lack the required columns."""
    shop.deliver("products.csv.gz", content)
    shop.deliver("products/b.csv", content)
    summary = shop.pull()
    assert shop.rows("products", "account_id, product_id, title, _refused") == [("a", "p1", "é", None)] * 2
    assert (summary.ignored_columns, summary.warnings) == ({}, [])


def test_lines_of_json_in_utf_16_and_names_in_another_case_are_read(shop: Shop) -> None:
    shop.deliver("products/a.jsonl", (PRODUCT % 1).encode("utf-16"))
    shop.deliver("products/b.jsonl", '{"Account_ID": "a", " product_id": 12345678901234567890, "TITLE": 1.0}\n')
    shop.pull()
    expected = [("a", "p1", "T"), ("a", "12345678901234567890", "1")]
    assert shop.rows("products", "account_id, product_id, title") == expected


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("products.csv", b"PK\x03\x04rest", "is a ZIP archive; unpack it"),
        ("products.jsonl", b"PK\x03\x04rest", "is a ZIP archive; unpack it"),
        ("products.parquet", b"PK\x03\x04rest", "is a ZIP archive; unpack it"),
        ("products.csv.gz", b"PK\x03\x04rest", "is a ZIP archive; unpack it"),
        ("products.csv", b"\x1f\x8brest", "is packed with gzip; give its name the end .gz"),
        ("products.csv", b"PAR1rest", "is a Parquet file"),
        ("products.csv", b"\n<!DOCTYPE html><html>log in</html>", "is a page of HTML or XML"),
        ("products.jsonl", b'<?xml version="1.0"?>', "is a page of HTML or XML"),
        ("products.csv", "account_id,product_id\n".encode("utf-16-le"), "is text of UTF-16 without a byte order mark"),
        ("products.jsonl", '{"account_id":"a"}\n'.encode("utf-16-be"), "is text of UTF-16 without a byte order mark"),
        ("products.csv", b"\xd0\xcf\x11\xe0rest", "is an Excel workbook; save it as CSV"),
        ("products.csv", b"sep=;\r\naccount_id;product_id\r\na;p\r\n", "is separated by semicolons, not by commas"),
        ("products.csv", b"sep=^\naccount_id^product_id\n", "is separated by '^', not by commas"),
        ("products.csv", "account_id\tproduct_id\na\tp\n".encode("utf-16"), "is separated by tabs, not by commas"),
        ("products.csv", b"Account_ID;Product_ID\na;p\n", "is separated by semicolons, not by commas"),
        ("products.csv", b"Products of June\n\naccount_id,product_id\na,p\n", "has its header only in row 2"),
        ("products.csv", b"account id,Product ID\na,p\n", "account_id, product_id (it has account id, Product ID)"),
        ("products.csv", b"x" * 2_000_000, "lacks the required columns account_id, product_id"),
    ],
)  # fmt: skip
def test_the_reason_that_is_named_is_the_reason(shop: Shop, name: str, content: bytes, sentence: str) -> None:
    shop.deliver(name, content)
    said = refusal(shop)
    assert said.startswith(f"{name} ")
    assert sentence in said


def test_texts_of_parquet_without_the_mark_of_texts_are_read(shop: Shop) -> None:
    columns = {
        "account_id": pa.array([b"a"] * 3),
        "message_id": pa.array(["1", "2", "3"]),
        "conversation_id": pa.array([b"c"] * 3, pa.large_binary()),
        "sender": pa.array([b"agent"] * 3, pa.binary(5)),
        "sent_at": pa.array([b"2026-06-01"] * 3),
        "text": pa.array(["é ✓".encode(), b"\xff", None]),
        "recommended_product_ids": pa.array([[b"x", None], [b"y"], [b"\xff"]]),
    }
    (shop.folder / "messages").mkdir()
    pq.write_table(pa.table(columns), shop.folder / "messages" / "a.parquet")
    shop.pull()
    rows = shop.rows("messages", "account_id, conversation_id, text, recommended_product_ids, _refused")
    assert rows[0] == ("a", "c", "é ✓", ["x"], None)
    assert rows[1][4] == r'text is not text: {"bytes":"\\xFF"}'
    assert rows[2][4].startswith("recommended_product_ids is not a list")


# Near misses


def test_an_ignored_column_that_looks_like_one_of_the_contract_is_asked_about(shop: Shop) -> None:
    """A column `tags` cost all tags, and nothing was red."""
    line = '{"account_id": "a", "conversation_id": "c", "channel": "sms", "created_at": "2026", %s}\n'
    shop.deliver("conversations/a.jsonl", line % '"tags": "x", "visitorId": "v", "closed_by": "human", "note": 1')
    shop.deliver("conversations/b.jsonl", line % '"tag": "y", "tags": "x"')
    shop.deliver("products.csv", "account_id,product_id,Titel\n")
    with duckdb.connect() as connection:
        select = "SELECT 'a' AS account_id, 's' AS skill, true AS isAvailable"
        connection.execute(f"COPY ({select}) TO '{shop.folder}/skills.parquet'")
    assert sorted(shop.pull().warnings) == [
        "conversations/a.jsonl: the column tags is ignored; did you mean tag?",
        "conversations/a.jsonl: the column visitorId is ignored; did you mean visitor_id?",
        "products.csv: the column Titel is ignored; did you mean title?",
        "skills.parquet: the column isAvailable is ignored; did you mean is_available?",
    ]
