"""Tokens and what they open."""

from __future__ import annotations

from typing import Any

import pytest

import contract
from flows.dashboard.access import SHORTEST, Access, AllowedReader, Tokens
from flows.ground.errors import InputError
from flows.ground.home import Home
from flows.settings import DashboardSettings
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres.access import OF_ALL_ACCOUNTS, WITHHELD

ONE, TWO = "one-token-0123456789", "two-token-0123456789"
PLACES = {"ONE": ONE, "TWO": TWO}


def tokens(environment: dict[str, str], *sections: dict[str, Any]) -> Tokens:
    return Tokens.of(DashboardSettings.model_validate({"tokens": sections}), environment)


def passed(known: Tokens, token: str) -> str:
    shown = known.pass_for(token)
    assert shown
    return shown


def test_a_token_opens_what_its_section_says() -> None:
    limited = {"token": "env:TWO", "accounts": ["b", "a"], "texts": False}
    known = tokens(PLACES, {"token": "env:ONE"}, limited)
    assert known.access_of(passed(known, ONE)) == Access()
    assert known.access_of(passed(known, TWO)) == Access(frozenset({"a", "b"}), texts=False)
    assert bool(known)
    assert not tokens(PLACES)


def test_an_empty_list_of_accounts_is_none_of_them() -> None:
    """`accounts = []` opened the page with every account."""
    known = tokens(PLACES, {"token": "env:ONE", "accounts": []})
    assert known.access_of(passed(known, ONE)) == Access(frozenset())
    assert not Access(frozenset()).sees_account("a")
    assert Access(frozenset({"a"})).sees_account("a")
    assert Access().sees_account("a")


@pytest.mark.parametrize("given", ["", "one", ONE[:-1], ONE + "x", ONE.upper(), " " + ONE, "é" * 20, "\ud800" * 20])
def test_nothing_else_opens_anything(given: str) -> None:
    known = tokens(PLACES, {"token": "env:ONE"})
    assert known.pass_for(given) is None
    assert known.access_of(given) is None


def test_a_pass_is_no_token_and_a_token_no_pass() -> None:
    known = tokens(PLACES, {"token": "env:ONE"}, {"token": "env:TWO"})
    first, second = passed(known, ONE), passed(known, TWO)
    assert first != second
    assert ONE not in first
    assert known.pass_for(first) is None
    assert known.access_of(ONE) is None
    assert known.access_of(first[:-1]) is None


def test_a_pass_ends_with_its_token() -> None:
    """Taken out of the settings, or changed; the others stay good, also after a new start."""
    before = tokens(PLACES, {"token": "env:ONE"}, {"token": "env:TWO"})
    first, second = passed(before, ONE), passed(before, TWO)
    after = tokens(PLACES, {"token": "env:TWO"})
    assert after.access_of(first) is None
    assert after.access_of(second) == Access()
    changed = tokens({"ONE": ONE + "!", "TWO": TWO}, {"token": "env:ONE"}, {"token": "env:TWO"})
    assert changed.access_of(first) is None
    # what a pass opens is what the settings say now
    narrowed = tokens(PLACES, {"token": "env:TWO", "texts": False})
    assert narrowed.access_of(second) == Access(texts=False)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "the environment variable ONE is not set"),
        ({"ONE": ""}, "the environment variable ONE is not set"),
        ({"ONE": "x" * (SHORTEST - 1)}, "fewer than 16 characters"),
        ({"ONE": ONE, "TWO": ONE}, "two tokens are the same"),
    ],
)
def test_tokens_that_are_wrong_are_refused_and_not_repeated(environment: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        tokens(environment, {"token": "env:ONE"}, {"token": "env:TWO"})
    assert not [token for token in environment.values() if token and token in str(refused.value)]


def test_sixteen_characters_are_enough() -> None:
    assert tokens({"ONE": "x" * SHORTEST}, {"token": "env:ONE"})


def test_without_texts_no_withheld_column_is_seen() -> None:
    for table in contract.metrics().values():
        for column in table.columns:
            is_withheld = column.name in WITHHELD.get(table.name, ())
            is_of_all = column.name in OF_ALL_ACCOUNTS.get(table.name, ())
            place = (f"metrics.{table.name}", column.name)
            assert Access().sees(*place)
            assert Access(texts=False).sees(*place) is not is_withheld
            assert Access(frozenset({"a"})).sees(*place) is not is_of_all
            assert Access(frozenset(), texts=False).sees(*place) is not (is_withheld or is_of_all)


def test_a_reader_sees_what_both_allow(telling_home: Home) -> None:
    with DuckDBFile(telling_home).read() as whole:
        reader = AllowedReader(whole, Access(texts=False))
        assert reader.sees("metrics.messages", "skill")
        assert not reader.sees("metrics.messages", "text")
        assert not reader.sees("metrics.messages", "gone")
        count = "select count(*) from metrics.accounts"
        assert reader.rows(count) == [(2,)]
        assert [one.num_rows for one in reader.batches(count)] == [1]
