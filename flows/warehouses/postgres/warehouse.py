"""The warehouse in Postgres: what readers see changes by one commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flows.ground.address import Address
from flows.ground.errors import NothingPublished, WarehouseFailed
from flows.ground.home import Home
from flows.ground.memory import half_of_the_memory
from flows.ground.sql import literal
from flows.warehouses.files import kept_file
from flows.warehouses.postgres.connection import problem, snapshot, writing
from flows.warehouses.postgres.switching import CommitLost, send
from flows.warehouses.publication import Publication, Published, read_published
from flows.warehouses.reader import Reader
from flows.warehouses.remembered import remember, remembered
from flows.warehouses.warehouse import Sent

if TYPE_CHECKING:
    import pyarrow as pa

    from flows.warehouses.postgres.connection import Connection


HINDRANCE = """
select case
    when current_setting('server_encoding') <> 'UTF8' then 'its encoding is not UTF8'
    when not has_database_privilege(current_database(), 'temporary')
        then current_user || ' may make no temporary tables there'
    when exists (
        select 1 from pg_namespace
        where nspname in ('metrics', 'provenance') and not pg_has_role(nspowner, 'usage')
    ) then 'its schemas do not belong to ' || current_user
    when not has_database_privilege(current_database(), 'create')
        and (to_regnamespace('metrics') is null or to_regnamespace('provenance') is null)
        then current_user || ' may make no schemas there'
    when exists (
        select 1 from pg_class
        where relnamespace in (to_regnamespace('metrics'), to_regnamespace('provenance')) and relkind = 'r'
            and not pg_has_role(relowner, 'usage')
    ) then 'its tables do not belong to ' || current_user
end
"""
SEEN = """
select n.nspname || '.' || c.relname, a.attname
from pg_namespace as n
join pg_class as c on c.relnamespace = n.oid
join pg_attribute as a on a.attrelid = c.oid
where n.nspname in ('metrics', 'provenance') and has_schema_privilege(n.oid, 'usage')
    and c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped
    and has_column_privilege(c.oid, a.attnum, 'select')
"""


@dataclass(frozen=True)
class Postgres:
    """A database of Postgres, for the publications of `home`."""

    home: Home
    address: Address
    memory_limit: str = field(default_factory=half_of_the_memory)

    def __str__(self) -> str:
        return str(self.address)

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """One whole publication. Raises NothingPublished before the first one, WarehouseFailed if it cannot be read."""
        with snapshot(self.address) as connection:
            reader = _Reader(connection, self.address)
            if not reader.rows("select 1 where to_regclass('metrics.publications') is not null"):
                remedy = "run `agent-metrics run` first, or see which database the URL names"
                raise NothingPublished("nothing is published there yet", where=str(self), remedy=remedy)
            yield reader

    def standing(self) -> Published | None:
        """What stands there, None before the first publication. Raises WarehouseFailed if it cannot be read."""
        with snapshot(self.address) as connection:
            reader = _Reader(connection, self.address)
            if not reader.rows("select 1 where to_regclass('metrics.publications') is not null"):
                return None
            published = read_published(reader)
            if published is None:
                return None
            names = ", ".join(map(literal, sorted(published.newest.row_counts))) or "null"
            differs = reader.rows(
                f"""select name from unnest(array[{names}]::text[]) as names (name)
                where to_regclass('metrics.' || quote_ident(name)) is null"""
            )
            if reader.sees("provenance.build", "publication_id"):
                differs += reader.rows("select 1 from provenance.build where publication_id = ''")
            return replace(published, is_whole=not differs)

    def hindrance(self) -> str | None:
        """What keeps this user from publishing there, as far as can be told without trying."""
        with snapshot(self.address) as connection:
            ((hindrance,),) = _Reader(connection, self.address).rows(HINDRANCE)
            return str(hindrance) if hindrance else None

    def switch(self, publication: Publication) -> Sent | None:
        """Show the publication, which is kept, by sending what differs from what stands there.

        Gives what was sent. Raises WarehouseFailed, StorageFailed, OSError; what stood there stands on then.
        """
        new = kept_file(self.home, publication.publication_id)
        if not new.exists():
            what = f"publication {publication.publication_id} is not kept here any more, so it cannot be sent"
            raise WarehouseFailed(what, where=str(self), remedy="run again, so that there is a new publication")
        before = remembered(self.home).stands.get(str(self))
        # What it stands at is told by the database; this is for the time when it does not answer.
        remember(self.home, str(self), stands=before, sent=publication.publication_id)
        try:
            sent = send(self.home, self.address, publication, new, self.memory_limit)
        except CommitLost as lost:  # it shows the old one or the new one: both are kept until it tells
            raise lost.error from None
        except BaseException:
            remember(self.home, str(self), stands=before)
            raise
        remember(self.home, str(self), stands=publication.publication_id)
        return sent


@dataclass(frozen=True)
class _Reader:
    connection: Connection
    address: Address

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        import psycopg  # noqa: PLC0415

        try:
            return self.connection.execute(sql.encode()).fetchall()
        except psycopg.Error as error:
            raise problem(self.address, error) from None

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa  # noqa: PLC0415  a part of a second

        # ADBC streams what psycopg would hold whole. It is another connection, which is lent the snapshot of this one;
        # that must not be taken away while the stream lasts.
        self.connection.execute("set local idle_in_transaction_session_timeout = '0'")
        ((lent,),) = self.rows("select pg_export_snapshot()")
        with writing(self.address) as cursor:
            cursor.execute("set transaction isolation level repeatable read, read only")
            cursor.execute(f"set transaction snapshot {literal(lent)}")
            try:
                cursor.execute(sql)
                yield from map(_plain, cursor.fetch_record_batch())
            except (pa.ArrowException, OSError) as error:  # what comes while it streams is pyarrow's
                raise problem(self.address, error) from None

    def sees(self, table: str, column: str) -> bool:
        return (table, column) in self._columns

    @cached_property
    def _columns(self) -> set[tuple[str, str]]:
        return {(table, column) for table, column in self.rows(SEEN)}


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with amounts as decimals: ADBC gives numeric as text."""
    import pyarrow as pa  # noqa: PLC0415

    columns = [
        column.storage.cast(pa.decimal128(38, 4)) if isinstance(column.type, pa.OpaqueType) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
