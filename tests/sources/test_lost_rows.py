"""No row of a delivered file is lost without a word: it counts, waits or is refused, or the file is named."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pytest

from flows.ground.errors import InputError
from flows.sources.files import counting, formats

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sources.conftest import Shop

MIB = 1024 * 1024
HEADER = b"account_id,product_id,title\n"
LINE = b'{"account_id":"a","product_id":"p%d"}\n'


@pytest.mark.parametrize(
    ("size", "line_end", "place"),
    [
        (MIB - 1, b"", "last"),
        (2 * MIB + 1, b"\n", "middle"),
        (16 * MIB, b"", "only"),
        (31 * MIB, b"\n", "last"),
        (32 * MIB, b"", "last"),
        (32 * MIB, b"\n", "middle"),
        (33 * MIB, b"\n", "last"),
        (33 * MIB, b"", "only"),
    ],
)
def test_a_long_line_of_a_csv_file_is_a_row_whatever_buffer_it_fills(
    shop: Shop, size: int, line_end: bytes, place: str
) -> None:
    """DuckDB 1.5 leaves out a last line of 32 MiB without a word, and fails at one in the middle."""
    before = b"" if place == "only" else b"a,p1,one\n"
    after = b"a,p2,two\n" if place == "middle" else b""
    shop.deliver("products.csv", HEADER + before + b"x" * size + line_end + after)
    summary = shop.pull()
    assert summary.rows == {"products": 1 + bool(before) + bool(after)}
    assert summary.refused == {"products": 1}
    titles = [title for (title,) in shop.rows("products", "title")]
    assert titles == ["one"] * bool(before) + [None] + ["two"] * bool(after)


@pytest.mark.parametrize("size", [16 * MIB, 33 * MIB])
def test_a_long_line_of_a_jsonl_file_is_a_row_whatever_buffer_it_fills(shop: Shop, size: int) -> None:
    shop.deliver("products.jsonl", LINE % 1 + b"x" * size + b"\n" + LINE % 2 + b"y" * size)
    summary = shop.pull()
    assert (summary.rows, summary.refused) == ({"products": 4}, {"products": 2})


def test_a_sound_row_of_33_mebibytes_counts(shop: Shop) -> None:
    shop.deliver("products.csv", HEADER + b"a,p1,one\na,p2," + b"y" * 33 * MIB + b"\na,p3,three\n")
    assert shop.pull().refused == {}
    assert shop.rows("products", "product_id, length(title)") == [("p1", 3), ("p2", 33 * MIB), ("p3", 5)]


def test_a_row_longer_than_64_mebibytes_is_refused_and_the_rest_of_the_file_counts(shop: Shop) -> None:
    long = b"z" * (64 * MIB + 1)
    shop.deliver("products.csv.gz", HEADER + b"a,p1,one\na,p2," + long + b"\na,p3,three\n")
    shop.deliver("skills.jsonl.gz", b'{"account_id":"a","skill":"%s"}\n{"account_id":"a","skill":"s"}\n' % long)
    summary = shop.pull()
    assert (summary.rows, summary.refused) == ({"products": 3, "skills": 2}, {"products": 1, "skills": 1})
    reason = "the row is longer than 64 MiB"
    assert shop.rows("products", "title, _refused") == [("one", None), (None, reason), ("three", None)]
    assert shop.rows("skills", "skill, _refused") == [(None, reason), ("s", None)]
    ((payload,), *_) = shop.rows("skills", "_payload")
    assert len(payload) < 2000
    assert payload.endswith('(67108895 bytes)"')


@pytest.mark.parametrize("name", ["products.csv", "products.jsonl", "products.parquet"])
def test_a_file_of_which_a_reader_leaves_out_a_row_is_named(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The next buffer that swallows a line is not known: whatever reads too little may not be taken for the file."""
    if name.endswith("csv"):
        shop.deliver(name, HEADER + b"a,p1,\na,p2,\na,p3,\n")
    elif name.endswith("jsonl"):
        shop.deliver(name, b"".join(LINE % number for number in range(3)))
    else:
        with duckdb.connect() as connection:
            path = shop.folder / name
            connection.execute(f"COPY (SELECT 'a' account_id, 'p' || i product_id FROM range(3) r(i)) TO '{path}'")
    shortened = formats.Rows.__init__

    def losing(self: formats.Rows, relation: str, *others: object, **named: object) -> None:
        shortened(self, f"(SELECT * FROM {relation} LIMIT 2)", *others, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(formats.Rows, "__init__", losing)
    with pytest.raises(InputError, match=f"{name} has 3 rows, of which 2 were read"):
        shop.pull()
    assert shop.lake.newest() == 0


def test_a_csv_file_whose_lines_end_like_those_of_old_macs_loses_no_row_where_one_is_damaged(shop: Shop) -> None:
    shop.deliver("products.csv", b"account_id,product_id\ra,p1\ra,p2,3\ra,p3")
    assert (shop.pull().rows, shop.rows("products", "product_id")) == ({"products": 3}, [("p1",), (None,), ("p3",)])


@pytest.mark.parametrize("line", [b"\x0b", b"\x0c", b"\0", b"\x1c", b"\xc2\xa0"])
def test_a_line_of_characters_that_look_blank_is_a_refused_row(shop: Shop, line: bytes) -> None:
    shop.deliver("products.jsonl", line + b"\n \t\r\n" + LINE % 1)
    assert (shop.pull().rows, len(shop.rows("products", "1"))) == ({"products": 2}, 2)


@pytest.mark.parametrize("lines", [b"{}", b"[1]\n[2]", b'{"a":1}{"b":2}', b'{\n"account_id": "a"\n}'])
def test_a_file_without_any_known_name_has_all_its_lines_refused(shop: Shop, lines: bytes) -> None:
    shop.deliver("products.jsonl", lines)
    count = lines.count(b"\n") + 1
    summary = shop.pull()
    assert (summary.rows, summary.refused) == ({"products": count}, {"products": count})


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (b'h,i\na,"x\ny"\n\n\r\nc,d\n', 2),
        (b'h,i\n"' + b"x\n" * MIB + b'",b\nc,d\n', 2),
        (b'h,i\r\na,1\r\n"b\r\n",2\r\n', 2),
        (b"h,i\ra,1\r\rb,2", 2),
        (b'h,i\n5",1\n6,"2"\n', 2),
        (b'h,i\n"a ""quoted"" text",1', 1),
    ],
)
def test_rows_of_csv_are_counted_as_they_are_read(tmp_path: Path, text: bytes, rows: int) -> None:
    (tmp_path / "file").write_bytes(text)
    assert rows in counting.csv_rows(tmp_path / "file")


