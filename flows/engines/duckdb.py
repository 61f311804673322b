"""The candidate in DuckDB: the default engine, in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile

import duckdb

import contract
from contract.types import TYPES
from flows.engines import dbt, statements
from flows.engines.candidate import (
    BEFORE,
    HANDED_OVER_COLUMNS,
    HOURS_COLUMNS,
    QUERY_COLUMNS,
    SEGMENT_COLUMNS,
    SENT_COLUMNS,
    UNMATCHED_TICKETS,
    Audiences,
    Plan,
    Topics,
    at_rest,
    derived,
    described,
    hours_of,
    plan,
    published_last,
    refusal,
    refused_orders,
    segment_queries,
)
from flows.engines.carrying_out import carry_out
from flows.engines.statements import Laid
from flows.engines.words import AS_DELIVERED, Words, is_new_word, new_words, sentences, words
from flows.ground.build import Build, state_of
from flows.ground.errors import BuildFailed, StorageFailed
from flows.ground.home import Home, sync_folder
from flows.ground.progress import Progress
from flows.ground.sql import first_line, literal, parquet
from flows.lake import Lake, LakeFile, laid, lake_columns
from flows.settings import Settings

# Of the candidate's files, and so of the published one: half the size of DuckDB's default, written in half the time.
STORAGE = "v1.4.0"
FEW = 1000  # rows that are laid as literals


def build(
    home: Home,
    lake: Lake,
    settings: Settings,
    topics: Topics,
    audiences: Audiences,
    *,
    as_of: datetime,
    full_refresh: bool,
    progress: Progress,
) -> Build:
    """Derive the candidate from the lake as of `as_of` (an aware instant, rule 1.3).

    Goes on from the last complete build where that gives the same tables (rule 1.4); returns that build with
    `changed` False where nothing changed since. While it works there is no build.json: a build that was cut off is
    noticed by the next one, which then builds everything.
    """
    todo = plan(home, lake, settings, topics, audiences, as_of=as_of, engine="duckdb", full_refresh=full_refresh)
    if todo.base is not None and todo.nothing_changed:
        return replace(todo.base, changed=False, segment_problems=list(todo.audiences.problems))
    return derived(todo, lake, partial(_derive, home, lake, settings, progress))


def _derive(home: Home, lake: Lake, settings: Settings, progress: Progress, todo: Plan) -> Build:
    try:
        _open_candidate(home, fresh=todo.base is None)
        laid = _prepare(home, lake, settings, todo)
        half = partial(_half, home, lake, settings, todo, laid=laid, progress=progress)
        half(counts_questions=False)
        version = _group(home, todo, settings.memory_limit)
        half(counts_questions=True)
        result = replace(_describe(home, todo, version), state=state_of(home))
        result.write(home)
    except (OSError, duckdb.IOException) as error:
        raise StorageFailed(
            " ".join(str(error).split()),
            where=str(home.candidate),
            remedy="make room or mend the permissions and run again; the last publication stands",
        ) from error
    except (duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException) as error:
        what, remedy = first_line(error), "build it again with --full-refresh; the last publication stands"
        raise BuildFailed(what, where=str(home.candidate), remedy=remedy) from error
    return result


def _half(
    home: Home, lake: Lake, settings: Settings, todo: Plan, *, laid: Laid, progress: Progress, counts_questions: bool
) -> None:
    """The models before questions are grouped, or those after: as dbt has carried them out before, or else by dbt,
    which then also carries out those that find nothing to do: no later run needs it for them.
    """
    quiet = at_rest(todo, {file.table for file in lake.files(todo.after)})
    views_last = todo.base is not None and todo.base.number > 1  # a build that went on has left them as they have to be
    known = statements.kept(home, todo.project_text, is_full=todo.base is None)
    half = known.half(counts_questions=counts_questions, without=quiet, with_views=not views_last)
    if half is not None:
        try:
            carry_out(home, lake, half, laid, memory_limit=settings.memory_limit, progress=progress)
        except Exception:
            statements.forget(home, known)
            raise
        return
    ran = dbt.run(
        home,
        select=[dbt.TOPICS] if counts_questions else [],
        exclude=[*([] if counts_questions else [dbt.TOPICS]), *([dbt.VIEWS] if views_last else [])],
        is_full=todo.base is None,
        target="duckdb",
        environment={
            "CANDIDATE_FOLDER": str(home.candidate),
            "CANDIDATE_MEMORY_LIMIT": settings.memory_limit,
            "LAKE_URL": settings.lake or "",
        },
        progress=progress,
    )
    statements.keep(home, known, ran, laid)


def _open_candidate(home: Home, *, fresh: bool) -> None:
    """Mark the candidate as under way; for a full build, start from empty files."""
    home.candidate.mkdir(parents=True, exist_ok=True)
    for verdict in (home.build_file, home.check_file, home.check_page):
        verdict.unlink(missing_ok=True)
    sync_folder(home.candidate)
    if fresh:
        for file in (home.work_file, home.candidate_file):
            for part in (file, file.with_name(file.name + ".wal")):
                part.unlink(missing_ok=True)
        with closing(duckdb.connect()) as connection:
            for name, file in (("work", home.work_file), ("candidate", home.candidate_file)):
                connection.execute(f"attach {literal(str(file))} as {name} (storage_version {literal(STORAGE)})")


def _prepare(home: Home, lake: Lake, settings: Settings, todo: Plan) -> Laid:
    """Lay what the models call the source `lake`: rows to read, loads, the run's values, the settings' accounts.

    Gives what dbt writes into their SQL of it.
    """
    after = todo.after
    files = lake.files(after)
    with closing(duckdb.connect(home.work_file, config={"memory_limit": settings.memory_limit})) as connection:
        connection.execute("set TimeZone = 'UTC'")
        lake.connect(connection)
        connection.execute("create schema if not exists lake")
        for table in contract.landing():
            read = words(table, settings.words, literal)
            connection.execute(rows_view(lake, table, files, after=after, up_to=todo.loads_up_to, words=read))
        connection.execute(
            """create table if not exists lake.loads
               (load bigint, source varchar, table_name varchar, rows bigint, refused bigint, loaded_at timestamptz)"""
        )
        refused = f"count(*) filter (where _refused is not null and not {is_new_word('_refused', literal)})"
        for table in sorted({file.table for file in files} & contract.landing().keys()):
            connection.execute(
                f"""insert into lake.loads
                select _load, any_value(_source), '{table}', count(*), {refused}, any_value(_loaded_at)
                from lake.{table} group by _load order by _load"""
            )
        connection.execute(
            "create or replace table lake.run (as_of timestamptz, previous_as_of timestamptz, build_number bigint)"
        )
        _insert(connection, "lake.run", [[todo.as_of, todo.base.as_of if todo.base else None, todo.number]])
        columns = contract.landing()["accounts"].columns
        _create(connection, "lake.account_settings", {column.name: column.type for column in columns})
        rows = [[getattr(account, column.name) for column in columns] for account in settings.accounts]
        _insert(connection, "lake.account_settings", rows)
        _create(connection, "lake.business_hours_settings", HOURS_COLUMNS)
        _insert(connection, "lake.business_hours_settings", hours_of(settings))
        return _lay_segments(connection, home, todo)


def _lay_segments(connection: duckdb.DuckDBPyConnection, home: Home, todo: Plan) -> Laid:
    """The definitions, what was sent, and who was in which segment: as the base has it, or, in a full build, as
    published.
    """
    answered = connection.execute("select distinct segment, digest from lake.segments").fetchall() if todo.base else []
    _create(connection, "lake.segments", SEGMENT_COLUMNS)
    laid = todo.audiences.laid("duckdb", todo.as_of)
    _insert(connection, "lake.segments", [row for one in laid for row in one.rows(dict(answered))])
    moved: Sequence[str] = ()
    previous_as_of = datetime.fromisoformat(todo.base.as_of) if todo.base else todo.as_of
    if previous_as_of < todo.as_of:
        moved = todo.audiences.moved("duckdb", previous_as_of, todo.as_of)
    _create(connection, "lake.segment_queries", QUERY_COLUMNS)
    queries = segment_queries(laid, dict(answered), moved, lambda kind: kind.duckdb)
    _insert(connection, "lake.segment_queries", queries)
    _create(connection, "lake.follow_ups_sent", SENT_COLUMNS)
    _insert(connection, "lake.follow_ups_sent", todo.audiences.sent)
    _create(connection, "lake.handoffs_delivered", HANDED_OVER_COLUMNS)
    _insert(connection, "lake.handoffs_delivered", todo.audiences.handed_over)
    if todo.base:
        connection.execute(f"attach {literal(str(home.candidate_file))} as base (read_only)")
    found = connection.execute("select table_name from duckdb_tables() where database_name = 'base'").fetchall()
    for source, query in rows_before(connection, home, {name: f"base.metrics.{name}" for (name,) in found}):
        connection.execute(f"create or replace table lake.{source} as {query}")
    if todo.base:
        connection.execute("detach base")
    return Laid(
        queries=tuple(query for _, query in queries),
        instants=tuple(at.astimezone(UTC).isoformat() for at in (previous_as_of, todo.as_of)),
    )


def rows_before(
    connection: duckdb.DuckDBPyConnection, home: Home, base: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The sources of `BEFORE` and their queries: what the base has, whose tables are given by name, and what is
    published of accounts that it lacks. So an account that is missing in a build which nobody saw loses nothing.
    """
    is_published = _attached(connection, published_last(home))
    lacks = f"anti join {base['accounts']} using (account_id)" if "accounts" in base else ""
    missing = f"select 1 from published.metrics.accounts {lacks} limit 1"
    reads_published = is_published and bool(connection.execute(missing).fetchall())
    for source, (table, columns) in BEFORE.items():
        names = ", ".join(columns)
        typed = {name: TYPES[contract.metrics()[table].column(name).type].duckdb for name in columns}
        parts = [f"select {', '.join(f'null::{kind} as {name}' for name, kind in typed.items())} where false"]
        if table in base:
            parts.append(f"select {names} from {base[table]}")
        if reads_published and _has_columns(connection, table, columns):
            parts.append(f"select {names} from published.metrics.{table} {lacks}")
        yield source, " union all ".join(parts)
    if is_published:
        connection.execute("detach published")


