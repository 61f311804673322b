"""Parts: what several answers of a source say of one thing, kept in the lake until they make its rows."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb

from flows.ground.sql import literal
from flows.lake import PARTS, Lake
from flows.lake.damage import reading

_LINE_BYTES = 64 * 1024 * 1024
_FETCHED = 10_000


@dataclass(frozen=True)
class Part:
    """What one answer says of a thing of which several speak: `of` is the thing's id, `kind` and `id` are the part's.

    `at` is an ISO instant; of several parts with one name the one with the latest counts, then the one read last.
    """

    of: str
    kind: str
    id: str
    record: Any
    at: str | None = None


def whole(text: str) -> str:
    """The text with U+FFFD for each half of a character (a lone surrogate), which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def line(part: Part) -> str:
    """The part as a line of JSON."""
    return json.dumps([part.of, part.kind, part.id, part.at, part.record], ensure_ascii=False)


def settle(connection: duckdb.DuckDBPyConnection, account: str, file: Path, earlier: Sequence[str]) -> int:
    """Find out which parts in `file`, lines of `line`, say something new; how many there are.

    `earlier` are the Parquet files of parts in the lake. The table `parts_new` is then what has to be written there.
    """
    said = ", ".join(f"json ->> '$[{number}]' AS {name}" for number, name in enumerate(("part_of", "kind", "part_id")))
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE parts_read AS
        SELECT row_number() OVER () AS _position, {said}, try_cast(json ->> '$[3]' AS TIMESTAMPTZ) AS said_at,
            (json -> '$[4]')::VARCHAR AS _payload
        FROM read_json_objects({literal(str(file))}, format='newline_delimited', maximum_object_size={_LINE_BYTES})"""
    )
    found = (
        f"read_parquet([{', '.join(map(literal, earlier))}], union_by_name = true, hive_partitioning = false)"
        if earlier
        else "(SELECT *, '' AS account_id, 0 AS _load, 0 AS _file FROM parts_read WHERE false)"
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE parts_known AS
        SELECT part_of, kind, part_id, said_at, _payload, _load, _file, _position FROM {found}
        WHERE account_id = {literal(account)} AND part_of IN (SELECT part_of FROM parts_read)"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE parts_new AS
        WITH latest AS (
            SELECT part_of, kind, part_id, arg_max(_payload, (said_at IS NOT NULL, said_at, _load, _file, _position))
                AS _payload
            FROM parts_known GROUP BY ALL
        )
        SELECT * FROM parts_read ANTI JOIN latest USING (part_of, kind, part_id, _payload)"""
    )
    ((count,),) = connection.execute("SELECT count(*) FROM parts_new").fetchall()
    return int(count)


def to_write(account: str) -> str:
    """SQL of the rows of `parts_new`, as the lake takes them."""
    return (
        f"SELECT {literal(account)} AS account_id, part_of, kind, part_id, said_at, _position, "
        "NULL::VARCHAR AS _refused, _payload FROM parts_new ORDER BY _position"
    )


def things(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, list[Part]]]:
    """Every thing with a new part, and all of its parts that count, by kind and time."""
    counting = connection.execute(
        """WITH everything AS (
            SELECT part_of, kind, part_id, said_at, _payload, _load, _file, _position FROM parts_known
            UNION ALL
            SELECT part_of, kind, part_id, said_at, _payload, 9223372036854775807, 0, _position FROM parts_new
        )
        SELECT part_of, kind, part_id, _payload, strftime(said_at, '%Y-%m-%dT%H:%M:%S.%fZ')
        FROM everything WHERE part_of IN (SELECT part_of FROM parts_new)
        QUALIFY row_number() OVER (
            PARTITION BY part_of, kind, part_id ORDER BY said_at DESC NULLS LAST, _load DESC, _file DESC, _position DESC
        ) = 1
        ORDER BY part_of, kind, said_at NULLS FIRST, part_id"""
    )

    def rows() -> Iterator[tuple[Any, ...]]:
        while found := counting.fetchmany(_FETCHED):
            yield from found

    for of, parts in groupby(rows(), key=itemgetter(0)):
        yield of, [Part(of, kind, name, json.loads(record), at) for _, kind, name, record, at in parts]


