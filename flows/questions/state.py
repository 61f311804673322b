"""What is remembered of questions from run to run: a folder of Parquet files for each version, and a page that names
the newest.

    <home>/topics/state.json        which version counts, made how, and which articles it was tested against
    <home>/topics/<version>/*.parquet   the tables below, which the models tagged `topics` read; of topic_texts, which
                                    grows with history, what changed since it was last written whole is a file beside it
    <home>/topics/spaces/           what is kept to save time (neighbours.py)

A version is whole before the page names it, so that a kill leaves the one before. Texts of shoppers are kept for the
exemplars alone; all other questions are known by the MD5 of their text.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from duckdb import DuckDBPyConnection

from flows.ground.home import read_json, write_durably
from flows.ground.sql import literal, parquet

log = logging.getLogger("agent_metrics")

TEXTS, SINCE = "topic_texts", "topic_texts_since"
FEW = 8  # of the texts written whole, one in so many may have changed since; then all are written whole again

TABLES = {
    TEXTS: """account_id varchar, text_key varchar, kind varchar, follows_up boolean, about varchar,
        product_id varchar, exemplar_key varchar, nearness double, updated_in bigint""",
    "topic_exemplars": """account_id varchar, exemplar_key varchar, topic_id varchar, best_article_id varchar,
        coverage_score double, updated_in bigint, text varchar, questions bigint""",
    "topic_names": """account_id varchar, topic_id varchar, label varchar, representative_question varchar,
        best_article_id varchar, coverage_score double""",
    "topic_coverage": """account_id varchar, topic_id varchar, changed_at timestamptz, is_covered boolean,
        article_id varchar""",
    "topic_articles": "account_id varchar, article_id varchar, digest varchar, seen_at timestamptz",
    "topic_changes": """account_id varchar, change_id varchar, changed_at timestamptz, change varchar,
        topic_id varchar, other_topic_id varchar""",
    "topic_waiting": "account_id varchar, questions bigint",
}


@dataclass(frozen=True)
class AccountState:
    """Of one account: how many distinct questions were grouped last, a digest of the articles that it was tested
    against, and how, the name under which its space is kept (neighbours.py), and a digest of the titles of its
    products. `method` says how its texts are understood (versions.grouping), empty where an earlier version did not;
    `waits` is the version since which questions have no place, or the account is to be grouped anew; 0 where nothing
    waits, true where an earlier version did not note which.
    """

    grouped: int
    articles: str
    space: str = ""
    titles: str = ""
    method: str = ""
    waits: int = 0


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

    def method(self) -> str:
        """How the texts of all accounts were understood before each account said it itself."""
        return f"{self.embedder} {self.grouping}"


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


def waiting(folder: Path) -> list[str]:
    """Accounts whose questions have no place yet, or are to be grouped anew, so that another run has work; none where
    what is remembered is damaged, which the next update sees to.
    """
    try:
        document = read_json(folder / "state.json") or {}
        return sorted(name for name, one in document.get("accounts", {}).items() if one.get("waits"))
    except (OSError, ValueError, AttributeError):
        return []


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def lay(connection: DuckDBPyConnection, folder: Path, state: State) -> None:
    """Tables of the version as views of `connection`, empty ones where there is none; and of the texts, those written
    whole as `kept_texts` and those that changed since as `texts_since`.
    """
    version = folder / str(state.version)
    for table in TABLES:
        rows = _with_columns(table, version / f"{table}.parquet")
        if table == TEXTS:
            rows = over(f"({rows})", f"({_with_columns(TEXTS, version / f'{SINCE}.parquet')})")
        connection.execute(f"create or replace view {table} as {rows}")
    for view, table in {"kept_texts": TEXTS, "texts_since": SINCE}.items():
        file = version / f"{table}.parquet"
        connection.execute(f"create or replace view {view} as {_with_columns(TEXTS, file)}")


def views(version: Path, relation: Callable[[Path], str]) -> dict[str, str]:
    """The queries for the tables in the folder of a version; `relation` names a Parquet file in the engine's SQL."""
    files = {file.stem: relation(file) for file in sorted(version.glob("*.parquet"))}
    since = files.pop(SINCE, None)
    found = {table: f"select * from {file}" for table, file in files.items()}
    if since:
        found[TEXTS] = over(files[TEXTS], since)
    return found


def over(kept: str, since: str) -> str:
    """The query for texts of which some are newer in `since`."""
    return f"""select * from {kept} as kept where not exists (
            select 1 from {since} as since
            where since.account_id = kept.account_id and since.text_key = kept.text_key
        ) union all select * from {since}"""


def _with_columns(table: str, file: Path) -> str:
    """The query for the rows of a file, none where there is no file; columns that an older version lacked are null."""
    names = [part.split() for part in TABLES[table].split(",")]
    nothing = f"select {', '.join(f'null::{kind} as {name}' for name, kind in names)} where false"
    return f"{nothing} union all by name select * from {parquet(file)}" if file.exists() else nothing


def write(connection: DuckDBPyConnection, folder: Path, old: State, state: State, *, anew: bool) -> None:
    """Make the tables `new_<table>` of `connection` the version that `state` says, after `old`, and let older ones go.

    Texts that `connection` has as `kept_texts` stay in their file where few changed (`new_texts`), unless those of an
    account were made `anew`.
    """
    target = folder / str(state.version)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    written = {table: f"new_{table}" for table in TABLES}
    ((kept, since),) = connection.execute(
        "select (select count(*) from kept_texts), (select count(*) from new_texts)"
    ).fetchall()
    is_kept = not anew and since * FEW < kept
    if is_kept:
        written = {SINCE: "new_texts", **{table: rows for table, rows in written.items() if table != TEXTS}}
        _again(folder / str(old.version) / f"{TEXTS}.parquet", target / f"{TEXTS}.parquet")
    for table, rows in written.items():
        names = ", ".join(part.split()[0] for part in TABLES[TEXTS if table == SINCE else table].split(","))
        path = literal(str(target / f"{table}.parquet"))
        connection.execute(f"copy (select {names} from {rows} order by all) to {path} (format parquet)")
    known = {f"{TEXTS}.parquet": old.tables.get(f"{TEXTS}.parquet", "")} if is_kept else {}
    tables = {file.name: known.get(file.name) or _digest(file) for file in sorted(target.glob("*.parquet"))}
    state = replace(state, tables=tables)
    document = {**asdict(state), "accounts": {name: asdict(one) for name, one in sorted(state.accounts.items())}}
    write_durably(folder / "state.json", json.dumps(document, indent=1, ensure_ascii=False))
    for other in folder.iterdir():
        if other.is_dir() and other.name.isdigit() and int(other.name) < state.version - 1:
            shutil.rmtree(other, ignore_errors=True)


def _again(file: Path, target: Path) -> None:
    """The same file under another name; a copy where the file system has no hard links."""
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)
