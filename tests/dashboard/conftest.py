"""Published shops, and their page in two processes: for this machine alone, and behind tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.ground.home import Home
from flows.warehouses.duckdb import DuckDBFile
from tests.dashboard.serving import Page, serving
from tests.dashboard.shop import OWN, told_home
from tests.published.shop import asked_shop
from tests.warehouses import servers
from tests.warehouses.candidates import describe, opened, publish, write_candidate

MANY = 100_000
TOKENS = {"WHOLE": "whole-token-0123456789", "AGENCY": "agency-token-0123456789", "FIGURES": "figures-token-0123456789"}
SETTINGS = """
[[dashboard.tokens]]
token = "env:WHOLE"

[[dashboard.tokens]]
token = "env:AGENCY"
accounts = ["{agency}"]

[[dashboard.tokens]]
token = "env:FIGURES"
texts = false
"""
# 70 MB in three batches, which no buffer between the page and its visitor holds
MANY_LONG = f"""
insert into file.metrics.conversations by name
select 'other' as account_id, 'many ' || number as conversation_id, 'email' as channel, 'open' as status,
    timestamptz '2026-06-02T10:00:00Z' as started_at, date '2026-06-02' as started_on,
    timestamptz '2026-06-02T10:00:00Z' as last_message_at, repeat('long ', 130) || number as first_question,
    1 as message_count, 0 as link_clicks, 0 as add_to_cart_items, 0 as attributed_orders, 0 as attributed_revenue,
    0 as net_attributed_revenue
from range({MANY}) as numbers (number)
"""


@pytest.fixture(scope="session")
def asked_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The shop of tests/published; the account `other` has many long conversations besides."""
    home = Home(tmp_path_factory.mktemp("asked") / "home")
    rows = asked_shop().published_rows()
    write_candidate(home, "asked", rows)
    with opened(home.candidate_file, read_only=False) as connection:
        connection.execute(MANY_LONG)
    counts = {table: len(found) for table, found in rows.items()}
    describe(home, "asked", row_counts={**counts, "conversations": counts["conversations"] + MANY})
    publish(home, keep=1, warehouses=[DuckDBFile(home)])
    return home


@pytest.fixture(scope="session")
def telling_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The shop of tests/dashboard/shop.py."""
    return told_home(Home(tmp_path_factory.mktemp("telling") / "home"))


@pytest.fixture(scope="module")
def here(asked_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with serving(tmp_path_factory.mktemp("here"), "--home", str(asked_home.root)) as page:
        yield page


@pytest.fixture(scope="module")
def guarded(asked_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    yield from behind_tokens(asked_home, tmp_path_factory.mktemp("guarded"), "other")


@pytest.fixture(scope="module")
def telling(telling_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Behind tokens; that of AGENCY does not open the account of others."""
    yield from behind_tokens(telling_home, tmp_path_factory.mktemp("telling"), OWN)


def behind_tokens(home: Home, folder: Path, agency: str) -> Iterator[Page]:
    (folder / "agent-metrics.toml").write_text(SETTINGS.format(agency=agency), "utf-8")
    with serving(folder, "--home", str(home.root), **TOKENS) as page:
        yield page


@pytest.fixture(scope="session")
def database_server() -> Iterator[str]:
    with servers.wheel() as one:
        yield one