class Known:
    """What stood in the lake when a pull began."""

    def __init__(self, lake: Lake, account: str) -> None:
        self._lake, self._account = lake, account
        self._files = lake.files()

    def of(self, things: Collection[str], kind: str) -> dict[str, Any]:
        """The record of one kind for each of these things that has such a part; the newest, where it has several."""
        if not things or not self._has(PARTS):
            return {}
        found = self._rows(
            f"""SELECT part_of, arg_max(_payload, (said_at IS NOT NULL, said_at, _load, _file, _position))
            FROM {self._table(PARTS)}
            WHERE account_id = $account AND kind = $kind AND list_contains($things, part_of)
            GROUP BY part_of""",
            kind=kind,
            things=list(things),
        )
        return {of: json.loads(record) for of, record in found}

    def count(self, kind: str, besides: Collection[str]) -> int:
        """How many things have a part of this kind, those named `besides` included."""
        if not self._has(PARTS):
            return len(set(besides))
        query = f"""SELECT count(DISTINCT part_of) FROM {self._table(PARTS)}
            WHERE account_id = $account AND kind = $kind AND NOT list_contains($besides, part_of)"""
        ((count,),) = self._rows(query, kind=kind, besides=list(besides))
        return int(count) + len(set(besides))

    def products(self, names: Collection[str]) -> dict[str, str]:
        """Product ids of those names that are SKUs of lines that were sold, and no product ids themselves."""
        if not names or not self._has("order_lines"):
            return {}
        query = f"{self._skus()} SELECT sku, product_id FROM skus WHERE list_contains($names, sku)"
        return dict(self._rows(query, names=list(names)))

    def product_with(self, field: str, value: str) -> str | None:
        """The product of which a record has, or had, this text in a field; the newest, where several had it."""
        if not self._has("products"):
            return None
        query = f"""SELECT arg_max(product_id, (_load, _file, _position)) FROM {self._table("products")}
            WHERE account_id = $account AND _refused IS NULL AND (_payload ->> $field) = $value"""
        ((found,),) = self._rows(query, field=f"$.{field}", value=value)
        return str(found) if found is not None else None

    def named_by_sku(self, source: str) -> list[tuple[str, str, str]]:
        """Conversation, SKU and product id where rows of a source name a product by a SKU that is known by now.

        Those of which a part `product` of the conversation says so already are left out.
        """
        names = {"messages": "unnest(recommended_product_ids)", "interactions": "product_id"}
        tables = [table for table in names if self._has(table)]
        if not tables or not self._has("order_lines") or not self._has(PARTS):
            return []
        named = " UNION ".join(
            f"""SELECT conversation_id, {names[table]} AS sku FROM {self._table(table)}
            WHERE account_id = $account AND _source = $source AND _refused IS NULL"""
            for table in tables
        )
        query = f"""{self._skus()},
            said AS (
                SELECT part_of, part_id, arg_max(_payload, (_load, _file, _position)) AS product
                FROM {self._table(PARTS)}
                WHERE account_id = $account AND kind = 'product'
                GROUP BY part_of, part_id
            )
            SELECT conversation_id, sku, skus.product_id
            FROM ({named}) AS named JOIN skus USING (sku)
            LEFT JOIN said ON part_of = 'conversation/' || conversation_id AND part_id = sku
            WHERE said.product IS DISTINCT FROM to_json(skus.product_id)::VARCHAR
            ORDER BY ALL"""
        return [(of, sku, product) for of, sku, product in self._rows(query, source=source)]

    def _skus(self) -> str:
        """The `WITH` of `skus`: the product that was sold last under each SKU that is not a product's id."""
        return f"""WITH lines AS (
                SELECT sku, product_id, _load, _file, _position FROM {self._table("order_lines")}
                WHERE account_id = $account AND _refused IS NULL
            ),
            skus AS (
                SELECT sku, arg_max(product_id, (_load, _file, _position)) AS product_id FROM lines
                WHERE product_id NOT LIKE 'sku:%' AND product_id NOT LIKE 'line:%'
                    AND sku NOT IN (SELECT product_id FROM lines WHERE product_id IS NOT NULL)
                GROUP BY sku
            )"""

    def _has(self, table: str) -> bool:
        return any(file.table == table and file.rows for file in self._files)

    def _table(self, table: str) -> str:
        paths = ", ".join(literal(self._lake.path(file)) for file in self._files if file.table == table)
        return f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"

    def _rows(self, query: str, **given: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect() as connection, reading(self._lake):
            connection.execute("SET TimeZone = 'UTC'")
            self._lake.connect(connection)
            values = {name: list(map(whole, one)) if isinstance(one, list) else one for name, one in given.items()}
            return connection.execute(query, {"account": self._account, **values}).fetchall()
