"""What is remembered of questions from run to run: a folder of Parquet files for each version, and a page that names
the newest.

    <home>/topics/state.json        which version counts, made how, and which articles it was tested against
    <home>/topics/<version>/*.parquet   the tables below, which the models tagged `topics` read
    <home>/topics/spaces/           what is kept to save time (neighbours.py)

A version is whole before the page names it, so that a kill leaves the one before. Texts of shoppers are kept for the
exemplars alone; all other questions are known by the MD5 of their text.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from duckdb import DuckDBPyConnection

from flows.ground.home import read_json, write_durably
from flows.ground.sql import literal

log = logging.getLogger("agent_metrics")

TABLES = {
    "topic_texts": """account_id varchar, text_key varchar, kind varchar, exemplar_key varchar, nearness double,
        updated_in bigint""",
    "topic_exemplars": """account_id varchar, exemplar_key varchar, topic_id varchar, best_article_id varchar,
        coverage_score double, updated_in bigint, text varchar, questions bigint""",
    "topic_names": """account_id varchar, topic_id varchar, label varchar, representative_question varchar,
        best_article_id varchar, coverage_score double""",
    "topic_coverage": """account_id varchar, topic_id varchar, changed_at timestamptz, is_covered boolean,
        article_id varchar""",
    "topic_changes": """account_id varchar, change_id varchar, changed_at timestamptz, change varchar,
        topic_id varchar, other_topic_id varchar""",
}


@dataclass(frozen=True)
class AccountState:
    """Of one account: how many distinct questions were grouped last, a digest of the articles that it was tested
    against, and how, and the name under which its space is kept (neighbours.py).
    """

    grouped: int
    articles: str
    space: str = ""


@dataclass(frozen=True)
class State:
    """The newest version of the tables, 0 where nothing was grouped yet; and how it was made (versions.GROUPING).

    `tables` has the SHA-256 of each table's file, of versions that were written since they are kept.
    """

    version: int = 0
    embedder: str = ""
    grouping: int = 0
    accounts: dict[str, AccountState] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)


def read(folder: Path) -> State:
    """The state in `folder`. Where it is damaged, all of it is given up: questions are grouped anew."""
    try:
        document = read_json(folder / "state.json")
        if document is None:
            return State()
        accounts = {name: AccountState(**one) for name, one in document.pop("accounts").items()}
        state = State(accounts=accounts, **document)
        is_whole = all(_digest(folder / str(state.version) / file) == one for file, one in state.tables.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        is_whole = False
    if is_whole:
        return state
    log.warning("how questions were grouped is damaged (%s): they are grouped anew, and topics get new ids", folder)
    versions = [one for one in folder.iterdir() if one.is_dir() and one.name.isdigit()]
    for one in versions:
        shutil.rmtree(one)
    return State(max((int(one.name) for one in versions), default=0))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def lay(connection: DuckDBPyConnection, folder: Path, state: State, schema: str = "main") -> None:
    """Tables of the version as views of `connection`, empty ones where there is none."""
    for table, columns in TABLES.items():
        file = folder / str(state.version) / f"{table}.parquet"
        connection.execute(f"create or replace view {schema}.{table} as {rows(table, file, columns)}")


def rows(table: str, file: Path, columns: str | None = None) -> str:
    """The query for a table's rows; typed nothing where the file is not there."""
    names = [part.split() for part in (columns or TABLES[table]).split(",")]
    if file.exists():
        read = f"read_parquet({literal(str(file))}, hive_partitioning = false)"
        return f"select {', '.join(name for name, _ in names)} from {read}"
    nothing = ", ".join(f"null::{kind} as {name}" for name, kind in names)
    return f"select {nothing} where false"


def write(connection: DuckDBPyConnection, folder: Path, state: State) -> None:
    """Make the tables `new_<table>` of `connection` the version that `state` says, and let older ones go."""
    target = folder / str(state.version)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for table, columns in TABLES.items():
        names = ", ".join(part.split()[0] for part in columns.split(","))
        path = literal(str(target / f"{table}.parquet"))
        connection.execute(f"copy (select {names} from new_{table} order by all) to {path} (format parquet)")
    state = replace(state, tables={file.name: _digest(file) for file in sorted(target.glob("*.parquet"))})
    document = {**asdict(state), "accounts": {name: asdict(one) for name, one in sorted(state.accounts.items())}}
    write_durably(folder / "state.json", json.dumps(document, indent=1, ensure_ascii=False))
    for other in folder.iterdir():
        if other.is_dir() and other.name.isdigit() and int(other.name) < state.version - 1:
            shutil.rmtree(other, ignore_errors=True)
