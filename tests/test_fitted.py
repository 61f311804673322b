"""Tables of a narrow terminal: what has no room is left out and named, and what stands there is whole."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from flows.command.fitted import columns

ROWS = [["north", "c-1001", "a reason of several words that may run over", "1,234,567.89"], ["sól", "c-2", "–", "0"]]
SPARE = {"account": 0, "conversation": 1, "why": 2, "sales": 0}  # `why` goes first, then `conversation`


def shown(width: int) -> str:
    out = StringIO()
    Console(file=out, width=width).print(columns(ROWS, SPARE, may_wrap=["why"]))
    return out.getvalue()


@pytest.mark.parametrize(
    ("width", "left_out"),
    [
        (100, []),
        (57, []),
        (56, ["why"]),
        (40, ["why"]),
        (35, ["why"]),
        (30, ["conversation", "why"]),
        (21, ["conversation", "why"]),
    ],
)
def test_what_has_no_room_is_left_out_and_named(width: int, left_out: list[str]) -> None:
    text = shown(width)
    said = " ".join(text.split()).partition("also shows: ")[2].rstrip(".")
    assert [name for name in said.split(", ") if name] == left_out
    table = text.partition("\n\n")[0]
    assert [name for name in SPARE if name not in table.splitlines()[0].split()] == left_out
    assert "1,234,567.89" in table
    assert "…" not in text
    assert all(len(line) <= width for line in table.splitlines())


def test_a_text_runs_over_before_anything_is_left_out() -> None:
    assert (
        " ".join(line[23:43].strip() for line in shown(57).splitlines()[1:4])
        == "a reason of several words that may run over"
    )


@pytest.mark.parametrize("width", [20, 12, 8])
def test_what_never_goes_runs_over_where_it_has_no_room(width: int) -> None:
    """Rich cuts without a word what may not run over: 1,234,567.89 was 1,234."""
    table = shown(width).partition("A wider")[0]
    assert sum(map(str.isdigit, table)) == len("1234567890")


def test_a_word_that_is_longer_than_its_column_goes_on_in_the_next_line() -> None:
    out = StringIO()
    Console(file=out, width=30).print(columns([["c-1", "0123456789" * 4]], {"id": 0, "why": 0}, may_wrap=["why"]))
    assert "".join(line[5:].strip() for line in out.getvalue().splitlines()[1:]) == "0123456789" * 4


def test_a_table_without_rows_has_its_heading() -> None:
    out = StringIO()
    Console(file=out, width=80).print(columns([], SPARE, may_wrap=[]))
    assert out.getvalue().split() == list(SPARE)
