"""From what a client reads, batch by batch, to loads of the lake: rows and the place to go on from, at once.

The place stands in the manifest of the load that brought its rows, as its inputs do. So it is lost with no working
folder, and a pull that was killed goes on after the last rows that were committed.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import duckdb

import contract
from flows.ground.errors import SourceRefused
from flows.ground.memory import half_of_the_memory
from flows.ground.progress import Progress
from flows.ground.sql import literal
from flows.lake import PARTS, Input, Lake, LoadWriter
from flows.lake.damage import reading
from flows.lake.landing import Given, laid, landed, landing_columns
from flows.lake.store import storing
from flows.sources.api import parts
from flows.sources.api.parts import Known, Part, whole
from flows.sources.api.records import Unknown
from flows.sources.api.rows import UNEXPECTED, Row, reason
from flows.sources.columns import ColumnFile, Columns, Shape
from flows.sources.pulled import FirstLoad, PulledAccount

COMMIT_ROWS = 50_000  # what a load has at most; its memory is that of so many, with their payloads
COMMIT_SECONDS = 120.0
_EXAMPLES = 5
TOLD = "unknown"  # in the place: what was told already of what nobody expected
_LINE_BYTES = 64 * 1024 * 1024  # of one row with its payload

Place = Mapping[str, str]
JsonObject = dict[str, Any]  # as the other system gave it: nothing guarantees what is in it


@dataclass(frozen=True)
class Batch:
    """What one answer gave. Once its rows are committed, `place` says where to go on; names that it lacks stay.

    A milestone is kept although no row came with it. Parts wait in the lake until the client's `joined` makes rows of
    all that is known of a thing. `share` is how much of a first load is done, between 0 and 1, while it is under way.
    Rows can also come as columns; those of one table have one shape in a pull. Warnings are of the pull, as sentences.
    """

    rows: Sequence[Row]
    place: Place = field(default_factory=dict)
    share: float | None = None
    parts: Sequence[Part] = ()
    is_milestone: bool = False
    columns: Columns | None = None
    warnings: Sequence[str] = ()

    @property
    def count(self) -> int:
        return len(self.rows) + len(self.parts) + (self.columns.rows.num_rows if self.columns else 0)


class Client(ABC):
    """One account's view of a source. `rereads` is how far back it asks for what it may have read already."""

    account: str
    rereads: timedelta

    @cached_property
    def unknown(self) -> Unknown:
        """What the answers have that nobody expected."""
        return Unknown()

    @abstractmethod
    def read(self, place: Place, known: Known) -> Iterator[Batch]:
        """What is new since `place`; `known` is what came before.

        Raises SourceUnavailable, SourceRefused; what was given before counts.
        """

    @abstractmethod
    def check(self) -> str:
        """One cheap call: what works, as a sentence. Raises SourceUnavailable, SourceRefused, InputError."""

    def joined(self, of: str, parts: Sequence[Part]) -> Iterable[Row]:
        """The rows of one thing from all its parts; none where what a row requires has not come yet.

        Only of a source whose batches have parts.
        """
        raise NotImplementedError(of, parts)


def pull(
    source: str, client: Client, lake: Lake, progress: Progress, minutes: float, *, memory_limit: str = ""
) -> PulledAccount:
    """Load what is new, in one load or several. The caller holds the lock of the home.

    After `minutes` it stops at the next batch that says where to go on. `memory_limit` is as DuckDB spells it, by
    default half of the memory. Raises SourceUnavailable and SourceRefused
    once what came before is committed; StorageFailed.
    """
    account, prefix = client.account, f"{client.account}/"
    place = {name.removeprefix(prefix): value for name, value in lake.inputs(source).items() if name.startswith(prefix)}
    told = json.loads(place.pop(TOLD, "[]"))
    loading = _Loading(source, client, lake, memory_limit or half_of_the_memory(), told)
    began, shares = time.monotonic(), list[float]()
    progress.start(f"pull {source} ({account})")
    try:
        for pages, batch in enumerate(client.read(place, Known(lake, account)), 1):
            loading.add(batch)
            shares += [batch.share] if batch.share is not None else []
            share = f", {batch.share:.1%} loaded" if batch.share is not None else ""
            progress.advance(batch.count, what=f"page {pages:,}, {loading.count:,} rows{share}")
            if batch.place and time.monotonic() - began > minutes * 60:
                loading.has_milestone = True  # else a place without news would be where the next pull stops as well
                break
            if (batch.place or batch.columns) and loading.is_due(time.monotonic()):
                loading.commit()
    except UNEXPECTED as error:  # what is no record: the other sources go on, and so does this one in the next run
        what = f"{source} answers in a shape that is not known ({reason(error)})"
        raise SourceRefused(what, where=account, remedy="the API has changed; report it") from error
    finally:
        try:
            loading.commit()
        finally:
            loading.close()
            progress.finish()
    return loading.summary(_first_load(shares, time.monotonic() - began))


