"""The candidate on a Spark cluster: the same models, the same lake, Parquet files that never pass the driver.

<home>/candidate/spark/<schema>/<table>/     the tables; those that grow by _bucket=<digit>/_month=<yyyy-mm>
<home>/candidate/spark/tables.json           the columns of each: Spark's catalogue is gone with its session
<home>/candidate/spark/told.json             the follow-ups that were sent, and the hand-offs that were delivered
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import duckdb

import contract
from contract.types import TYPES
from flows.engines import cluster, dbt
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
    Queries,
    Topics,
    at_rest,
    derived,
    described,
    hours_of,
    plan,
    refusal,
    refused_orders,
    segment_queries,
)
from flows.engines.duckdb import lay_asked, lay_decisions, lay_titles, rows_before
from flows.engines.gather import files_of
from flows.engines.words import new_words, sentences, words
from flows.ground.build import Build
from flows.ground.errors import StorageFailed
from flows.ground.home import Home, read_json, sync_folder, write_durably
from flows.ground.progress import Progress
from flows.ground.sql import literal
from flows.lake import WIDENED, Lake, LakeFile, as_amount, lake_columns
from flows.settings import Settings, WordsSettings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SCHEMAS = ("staging", "intermediate", "metrics")
PARTITIONED_BY = ("_bucket", "_month")


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
    """Derive the candidate from the lake as of `as_of`, as the engine duckdb does, on a cluster.

    Raises InputError or ClusterUnavailable where there is no cluster, BuildFailed, StorageFailed.
    """
    todo = plan(home, lake, settings, topics, audiences, as_of=as_of, engine="spark", full_refresh=full_refresh)
    if todo.base is not None and todo.nothing_changed:
        return replace(todo.base, changed=False, segment_problems=list(todo.audiences.problems))
    return derived(todo, lake, partial(_derive, home, lake, settings, progress))


def _derive(home: Home, lake: Lake, settings: Settings, progress: Progress, todo: Plan) -> Build:
    session = cluster.session(home, settings.spark)
    try:
        _open_candidate(home, fresh=todo.base is None)
        _register(home, session)
        _prepare(session, home, lake, settings, todo)
        environment = {"CANDIDATE_TABLES": str(home.tables)}
        run = partial(
            dbt.run, home, is_full=todo.base is None, target="spark", environment=environment, progress=progress
        )
        run(exclude=[dbt.TOPICS, *at_rest(todo, {file.table for file in lake.files(todo.after)})])
        version = _group(home, session, todo, settings.memory_limit)
        run(select=[dbt.TOPICS])
        result = _describe(session, todo, version)
        _remember(home, session)
        shutil.rmtree(cluster.scratch(home), ignore_errors=True)
        result.write(home)
    except OSError as error:
        raise StorageFailed(
            str(error),
            where=str(home.candidate),
            remedy="make room or mend the permissions and run again; the last publication stands",
        ) from error
    return result


def opened(home: Home, lake: Lake, settings: Settings, built: Build, topics: Queries) -> SparkSession:
    """The session with the candidate in its catalogue, to look at, and what `topics` has of its grouping."""
    session = cluster.session(home, settings.spark)
    _register(home, session)
    _lay_loads(session, lake, built.loads_up_to)
    _lay_told(session, read_json(home.tables / "told.json") or {})
    _lay_topics(session, topics, built.topics_version)
    return session


def _lay_topics(session: SparkSession, topics: Queries, version: int) -> None:
    for table, rows in topics(version, lambda file: f"parquet.`{file}`").items():
        session.sql(rows).createOrReplaceGlobalTempView(table)


def _register(home: Home, session: SparkSession) -> None:
    """Make the session's catalogue that of the candidate: what the last build left, and nothing else."""
    for schema in SCHEMAS:
        session.sql(f"drop database if exists {schema} cascade")
        session.sql(f"create database {schema}")
    for name, columns in (read_json(home.tables / "tables.json") or {}).items():
        folder = home.tables / name.replace(".", "/")
        is_partitioned = any(column in PARTITIONED_BY for column, _ in columns)
        typed = ", ".join(f"`{column}` {kind}" for column, kind in columns)
        parts = f"partitioned by ({', '.join(PARTITIONED_BY)})" if is_partitioned else ""
        session.sql(f"create table {name} ({typed}) using parquet {parts} location '{folder}'")
        if is_partitioned:
            session.sql(f"alter table {name} recover partitions")


def _open_candidate(home: Home, *, fresh: bool) -> None:
    """Mark the candidate as under way; for a full build, start from nothing."""
    home.candidate.mkdir(parents=True, exist_ok=True)
    for verdict in (home.build_file, home.check_file, home.check_page):
        verdict.unlink(missing_ok=True)
    sync_folder(home.candidate)
    shutil.rmtree(cluster.scratch(home), ignore_errors=True)
    for gathered in (home.work_file, home.candidate_file):
        gathered.unlink(missing_ok=True)
    if fresh:
        shutil.rmtree(home.tables, ignore_errors=True)
    home.tables.mkdir(exist_ok=True)


