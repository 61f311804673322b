"""The demo shop: the same everywhere, true to the contract, and with everything in it that a shop has."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contract import Column, landing
from flows.demo import write_shop
from flows.ground.errors import InputError, StorageFailed

UNTIL = datetime(2026, 6, 7, 12, tzinfo=UTC)
# The demo shop has a helpdesk and a shop system that tell everything themselves: nobody reports or counts for it.
NOT_TOLD = {"reported_figures", "order_profiles", "product_events", "source_counts", "topic_decisions"}
NOT_USED = {
    ("profiles", "can_receive_whatsapp"),
    ("conversations", "agent"),
    ("conversations", "email"),
    ("conversations", "rating"),
    ("messages", "article_ids"),
    ("orders", "phone"),
    ("orders", "order_line_ids"),
    ("tickets", "profile_id"),
    ("tickets", "email"),
}
DELIVERED = {name: table for name, table in landing().items() if name not in NOT_TOLD}
TYPES = {
    "integer": r"\d+",
    "decimal": r"\d+(\.\d{1,4})?",
    "boolean": r"true|false",
    "timestamp": r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
}

Rows = list[dict[str, Any]]


def _contents(folder: Path) -> dict[str, str]:
    """Every file's text, unpacked, by its path in the folder."""
    contents = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        contents[path.relative_to(folder).as_posix()] = data.decode()
    return contents


def _read(folder: Path) -> dict[str, Rows]:
    """All rows by table, as a source reads them: empty CSV fields are null."""
    tables: dict[str, Rows] = defaultdict(list)
    for name, text in _contents(folder).items():
        table = name.split("/")[0].split(".")[0]
        if ".csv" in name:
            rows = csv.DictReader(io.StringIO(text, newline=""))
            tables[table] += [{column: value for column, value in row.items() if value != ""} for row in rows]
        else:
            tables[table] += [json.loads(line) for line in text.splitlines()]
    return tables


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder, conversations=3000)
    return folder


@pytest.fixture(scope="module")
def tables(folder: Path) -> dict[str, Rows]:
    return _read(folder)


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    write_shop(tmp_path / "a", conversations=300)
    write_shop(tmp_path / "b", conversations=300)
    for path in (path for path in (tmp_path / "a").rglob("*") if path.is_file()):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_packed_files_carry_neither_a_time_nor_a_name(folder: Path) -> None:
    packed = list(folder.rglob("*.gz"))
    assert packed
    for path in packed:
        assert path.read_bytes()[3:8] == bytes(5), path.name  # flags, then the time


def test_the_rows_are_the_same_on_every_machine_and_version(tmp_path: Path) -> None:
    """Change this digest only when the demo is meant to change: published figures and pictures change with it."""
    write_shop(tmp_path, conversations=300)
    digest = hashlib.sha256(json.dumps(_contents(tmp_path), sort_keys=True).encode()).hexdigest()
    assert digest == "5ee81aded611b2d2851b5fe0085aeaa19dd0060841b4f1426961dd735fdea371"


def test_another_seed_gives_another_shop(tmp_path: Path) -> None:
    write_shop(tmp_path / "a", conversations=100)
    write_shop(tmp_path / "b", conversations=100, seed=8)
    assert _contents(tmp_path / "a") != _contents(tmp_path / "b")


def _breaches(row: dict[str, Any], column: Column) -> Iterator[str]:
    value = row.get(column.name)
    if value is None:
        if column.required:
            yield f"{column.name} is missing"
        return
    if column.type == "list<string>":
        if not (isinstance(value, list) and all(isinstance(element, str) for element in value)):
            yield f"{column.name} is {value!r}"
        return
    if column.type == "string" and not isinstance(value, str):
        yield f"{column.name} is {value!r}"
    text = str(value).lower() if column.type == "boolean" else str(value)
    fits = re.fullmatch(TYPES.get(column.type, r"(?s).+"), text) and (not column.values or value in column.values)
    if not fits or (column.minimum is not None and float(text) < column.minimum):
        yield f"{column.name} is {value!r}"


@pytest.mark.parametrize("name", DELIVERED)
def test_every_row_fits_the_contract(name: str, tables: dict[str, Rows]) -> None:
    table = DELIVERED[name]
    known = {column.name for column in table.columns} | {"updated_at"}
    assert tables[name]
    for row in tables[name]:
        assert set(row) <= known
        assert not [breach for column in table.columns for breach in _breaches(row, column)], row


@pytest.mark.parametrize("name", DELIVERED)
def test_keys_are_unique(name: str, tables: dict[str, Rows]) -> None:
    keys = [tuple(row[column] for column in DELIVERED[name].key) for row in tables[name]]
    assert len(keys) == len(set(keys))