def _first_load(shares: Sequence[float], seconds: float) -> FirstLoad | None:
    if not shares or shares[-1] >= 1:
        return None
    pace = (shares[-1] - shares[0]) / seconds if seconds else 0.0
    left = timedelta(seconds=(1 - shares[-1]) / pace) if pace > 0 else None
    over = (datetime.now(UTC) + left).isoformat(timespec="minutes") if left and left.days < 1000 else None
    return FirstLoad(round(shares[-1], 4), over)


class _Loading:
    """Rows wait in files of JSON lines until they are committed: memory does not grow with their number."""

    def __init__(self, source: str, client: Client, lake: Lake, memory_limit: str, told: Sequence[str]) -> None:
        self._memory_limit, self._told = memory_limit, told
        self._source, self._client, self._account, self._lake = source, client, client.account, lake
        self._writer: LoadWriter | None = None
        self._files: dict[str, IO[str]] = {}
        self._columns: dict[str, ColumnFile] = {}
        self._conditional: set[str] = set()
        self._ignored: dict[str, list[str]] = {}
        self._place: dict[str, str] = {}
        self._waiting = 0
        self.has_milestone = False
        self._since = 0.0
        self.count = 0
        self._loads: list[int] = []
        self._rows: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._refusals: list[str] = []
        self._warnings: list[str] = []

    def add(self, batch: Batch) -> None:
        for row in batch.rows:
            self._write(row)
        for part in batch.parts:
            self._file(PARTS).write(whole(parts.line(part)) + "\n")
        if batch.columns:
            file = self._column_file(batch.columns.shape)
            with storing(file.path):
                file.write(batch.columns.rows)
        self._waiting += batch.count
        self.count += batch.count
        self.has_milestone |= batch.is_milestone
        self._warnings += batch.warnings
        self._place.update(batch.place)

    def is_due(self, now: float) -> bool:
        self._since = self._since or now
        return self._waiting >= COMMIT_ROWS or (self._waiting > 0 and now - self._since > COMMIT_SECONDS)

    def commit(self) -> None:
        """Make what was added one load, with its place; where nothing was, the place is found again."""
        if not self._waiting and not self.has_milestone:
            return
        writer = self._begun()
        limits: dict[str, Any] = {
            "memory_limit": self._memory_limit,
            "temp_directory": str(writer.scratch),
            "enable_external_file_cache": False,
        }
        with storing(writer.scratch), duckdb.connect(config=limits) as connection, reading(self._lake):
            connection.execute("SET TimeZone = 'UTC'")
            self._lake.connect(connection)
            known = self._lake.files()
            if PARTS in self._files:
                self._join(connection, writer, [self._lake.path(one) for one in known if one.table == PARTS])
            files: dict[str, IO[str] | ColumnFile] = {**self._files, **self._columns}
            for ordinal, (table, file) in enumerate(sorted(files.items())):
                file.close()
                paths = [self._lake.path(one) for one in known if one.table == table]
                is_conditional = table in self._conditional
                rows = file.landed() if isinstance(file, ColumnFile) else _landed(table, file.name, is_conditional)
                if is_conditional:
                    rows = _if_known(rows, table, paths)
                if paths:
                    rows = _unknown(rows, table, paths, self._source, writer.loaded_at - self._client.rereads)
                written = writer.write(connection, table, ordinal, rows)
                self._refusals += _examples(connection, table, written)
            self._warnings += writer.warnings(connection)
        if any(file.rows for file in writer.files) or self.has_milestone:
            self._committed(writer)
        self._writer, self._files, self._columns, self._place, self._waiting, self._since = None, {}, {}, {}, 0, 0.0
        self._conditional = set()
        self.has_milestone = False

    def close(self) -> None:
        """Let go of what a failure left open; the next load sweeps it away."""
        files: list[IO[str] | ColumnFile] = [*self._files.values(), *self._columns.values()]
        for file in files:
            file.close()

    def _committed(self, writer: LoadWriter) -> None:
        if new := self._client.unknown.besides(self._told):
            self._place[TOLD] = json.dumps(sorted({*self._told, *new}))
        inputs = tuple(Input(f"{self._account}/{name}", value) for name, value in sorted(self._place.items()))
        load = writer.commit(inputs, {table: self._ignored[table] for table in self._columns if self._ignored[table]})
        self._loads.append(load.number)
        for one in load.files:
            self._rows[one.table] += one.rows
            self._refused[one.table] += one.refused

    def _join(self, connection: duckdb.DuckDBPyConnection, writer: LoadWriter, earlier: Sequence[str]) -> None:
        """Keep the parts that say something new, and write the rows of what they speak of."""
        file = self._files.pop(PARTS)
        file.close()
        if parts.settle(connection, self._account, Path(file.name), earlier):
            for of, known in parts.things(connection):
                for row in self._client.joined(of, known):
                    self._write(row)
            writer.write(connection, PARTS, 0, parts.to_write(self._account))

    def _write(self, row: Row) -> None:
        document = {"row": row.values, "record": row.record, "refused": row.refused}
        if row.only_if_known:
            document["conditional"] = True
            self._conditional.add(row.table)
        self._file(row.table).write(whole(json.dumps(document, ensure_ascii=False, default=str)) + "\n")

    def summary(self, first_load: FirstLoad | None) -> PulledAccount:
        return PulledAccount(
            self._source,
            account=self._account,
            loads=self._loads,
            rows=dict(self._rows),
            refused=dict(+self._refused),
            refusals=self._refusals[:_EXAMPLES],
            first_load=first_load,
            ignored_columns={table: names for table, names in self._ignored.items() if names},
            unknown_fields=self._client.unknown.besides(self._told),
            warnings=self._warnings[:_EXAMPLES],
        )

    def _begun(self) -> LoadWriter:
        if self._writer is None:
            self._writer = self._lake.begin(self._source)
        return self._writer

    def _file(self, table: str) -> IO[str]:
        if table not in self._files:
            scratch = self._begun().scratch
            with storing(scratch):
                self._files[table] = (scratch / f"{table}.jsonl").open("w", encoding="utf-8")
        return self._files[table]

    def _column_file(self, shape: Shape) -> ColumnFile:
        if shape.table not in self._columns:
            scratch = self._begun().scratch
            with storing(scratch):
                self._columns[shape.table] = ColumnFile(shape, scratch / f"{shape.table}.columns")
            self._ignored[shape.table] = shape.ignored()
        return self._columns[shape.table]