def _prepare(session: SparkSession, home: Home, lake: Lake, settings: Settings, todo: Plan) -> None:
    """Lay what the models call the source `lake`, as views of the session."""
    after = todo.after
    files = lake.files(after)
    for table in contract.landing():
        rows = _rows(session, lake, table, files, settings.words)
        rows.where(f"_load > {after} and _load <= {todo.loads_up_to}").createOrReplaceGlobalTempView(table)
    _lay_loads(session, lake, todo.loads_up_to)
    instants = [todo.as_of.isoformat(), todo.base and todo.base.as_of, todo.number]
    _values(session, "run", {"as_of": "timestamp", "previous_as_of": "timestamp", "build_number": "bigint"}, [instants])
    columns = {column.name: TYPES[column.type].spark for column in contract.landing()["accounts"].columns}
    _values(
        session, "account_settings", columns, [[getattr(one, name) for name in columns] for one in settings.accounts]
    )
    hours = {name: TYPES[kind].spark for name, kind in HOURS_COLUMNS.items()}
    _values(session, "business_hours_settings", hours, hours_of(settings))
    _lay_segments(session, home, todo)


def _lay_segments(session: SparkSession, home: Home, todo: Plan) -> None:
    """The definitions, what was sent, and who was in which segment: as the base has it, or, in a full build, as
    published.

    Spark cannot write a table that it reads, so the rows of before are copied.
    """
    segments, queries = (
        {name: TYPES[kind].spark for name, kind in columns.items()} for columns in (SEGMENT_COLUMNS, QUERY_COLUMNS)
    )
    laid = todo.audiences.laid("spark", todo.as_of)
    _values(session, "segments", segments, [row for one in laid for row in one.rows({})])
    _values(session, "segment_queries", queries, segment_queries(laid, {}, (), lambda kind: kind.spark))
    told = {
        name: [[None if value is None else str(value) for value in row] for row in rows]
        for name, rows in {"sent": todo.audiences.sent, "handed_over": todo.audiences.handed_over}.items()
    }
    write_durably(home.tables / "told.json", json.dumps(told))
    _lay_told(session, told)
    with closing(duckdb.connect()) as connection:
        connection.execute("set TimeZone = 'UTC'")
        wanted = {"accounts", *(table for table, _ in BEFORE.values())} if todo.base else set()
        base = {table: rows for table in wanted if (rows := files_of(home, f"metrics/{table}"))}
        for source, query in rows_before(connection, home, base):
            table, names = BEFORE[source]
            copy = cluster.scratch(home) / f"{source}.parquet"
            copy.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f"copy ({query}) to {literal(str(copy))} (format parquet)")
            kinds = {name: TYPES[contract.metrics()[table].column(name).type].spark for name in names}
            schema = ", ".join(f"`{name}` {kind}" for name, kind in kinds.items())
            session.read.schema(schema).parquet(str(copy)).createOrReplaceGlobalTempView(source)


def _lay_told(session: SparkSession, told: Mapping[str, Sequence[Sequence[str | None]]]) -> None:
    """What was sent and handed over, as texts."""
    for view, name, columns in (
        ("follow_ups_sent", "sent", SENT_COLUMNS),
        ("handoffs_delivered", "handed_over", HANDED_OVER_COLUMNS),
    ):
        typed = {column: TYPES[kind].spark for column, kind in columns.items()}
        _values(session, view, typed, told.get(name, []))


def _lay_loads(session: SparkSession, lake: Lake, up_to: int) -> None:
    """A view of what each load delivered of each table, counted when somebody asks."""
    from pyspark.sql.functions import expr  # noqa: PLC0415  heavy

    files = lake.files()
    counted = [
        _rows(session, lake, table, files)
        .where(f"_load <= {up_to}")
        .groupBy(expr("_load as load"))
        .agg(
            expr("any_value(_source) as source"),
            expr(f"'{table}' as table_name"),
            expr("count(*) as rows"),
            expr("count(_refused) as refused"),
            expr("any_value(_loaded_at) as loaded_at"),
        )
        for table in contract.landing()
    ]
    reduce(lambda one, other: one.unionAll(other), counted).createOrReplaceGlobalTempView("loads")


def _rows(
    session: SparkSession, lake: Lake, table: str, files: Sequence[LakeFile], known: WordsSettings | None = None
) -> DataFrame:
    """The rows of `table` in `files`, as delivered or by known words: columns that an older file lacks are null.

    Spark reads 64 bits as a decimal only where it has 20 digits before the point.
    """
    columns = lake_columns(contract.landing()[table])
    widened = WIDENED.get(table, ())
    types = {one.name: "decimal(24,4)" if one.name in widened else TYPES[one.type].spark for one in columns}
    schema = ", ".join(f"`{name}` {kind}" for name, kind in types.items())
    paths = [lake.path(file) for file in files if file.table == table and file.rows]
    nothing = ", ".join(f"cast(null as {kind}) as `{name}`" for name, kind in types.items())
    rows = session.read.schema(schema).parquet(*paths) if paths else session.sql(f"select {nothing} where false")
    rows = rows.selectExpr(*(f"{as_amount(name)} as {name}" if name in widened else f"`{name}`" for name in types))
    return rows.selectExpr(*map(words(table, known, _literal).of, rows.columns)) if known else rows