def _attached(connection: duckdb.DuckDBPyConnection, published: Path | None) -> bool:
    """Attach the file as `published`. One that cannot be opened is as none: publishing says what is wrong."""
    if published is None:
        return False
    try:
        connection.execute(f"attach {literal(str(published))} as published (read_only)")
    except duckdb.Error:
        return False
    return True


def _has_columns(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> bool:
    """Whether `published` has these columns; that of an earlier version may lack them."""
    found = connection.execute(
        "select count(*) from duckdb_columns() where database_name = 'published' and schema_name = 'metrics' "
        f"and table_name = {literal(table)} and column_name in ({', '.join(map(literal, columns))})"
    ).fetchall()
    return bool(found == [(len(columns),)])


def rows_view(
    lake: Lake, table: str, files: Sequence[LakeFile], *, after: int, up_to: int, words: Words = AS_DELIVERED
) -> str:
    """Typed nothing and the rows of some loads in `files`: columns that an older file does not have are null."""
    landing = contract.landing()[table]
    rows = laid(landing, [lake.path(file) for file in files if file.table == table and file.rows])
    if not any(file.table == table and file.rows for file in files):
        return f"create or replace view lake.{table} as select * from {rows}"
    names = ", ".join(words.of(column.name) for column in lake_columns(landing))
    return (
        f"create or replace view lake.{table} as select {names} from {rows} where _load > {after} and _load <= {up_to}"
    )


def _group(home: Home, todo: Plan, memory_limit: str) -> int:
    """Have the questions of what was built grouped, and lay what came of it as the source `topics`; its version."""
    with closing(duckdb.connect(config={"memory_limit": memory_limit})) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        for name, file in (("work", home.work_file), ("candidate", home.candidate_file)):
            connection.execute(f"attach {literal(str(file))} as {name} (read_only)")
        changed = "work.intermediate.changed_conversations" if todo.base else None
        lay_asked(connection, "candidate.metrics.messages", changed)
        connection.execute("create view accounts as select account_id from work.intermediate.int_accounts")
        connection.execute(
            """create view published_articles as
            select account_id, article_id, title, body
            from work.staging.stg_articles semi join accounts using (account_id)
            where is_published and regexp_matches(body, '\\S')  -- of an address alone nothing is known (rule 8.3)"""
        )
        lay_titles(connection, "candidate.metrics.products")
        lay_decisions(connection, "work.staging.stg_topic_decisions")
        version = todo.topics.update(connection)
    with closing(duckdb.connect(home.work_file)) as connection:
        connection.execute("create schema if not exists topics")
        for table, rows in todo.topics.queries(version, parquet).items():
            connection.execute(f"create or replace view topics.{table} as {rows}")
        before = todo.base.topics_version if todo.base else None
        connection.execute(
            f"""create or replace table topics.topic_versions as
            select {version}::bigint as version, {literal(before)}::bigint as previous_version"""
        )
    return version


def lay_asked(connection: duckdb.DuckDBPyConnection, messages: str, changed: str | None) -> None:
    """The views of what visitors wrote: all of it, and that of changed conversations; `changed` None means all."""
    columns = "account_id, conversation_id, position, text"
    connection.execute(f"create view all_asked as select {columns} from {messages} where sender = 'visitor'")
    only = f"semi join {changed} using (account_id, conversation_id)" if changed else ""
    connection.execute(f"create view changed_asked as select * from all_asked {only}")


def lay_decisions(connection: duckdb.DuckDBPyConnection, decisions: str) -> None:
    """The view of what people decided of topics."""
    columns = "account_id, topic_id, state, cast(decided_at as timestamptz) as decided_at"
    connection.execute(f"create view topic_decisions as select {columns} from {decisions}")


def lay_titles(connection: duckdb.DuckDBPyConnection, products: str) -> None:
    """The view of the products' titles, by which a question names a product (rule 8.4)."""
    connection.execute(
        f"create view titled_products as select account_id, product_id, title from {products} where title is not null"
    )


def _describe(home: Home, todo: Plan, topics_version: int) -> Build:
    """Count what was built, and leave both files whole on disk, without a write-ahead log."""
    with closing(duckdb.connect(home.work_file)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {literal(str(home.candidate_file))} as candidate")
        row_counts = {
            table: _number(connection, f'select count(*) from candidate.metrics."{table}"')
            for table in contract.metrics()
        }
        held_back, refused = (
            dict(
                connection.execute(
                    f'select "table", count(*) from candidate.metrics.{rows} group by all order by all'
                ).fetchall()
            )
            for rows in ("held_back_rows", "rejected_rows")
        )
        orders = _number(connection, "select count(*) from intermediate.int_refused_orders")
        refusals = [refusal(*row) for row in connection.execute(refused_orders("intermediate")).fetchall()]
        new = connection.execute(new_words('candidate.metrics."rejected_rows"', literal)).fetchall()
        unmatched = _number(connection, UNMATCHED_TICKETS.format(schema="candidate.metrics"))
        newest = _instant(connection, "select epoch_us(data_up_to) from intermediate.int_data_up_to")
        changes = [
            _instant(connection, f"select epoch_us(next_change_at) from intermediate.{model}")
            for model in ("int_next_change", "int_next_segment_change", "int_next_follow_up_change")
        ]
        connection.execute("checkpoint candidate")
        connection.execute("checkpoint")
    return described(
        todo,
        row_counts=row_counts,
        held_back=held_back,
        refused=refused,
        refused_orders=orders,
        order_refusals=refusals,
        new_words=list(sentences(new)),
        unmatched_tickets=unmatched,
        data_up_to=newest,
        next_change_at=min(filter(None, changes), default=None),
        topics_version=topics_version,
    )


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    assert row is not None  # noqa: S101 - an aggregate without groups always gives a row
    return int(row[0])


def _instant(connection: duckdb.DuckDBPyConnection, sql: str) -> datetime | None:
    """The instant that a query gives as microseconds; None where it gives null."""
    (microseconds,) = connection.execute(sql).fetchall()[0]
    return None if microseconds is None else datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)


def _create(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> None:
    """An empty table of columns with types of the contract."""
    definitions = ", ".join(f"{name} {TYPES[kind].duckdb}" for name, kind in columns.items())
    connection.execute(f"create or replace table {table} ({definitions})")


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[str | int | date | None]]
) -> None:
    """A few rows as literals, since bound parameters make DuckDB import pandas; many of them from a file of texts."""
    if len(rows) > FEW:
        with NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
            for row in rows:
                texts = {f"c{place}": None if one is None else str(one) for place, one in enumerate(row)}
                file.write(json.dumps(texts) + "\n")
            file.flush()
            columns = ", ".join(f"c{place}: 'varchar'" for place in range(len(rows[0])))
            told = f"read_json({literal(file.name)}, format = 'newline_delimited', columns = {{{columns}}})"
            connection.execute(f"insert into {table} select * from {told}")
    elif rows:
        values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
        connection.execute(f"insert into {table} values {values}")
