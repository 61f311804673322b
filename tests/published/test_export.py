"""Exports are exact, the same from both warehouses, and of one publication."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars
import pyarrow.parquet as pq
import pytest

import contract
from contract.types import arrow
from flows.ground.errors import HomeBusy, InputError
from flows.ground.home import Home
from flows.ground.progress import Silent
from flows.published.export import Exported, export
from flows.published.export_folder import held
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.reader import Reader
from tests.gaps.shop import publish_to
from tests.published.conftest import Read
from tests.published.shop import HOSTILE, MIDNIGHT, Shop
from tests.warehouses.candidates import names, opened


def awkward_shop() -> Shop:
    shop = Shop()
    for number, text in enumerate(HOSTILE):
        shop.conversation(f"c{number:02}", first_question=text, tag=text or None, profile_name=None)
        products = (None, "[]", r"""["a", "b, \"c\"", 'ü 🙂', null]""")[number % 3]
        shop.say(f"c{number:02}", number / 7, text=text, recommended_product_ids=products)
    amounts = ("99999999999999.9999", "0.0001", "0", "1234567.8900")
    for number, amount in enumerate(amounts):
        shop.sell(f"c{number:02}", f"line {number}", "order", amount, net_revenue=amount)
    shop.conversation("c00", account_id="other")
    shop.topic("t", coverage_score=str(1 / 3))
    shop.ask("t", "c01", MIDNIGHT.replace(microsecond=1))
    return shop


def exported(reader: Reader, folder: Path, kind: str, *tables: str, **asked: Any) -> Exported:
    return export(reader, folder, kind, Silent(), tables=tables or None, **asked)


@pytest.fixture(scope="module")
def shop(read: Read) -> Reader:
    return read(awkward_shop())


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """Table -> columns, and rows by the grain, as they stand in the file: what an export has to give."""
    home = Home(tmp_path_factory.mktemp("expected") / "home")
    publish_to(home, awkward_shop())
    found = {}
    with opened(home.published_file) as connection:
        for table in contract.metrics().values():
            order = ", ".join(f'"{key}"' for key in table.key)
            rows = connection.execute(f'select * from file.metrics."{table.name}" order by {order}').fetchall()
            found[table.name] = ([column.name for column in table.columns], rows)
    return found


def without_history(tables: Sequence[str]) -> list[str]:
    """The tables that two publications of one shop share."""
    return [table for table in tables if table != "publications"]


def test_parquet_has_every_row_with_the_types_of_the_contract(
    shop: Reader, expected: dict[str, Any], tmp_path: Path
) -> None:
    done = exported(shop, tmp_path, "parquet")
    assert [one.table for one in done.tables] == list(contract.metrics())
    for one in done.tables:
        table = pq.read_table(tmp_path / one.file)
        columns = contract.metrics()[one.table].columns
        assert table.schema.names == [column.name for column in columns]
        assert table.schema.types == [arrow(column.type) for column in columns]
        assert table.schema.metadata[b"publication_id"] == done.publication.publication_id.encode()
        assert table.num_rows == one.rows
        if one.table in without_history([one.table]):
            rows = [tuple(row.values()) for row in table.to_pylist()]
            assert rows == [tuple(map(in_utc, row)) for row in expected[one.table][1]], one.table
    assert any(one.rows > 10 for one in done.tables)


def in_utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def test_csv_has_every_row_as_text(shop: Reader, expected: dict[str, Any], tmp_path: Path) -> None:
    done = exported(shop, tmp_path, "csv")
    for one in done.tables:
        with (tmp_path / one.file).open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file, strict=True)
        columns, wanted = expected[one.table]
        assert head == columns
        assert len(rows) == one.rows
        if one.table in without_history([one.table]):
            assert rows == [[as_text(value) for value in row] for row in wanted], one.table


def as_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        case Decimal():
            return f"{value:.4f}"
        case float():
            return repr(value).removesuffix(".0")
        case list():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def test_csv_keeps_apart_what_is_empty_and_what_is_not_there(shop: Reader, tmp_path: Path) -> None:
    exported(shop, tmp_path, "csv", "messages", "attributed_order_lines")
    rows = (tmp_path / "messages.csv").read_text("utf-8").splitlines()
    (empty,) = [row for row in rows if '"c16/0"' in row]
    assert empty.startswith('"shop","c16/0","c16",1,"agent","",,')
    lines = (tmp_path / "attributed_order_lines.csv").read_text("utf-8").splitlines()
    assert ',"2026-06-01T04:00:00.000000Z",2026-06-01,1.0000,99999999999999.9999,99999999999999.9999,"BRL"' in lines[1]


def test_both_warehouses_give_the_same_files(shop: Reader, tmp_path: Path) -> None:
    reference = Home(tmp_path / "home")
    publish_to(reference, awkward_shop())
    tables = without_history(list(contract.metrics()))
    with DuckDBFile(reference).read() as reader:
        for kind in ("csv", "parquet"):
            exported(reader, tmp_path / "file", kind, *tables)
            exported(shop, tmp_path / "warehouse", kind, *tables)
    for table in tables:
        one, other = (tmp_path / place / f"{table}.csv" for place in ("file", "warehouse"))
        assert one.read_bytes() == other.read_bytes(), table
        one, other = (tmp_path / place / f"{table}.parquet" for place in ("file", "warehouse"))
        assert pq.read_table(one).equals(pq.read_table(other)), table


def test_other_tools_read_them(shop: Reader, tmp_path: Path) -> None:
    """What docs/bi.md says of them."""
    exported(shop, tmp_path, "csv", "conversations", "messages")
    exported(shop, tmp_path, "parquet", "conversations", "messages")
    columns = "conversation_id, first_question, started_at, started_on, attributed_revenue, attributed_orders"
    # a tool that guesses takes a double, and DuckDB takes "" for null
    exact = "types = {'attributed_revenue': 'decimal(18, 4)'}, allow_quoted_nulls = false"
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        read = (f"read_csv('{tmp_path}/conversations.csv', {exact})", f"'{tmp_path}/conversations.parquet'")
        as_csv, as_parquet = (connection.execute(f"select {columns} from {one}").fetchall() for one in read)
        assert len(as_parquet) == len(HOSTILE) + 1
        assert as_csv == as_parquet
    frame = polars.read_parquet(tmp_path / "messages.parquet")
    assert frame.schema["sent_at"] == polars.Datetime("us", "UTC")
    by_polars = polars.read_csv(tmp_path / "messages.csv", try_parse_dates=True)
    assert by_polars.schema["sent_at"] == polars.Datetime("us", "UTC")
    assert by_polars["text"].to_list() == frame["text"].to_list()


def test_an_account_alone(shop: Reader, tmp_path: Path) -> None:
    done = exported(shop, tmp_path, "parquet", account="other")
    assert done.tables_left_out == dict.fromkeys(("rejected_rows", "publications"), "it tells of all accounts at once")
    for one in done.tables:
        assert set(pq.read_table(tmp_path / one.file)["account_id"].to_pylist()) <= {"other"}
    assert pq.read_table(tmp_path / "conversations.parquet").num_rows == 1
    with pytest.raises(InputError, match="publications cannot be exported: it tells of all accounts at once"):
        exported(shop, tmp_path, "csv", "publications", account="other")
    with pytest.raises(InputError, match="no account 'nobody'; the published ones are: other, shop"):
        exported(shop, tmp_path, "csv", account="nobody")


def test_only_the_tables_asked_for_in_the_order_of_the_contract(shop: Reader, tmp_path: Path) -> None:
    done = exported(shop, tmp_path / "a" / "b", "csv", "skills", "accounts", "skills")
    assert [one.file for one in done.tables] == ["accounts.csv", "skills.csv"]
    assert names(tmp_path / "a" / "b") == ["accounts.csv", "publication.json", "skills.csv"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kind": "xlsx"}, "no format 'xlsx'; it can be csv or parquet"),
        ({"kind": "CSV"}, "no format 'CSV'"),
        ({"tables": ["metrics.accounts"]}, "no table 'metrics.accounts'; there are accounts, profiles,"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_made(
    shop: Reader, tmp_path: Path, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        export(shop, tmp_path / "new", asked.get("kind", "csv"), Silent(), tables=asked.get("tables"))
    assert names(tmp_path) == []


def test_nothing_gives_files_without_rows(read: Read, tmp_path: Path) -> None:
    reader = read(Shop())
    for kind in ("csv", "parquet"):
        exported(reader, tmp_path, kind)
    assert pq.read_table(tmp_path / "messages.parquet").num_rows == 0
    assert (tmp_path / "messages.csv").read_text("utf-8").count("\n") == 1


def test_columns_and_tables_that_an_earlier_version_did_not_publish_are_left_out(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    publish_to(home, awkward_shop())
    home.published_file.chmod(0o644)
    with opened(home.published_file, read_only=False) as connection:
        connection.execute("alter table file.metrics.messages drop column skill")
        connection.execute("drop table file.metrics.segments")
    with DuckDBFile(home).read() as reader:
        done = exported(reader, tmp_path / "out", "parquet")
        assert {one.table: one.left_out for one in done.tables if one.left_out} == {"messages": ("skill",)}
        assert list(done.tables_left_out) == ["segments"]
        with pytest.raises(InputError, match="segments cannot be exported: nothing of it is published"):
            exported(reader, tmp_path / "out", "csv", "segments")


def test_a_limited_reader_gets_no_texts(read_limited: Read, tmp_path: Path) -> None:
    done = exported(read_limited(awkward_shop()), tmp_path, "csv")
    left_out = {one.table: one.left_out for one in done.tables if one.left_out}
    assert left_out["conversations"] == ("profile_name", "first_question")
    assert left_out["messages"] == ("text",)
    assert set(left_out) == {
        *("conversations", "messages", "interactions", "profiles", "segment_members", "knowledge_gap_topics"),
        *("handoffs", "rejected_rows"),
    }
    assert done.to_json_dict()["files"]["messages.csv"]["left_out"] == ["text"]
    head = (tmp_path / "messages.csv").read_text("utf-8").partition("\n")[0]
    assert '"text"' not in head
    assert HOSTILE[2] not in "".join(file.read_text("utf-8") for file in tmp_path.glob("messages.csv"))


class PublishesMeanwhile(Silent):
    """Publishes another build as soon as the second table begins."""

    def __init__(self, home: Home, at: str) -> None:
        self.home, self.at, self.steps = home, at, 0

    def start(self, what: str, total: int | None = None) -> None:
        self.steps += 1
        if self.steps == 2:
            publish_to(self.home, Shop(), self.at)


def test_all_files_are_of_one_publication_whatever_is_published_meanwhile(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    publish_to(home, awkward_shop())
    with DuckDBFile(home).read() as reader:
        done = export(reader, tmp_path / "out", "parquet", PublishesMeanwhile(home, "duckdb"))
    rows = {one.table: one.rows for one in done.tables}
    assert (rows["conversations"], rows["messages"]) == (len(HOSTILE) + 1, len(HOSTILE) + 1)
    with DuckDBFile(home).read() as reader:
        now = exported(reader, tmp_path / "out", "parquet")
    assert {one.rows for one in now.tables if one.table in ("conversations", "messages")} == {0}
    assert now.publication.publication_id > done.publication.publication_id


def test_the_folder_says_of_which_publication_each_file_is(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    publish_to(home, awkward_shop())
    with DuckDBFile(home).read() as reader:
        first = exported(reader, tmp_path / "out", "csv", "accounts", "skills", account="shop")
    publish_to(home, awkward_shop())
    with DuckDBFile(home).read() as reader:
        second = exported(reader, tmp_path / "out", "csv", "accounts")
    told = json.loads((tmp_path / "out" / "publication.json").read_text("utf-8"))
    one, other = (done.publication.publication_id for done in (first, second))
    head = {"publication_id": other, "as_of": "2026-06-07T12:00:00Z", "contract_version": 1, "is_complete": True}
    assert told == {**told, **head, "data_up_to": "2026-06-07T11:59:59.000001Z"}
    assert told["files"] == {
        "accounts.csv": {"table": "accounts", "rows": 2, "left_out": [], "account": None, "publication_id": other},
        "skills.csv": {"table": "skills", "rows": 0, "left_out": [], "account": "shop", "publication_id": one},
    }


def test_a_file_that_no_export_wrote_is_not_replaced(shop: Reader, tmp_path: Path) -> None:
    mine = tmp_path / "conversations.csv"
    mine.write_text("what I deliver", "utf-8")
    with pytest.raises(InputError, match=r"conversations\.csv would be replaced, and no export wrote that; give"):
        exported(shop, tmp_path, "csv")
    assert (names(tmp_path), mine.read_text("utf-8")) == (["conversations.csv"], "what I deliver")
    exported(shop, tmp_path, "csv", overwrite=True)
    assert mine.read_text("utf-8").startswith('"account_id"')
    exported(shop, tmp_path, "csv")  # now an export wrote it

    (tmp_path / "publication.json").write_text('{"name": "my-package"}', "utf-8")
    with pytest.raises(InputError, match=r"publication.json: is not of an export; give a folder of its own"):
        exported(shop, tmp_path, "csv")
    exported(shop, tmp_path, "csv", overwrite=True)


def test_a_folder_takes_one_export_at_a_time(shop: Reader, tmp_path: Path) -> None:
    with held(tmp_path / "out") as half_made:
        (half_made / "accounts.csv").write_text("half", "utf-8")
        with pytest.raises(HomeBusy, match="another export is at work on this folder"):
            exported(shop, tmp_path / "out", "csv")
        assert (half_made / "accounts.csv").exists()
    exported(shop, tmp_path / "out", "csv", "accounts")
    assert names(tmp_path / "out") == ["accounts.csv", "publication.json"]


def test_dates_are_those_of_the_account(shop: Reader, tmp_path: Path) -> None:
    exported(shop, tmp_path, "parquet", "conversations")
    table = pq.read_table(tmp_path / "conversations.parquet").to_pylist()
    assert {row["started_on"] for row in table} == {date(2026, 6, 1)}
    assert {row["started_at"] for row in table} == {MIDNIGHT}