def test_a_bomb_in_csv_takes_little_memory(shop: Shop) -> None:
    """A line of 300 MB was held five times over while its rows were counted."""
    line = b"account_id,product_id\n" + b"\0" * 300 * MIB
    shop.deliver("products.csv.gz", line)
    code = (
        "import re, sys; from pathlib import Path; from flows.lake import Lake; "
        "from flows.ground.progress import Silent; from flows.sources.files import pull; "
        "print(pull(Path(sys.argv[1]), Lake(Path(sys.argv[2])), Silent()).refused); "
        # of this process alone: what getrusage says begins with the memory of the process that started it
        "print(int(re.search(r'VmHWM:\\s*(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024)"
    )
    command = [sys.executable, "-c", code, str(shop.folder), str(shop.lake.root)]
    refused, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert refused == "{'products': 1}"
    assert int(peak) < 1000


def test_a_bomb_is_named_and_leaves_nothing_on_the_disk(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gigabyte of zeros, packed in a megabyte, was left unpacked in the lake."""
    shop.deliver("products.jsonl.gz", b"\0" * 8 * MIB)
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("usage", (), {"free": 4 * MIB}))
    with pytest.raises(InputError, match=r"products.jsonl.gz unpacks to more than .* bytes, more than the disk has"):
        shop.pull()
    assert not (shop.lake.root / "tmp").exists()
    monkeypatch.undo()
    assert shop.pull().refused == {"products": 1}