def _literal(text: str) -> str:
    """A text as Spark's SQL writes it: with backslashes, as quotes beside each other join two texts."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _values(session: SparkSession, name: str, columns: dict[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """A view of a few rows; instants are ISO text.

    They come as an Arrow table, which is a part of the plan: of lists, Spark makes what only Python can read, on the
    workers, whenever a query asks for it.
    """
    import pyarrow as pa  # noqa: PLC0415  only who builds on Spark needs it here

    texts = [
        {column: None if value is None else str(value) for column, value in zip(columns, row, strict=True)}
        for row in rows
    ]
    frame = session.createDataFrame(pa.Table.from_pylist(texts, pa.schema([(one, pa.string()) for one in columns])))
    typed = frame.selectExpr(*(f"cast(`{column}` as {kind}) as `{column}`" for column, kind in columns.items()))
    typed.createOrReplaceGlobalTempView(name)


def _group(home: Home, session: SparkSession, todo: Plan, memory_limit: str) -> int:
    """Have the questions of what was built grouped, and lay what came of it as the source `topics`; its version.

    The files of the candidate are read by DuckDB, column by column: no row passes the session's driver.
    """
    with closing(duckdb.connect(config={"memory_limit": memory_limit})) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        for name, columns in {
            "metrics.messages": "account_id, conversation_id, position, text, sender",
            "intermediate.changed_conversations": "account_id, conversation_id",
            "staging.stg_articles": "account_id, article_id, title, body, is_published",
            "staging.stg_topic_decisions": "account_id, topic_id, state, decided_at",
            "intermediate.int_accounts": "account_id",
            "metrics.products": "account_id, product_id, title",
        }.items():
            rows = files_of(home, name.replace(".", "/"))
            nothing = ", ".join(f"null as {column}" for column in columns.split(", "))
            query = f"select {columns} from {rows}" if rows else f"select {nothing} where false"
            connection.execute(f"create view {name.partition('.')[2]} as {query}")
        connection.execute("create view accounts as select account_id from int_accounts")
        lay_asked(connection, "messages", "changed_conversations" if todo.base else None)
        connection.execute(
            """create view published_articles as
            select account_id, article_id, title, body from stg_articles semi join accounts using (account_id)
            where is_published and regexp_matches(body, '\\S')  -- of an address alone nothing is known (rule 8.3)"""
        )
        lay_titles(connection, "products")
        lay_decisions(connection, "stg_topic_decisions")
        version = todo.topics.update(connection)
    _lay_topics(session, todo.topics.queries, version)
    before = todo.base.topics_version if todo.base else None
    _values(session, "topic_versions", {"version": "bigint", "previous_version": "bigint"}, [[version, before]])
    return version


def _describe(session: SparkSession, todo: Plan, topics_version: int) -> Build:
    new = session.sql(new_words("metrics.rejected_rows", _literal)).collect()
    counts = " union all ".join(f"select '{table}', count(*) from metrics.`{table}`" for table in contract.metrics())
    changes = [
        _instant(session, f"select cast(next_change_at as string) from {model}")
        for model in (
            "global_temp.int_next_change",
            "intermediate.int_next_segment_change",
            "intermediate.int_next_follow_up_change",
        )
    ]
    return described(
        todo,
        row_counts=dict(map(tuple, session.sql(counts).collect())),
        held_back=_by_table(session, "held_back_rows"),
        refused=_by_table(session, "rejected_rows"),
        refused_orders=session.table("intermediate.int_refused_orders").count(),
        new_words=list(sentences(list(map(tuple, new)))),
        order_refusals=[refusal(*row) for row in session.sql(refused_orders("intermediate")).collect()],
        unmatched_tickets=session.sql(UNMATCHED_TICKETS.format(schema="metrics")).collect()[0][0],
        data_up_to=_instant(session, "select cast(data_up_to as string) from global_temp.int_data_up_to"),
        next_change_at=min(filter(None, changes), default=None),
        topics_version=topics_version,
    )


def _by_table(session: SparkSession, rows: str) -> dict[str, int]:
    """How many rows of a published table there are of each landing table."""
    counted = session.sql(f"select `table`, count(*) from metrics.{rows} group by 1 order by 1")
    return dict(map(tuple, counted.collect()))


def _instant(session: SparkSession, sql: str) -> datetime | None:
    """The instant that a query gives as text in UTC; None where it gives null."""
    text = session.sql(sql).collect()[0][0]
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


def _remember(home: Home, session: SparkSession) -> None:
    """Write down the columns of every table, for the session after this one."""
    names = [
        f"{schema}.{table.tableName}"
        for schema in SCHEMAS
        for table in session.sql(f"show tables in {schema}").collect()
        if not table.isTemporary
    ]
    columns = {name: [[one.name, one.dataType.simpleString()] for one in session.table(name).schema] for name in names}
    write_durably(home.tables / "tables.json", json.dumps(columns, indent=1))