def test_every_row_has_its_parent(tables: dict[str, Rows]) -> None:
    """Rule 2.3."""
    conversations = {(row["account_id"], row["conversation_id"]) for row in tables["conversations"]}
    orders = {(row["account_id"], row["order_id"]) for row in tables["orders"]}
    for name in ("messages", "handoff_events", "interactions", "tickets"):
        assert {(row["account_id"], row["conversation_id"]) for row in tables[name]} <= conversations
    assert {(row["account_id"], row["order_id"]) for row in tables["order_lines"]} == orders
    messages = {(row["account_id"], row["message_id"]) for row in tables["messages"]}
    assert {(row["account_id"], row["message_id"]) for row in tables["interactions"]} <= messages


def test_orders_are_in_the_currency_of_their_account(tables: dict[str, Rows]) -> None:
    """Rule 2.2."""
    currencies = {row["account_id"]: row["currency"] for row in tables["accounts"]}
    assert len(set(currencies.values())) == 2
    assert all(row["currency"] == currencies[row["account_id"]] for row in tables["orders"])


def test_nothing_is_later_than_the_end(tables: dict[str, Rows]) -> None:
    for name, table in DELIVERED.items():
        for column in [column.name for column in table.columns if column.type == "timestamp"] + ["updated_at"]:
            times = [datetime.fromisoformat(row[column]) for row in tables[name] if column in row]
            assert all(time <= UNTIL for time in times), (name, column)


def test_refunds_and_discounts_stay_within_their_line(tables: dict[str, Rows]) -> None:
    for row in tables["order_lines"]:
        total = int(row["quantity"]) * float(row["unit_price"]) - float(row["discount"])
        assert 0 <= float(row["refunded_amount"]) <= total + 1e-6


@pytest.mark.parametrize(
    ("table", "column"),
    [(table.name, column.name) for table in DELIVERED.values() for column in table.columns if column.values],
)
def test_every_value_that_the_contract_names_occurs(table: str, column: str, tables: dict[str, Rows]) -> None:
    known = DELIVERED[table].column(column)
    found = {row.get(column) for row in tables[table]} - {None}
    # An open list also knows words that this shop has no use for, such as the channels of other vendors' agents.
    assert found == (found & set(known.values) if known.open else set(known.values))
    assert len(found) > 1


@pytest.mark.parametrize("name", sorted(set(DELIVERED) - {"accounts"}))
def test_every_column_is_used(name: str, tables: dict[str, Rows]) -> None:
    for column in DELIVERED[name].columns:
        is_used = any(column.name in row for row in tables[name])
        assert is_used != ((name, column.name) in NOT_USED), column.name


def test_what_shops_often_do_not_know_is_sometimes_missing(tables: dict[str, Rows]) -> None:
    for name, columns in {
        "profiles": ("email", "phone", "first_name", "last_name"),
        "conversations": ("visitor_id", "profile_id", "tag", "closed_at"),
        "messages": ("skill", "recommended_product_ids"),
        "handoff_events": ("reason", "email", "ticket_id"),
        "interactions": ("product_id", "visitor_id", "profile_id"),
        "orders": ("profile_id", "visitor_id", "email", "cancelled_at"),
        "tickets": ("first_human_reply_at", "solved_at", "satisfaction"),
    }.items():
        for column in columns:
            assert not all(column in row for row in tables[name]), (name, column)


@pytest.mark.parametrize("word", ["pedido", "Bestellung", "order", "commande", "¿"])
def test_shoppers_write_in_five_languages(word: str, tables: dict[str, Rows]) -> None:
    assert any(word in row["text"] for row in tables["messages"] if row["sender"] == "visitor")


def test_no_text_has_a_gap_or_an_unread_wording(tables: dict[str, Rows]) -> None:
    for row in tables["messages"]:
        assert not re.search(r"[\[\]{}|]|  ", row["text"]), row["text"]


def test_a_skill_is_available_but_unused_and_one_is_used_but_unlisted(tables: dict[str, Rows]) -> None:
    """Rule 6.4."""
    for account in ("aurora", "nordlicht"):
        listed = {row["skill"] for row in tables["skills"] if row["account_id"] == account and row["is_available"]}
        used = {row["skill"] for row in tables["messages"] if row["account_id"] == account and "skill" in row}
        assert listed - used
        assert used - listed


def test_shoppers_come_back_and_some_products_sell_best(tables: dict[str, Rows]) -> None:
    buyers = [row["profile_id"] for row in tables["orders"] if "profile_id" in row]
    assert len(set(buyers)) < len(buyers)
    sold: dict[str, int] = defaultdict(int)
    for row in tables["order_lines"]:
        sold[row["product_id"]] += 1
    counts = sorted(sold.values(), reverse=True)
    assert sum(counts[: len(counts) // 10]) > sum(counts) / 4


def test_a_second_demo_replaces_the_first(tmp_path: Path) -> None:
    write_shop(tmp_path, conversations=100, days=3)
    write_shop(tmp_path, conversations=50, days=10)
    assert len(_read(tmp_path)["conversations"]) == 50


def test_an_end_without_a_time_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        write_shop(tmp_path, until=datetime(2026, 6, 7))  # noqa: DTZ001


def test_a_folder_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("a file")
    with pytest.raises(StorageFailed, match="shop"):
        write_shop(tmp_path / "shop", conversations=1)
