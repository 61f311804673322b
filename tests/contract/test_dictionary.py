"""What the dictionary promises of published columns, and in which words."""

from __future__ import annotations

import re

import contract

COLUMNS = [(table, column) for table in contract.metrics().values() for column in table.columns]


def test_every_table_and_column_is_said_in_a_sentence() -> None:
    sentences = {table.name: table.about for table in contract.metrics().values()}
    sentences |= {f"{table.name}.{column.name}": column.about for table, column in COLUMNS}
    assert {name: text for name, text in sentences.items() if not re.fullmatch(r"\S.*\.", text)} == {}


def test_a_column_that_may_be_null_says_when() -> None:
    """A reader who meets a null has to know whether it means none, not yet or unknown."""
    silent = [f"{table.name}.{column.name}" for table, column in COLUMNS if column.nullable and not says(column.about)]
    assert silent == []


def says(text: str) -> bool:
    return "null" in text


def test_a_grain_is_never_null_and_a_truth_value_only_where_it_says_so() -> None:
    loose = [
        f"{table.name}.{column.name}"
        for table, column in COLUMNS
        if column.nullable
        and (column.name in table.key or (column.name.startswith("is_") and "null where" not in column.about))
    ]
    assert loose == []


def test_values_that_are_those_of_another_column_are_looked_up_there() -> None:
    status = contract.metrics()["conversations"].column("status").values
    assert status == ("resolved", "routed", "closed", "open")
    assert contract.metrics()["daily_performance"].column("status").values == status
    assert contract.landing()["reported_figures"].column("status").values == status
    assert (
        contract.metrics()["messages"].column("sender").values == contract.landing()["messages"].column("sender").values
    )


def test_a_landing_column_is_never_null_where_it_is_required_or_has_a_default() -> None:
    interactions = contract.landing()["interactions"]
    assert not interactions.column("conversation_id").nullable
    assert not interactions.column("quantity").nullable
    assert interactions.column("url").nullable


def test_rows_of_every_landing_table_but_accounts_can_wait() -> None:
    """A table without a word there closed the gate as soon as one of its rows waited (rule 2.3)."""
    waiting = contract.metrics()["held_back_rows"].column("table").values
    assert sorted(waiting) == sorted(contract.landing().keys() - {"accounts"})