def _landed(table: str, file: str, is_conditional: bool) -> str:
    columns = landing_columns(contract.landing()[table])
    structure = json.dumps({column.name: "JSON" for column in columns})
    lines = (
        f"(SELECT row_number() OVER () AS _position, json_transform(json -> '$.row', {literal(structure)}) AS _object, "
        f"(json -> '$.record')::VARCHAR AS _record, json ->> '$.refused' AS _unread, "
        f"coalesce((json -> '$.conditional')::BOOLEAN, false) AS _conditional "
        f"FROM read_json_objects({literal(file)}, format='newline_delimited', "
        f"maximum_object_size={_LINE_BYTES}, compression='uncompressed'))"
    )
    given = {column.name: Given(f'_object."{column.name}"', "json") for column in columns}
    return landed(
        contract.landing()[table],
        lines,
        given,
        broken="_unread",
        payload="_record",
        keep=("_position", "_conditional") if is_conditional else ("_position",),
        keeps_payload=True,
    )


def _if_known(rows: str, table: str, paths: Sequence[str]) -> str:
    """`rows` without the conditional ones with whose key no other stands in `rows` or in the lake's files."""
    key = ", ".join(f'"{column}"' for column in contract.landing()[table].key)
    files = ", ".join(map(literal, paths))
    there = f"UNION ALL SELECT {key}, _refused FROM read_parquet([{files}], union_by_name = true)" if paths else ""
    return f"""WITH delivered AS MATERIALIZED ({rows}),
        there AS (SELECT {key}, _refused FROM delivered WHERE NOT _conditional {there})
        SELECT * EXCLUDE (_conditional) FROM delivered
        WHERE NOT _conditional OR ({key}) IN (SELECT ({key}) FROM there WHERE _refused IS NULL)
        ORDER BY _position"""


def _unknown(rows: str, table: str, paths: Sequence[str], source: str, since: datetime) -> str:
    """Those of `rows` that are not what the newest row with their key already says; looked up as far as `since`.

    Of refused rows those that were not refused before, word for word.
    """
    key = ", ".join(f'"{column}"' for column in contract.landing()[table].key)
    columns = ", ".join(f'"{column.name}"' for column in contract.landing()[table].columns)
    says = f"row({columns}, _payload)"  # not when it was updated: a stamp alone is not news
    there = f"""{laid(contract.landing()[table], paths)}
            WHERE _source = {literal(source)} AND _loaded_at >= TIMESTAMPTZ {literal(since.isoformat())}"""
    return f"""WITH delivered AS MATERIALIZED (SELECT *, {says} AS _says FROM ({rows})),
        known AS (
            SELECT {key}, arg_max({says}, (_load, _file, _position)) AS _says FROM {there}
                AND _refused IS NULL AND ({key}) IN (SELECT ({key}) FROM delivered)
            GROUP BY {key}
        ),
        refused AS (SELECT DISTINCT account_id, _payload FROM {there} AND _refused IS NOT NULL)
        SELECT * EXCLUDE (_says) FROM delivered ANTI JOIN known USING ({key}, _says)
        ANTI JOIN refused ON _refused IS NOT NULL AND delivered._payload = refused._payload
            AND delivered.account_id IS NOT DISTINCT FROM refused.account_id
        ORDER BY _position"""


def _examples(connection: duckdb.DuckDBPyConnection, table: str, written: Path) -> list[str]:
    refused = connection.execute(
        f"SELECT _refused FROM read_parquet({literal(str(written))}, hive_partitioning=false) "
        f"WHERE _refused IS NOT NULL ORDER BY _position LIMIT {_EXAMPLES}"
    ).fetchall()
    return [f"{table}: {reason}" for (reason,) in refused]
