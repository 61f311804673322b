"""Bulk operations: the shop writes a file of JSON lines, which is fetched and put in order on disk."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
from dlt.sources.helpers.requests import Client as Retrying
from requests import PreparedRequest, RequestException

from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.ground.sql import literal
from flows.sources.api import http
from flows.sources.api.parts import whole
from flows.sources.shopify import queries
from flows.sources.shopify.answers import BulkOperation, Started, State
from flows.sources.shopify.graphql import NAME, GraphQL

CHUNK = 1024 * 1024
BUSY = {"OPERATION_IN_PROGRESS", "LIMIT_REACHED"}
_FETCHED = 5_000
_LINE_BYTES = 64 * 1024 * 1024


class Unusable(SourceUnavailable):
    """The operation gave no file, or the file is gone; another operation can."""


def begin(shop: GraphQL, query: str) -> BulkOperation | None:
    """Start an operation; None where others of this app leave no room. Raises SourceUnavailable, SourceRefused."""
    answer = shop.ask(queries.BULK_RUN, Started, query=query).bulkOperationRunQuery
    if any(one.code in BUSY or "already in progress" in (one.message or "") for one in answer.userErrors):
        return None
    if answer.userErrors or answer.bulkOperation is None:
        said = (answer.userErrors and answer.userErrors[0].message) or "and does not say why"
        raise SourceRefused(
            f"{NAME} refuses the bulk operation: {said[: http.DETAIL]}", remedy="set bulk = false, and report it"
        )
    return answer.bulkOperation


def state(shop: GraphQL, name: str) -> BulkOperation | None:
    """How far an operation is; None where the shop does not know it."""
    return shop.ask(queries.BULK_STATE, State, id=name).node


def fetch(operation: BulkOperation, folder: Path) -> Path:
    """The file of a completed operation. Raises Unusable, SourceUnavailable.

    It lies with another host, so it is asked for without credentials; in pieces, so memory does not grow with it.
    """
    if operation.status != "COMPLETED":
        what = f"a bulk operation of {NAME} ended as {operation.status} ({operation.errorCode or 'no reason given'})"
        if operation.errorCode == "ACCESS_DENIED":
            raise SourceRefused(what, remedy="give the app the scopes read_orders and read_products")
        raise Unusable(what, remedy="the next run starts another bulk operation; bulk = false reads page by page")
    file = folder / "bulk.jsonl"
    if operation.url is None and operation.objectCount:
        raise _gone("no address")
    if operation.url is None:
        file.touch()
        return file
    client = Retrying(request_timeout=http.TIMEOUT, raise_for_status=False, request_max_attempts=http.ATTEMPTS)
    for attempt in range(http.ATTEMPTS):
        time.sleep(min(2**attempt / 4, 30) if attempt else 0)
        try:
            with client.get(operation.url, stream=True, auth=_nobody) as response, file.open("wb") as out:
                if 400 <= response.status_code < 500 and response.status_code != 429:
                    raise _gone(response.status_code)
                if not response.ok:
                    continue
                for chunk in response.iter_content(CHUNK):
                    out.write(chunk)
        except RequestException:
            continue
        if operation.fileSize in {None, file.stat().st_size}:
            return file
    what = f"the file of a bulk operation of {NAME} cannot be fetched whole"
    raise SourceUnavailable(what, remedy="the next run fetches it again")


def families(file: Path, since: str) -> Iterator[tuple[float, Any, list[Any]]]:
    """Every line without a parent that did not change before `since`, and its children, in the order of their change.

    With each comes how much of the file is read. Lines stand in any order; they are joined on disk, so what is in
    memory is one family. A line that names neither itself nor a parent stands alone. Raises SourceRefused where a
    parent is missing.
    """
    if not file.stat().st_size:
        return
    with duckdb.connect(str(file.parent / "bulk.duckdb"), config={"memory_limit": "512MB", "threads": 2}) as connection:
        try:
            _read(connection, file)
        except duckdb.InvalidInputException:
            _read(connection, _mended(file))
        ((count, skipped),) = connection.execute(
            "SELECT count(*), coalesce(count_if(changed < $since::TIMESTAMPTZ), 0) FROM objects WHERE parent IS NULL",
            {"since": since or None},
        ).fetchall()
        connection.execute(
            """CREATE TABLE ordered AS
            SELECT roots.id AS family, objects.parent, objects.line
            FROM objects LEFT JOIN (SELECT DISTINCT ON (id) id, changed FROM objects WHERE parent IS NULL) roots
                ON roots.id = coalesce(objects.parent, objects.id)
            WHERE roots.id IS NULL OR coalesce(roots.changed >= $since::TIMESTAMPTZ, true)
            ORDER BY roots.id IS NOT NULL, roots.changed, roots.id, objects.parent IS NOT NULL, objects.id""",
            {"since": since or None},
        )
        connection.execute("SELECT family, parent, line FROM ordered ORDER BY rowid")
        for number, (family, lines) in enumerate(groupby(_rows(connection), key=itemgetter(0)), skipped + 1):
            if family is None:
                raise SourceRefused(f"a file of {NAME} holds lines without their parent", remedy="report it")
            (_, _, root), *others = lines
            children = [json.loads(line) for _, parent, line in others if parent is not None]
            yield number / count, json.loads(root), children


def _read(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    path = literal(str(file))
    connection.execute(
        f"""CREATE TABLE objects AS
        SELECT json ->> '$.__parentId' AS parent,
            coalesce(json ->> '$.id', CASE WHEN parent IS NULL THEN 'line ' || row_number() OVER () END) AS id,
            try_cast(json ->> '$.updatedAt' AS TIMESTAMPTZ) AS changed, json::VARCHAR AS line
        FROM read_json_objects({path}, format = 'newline_delimited', maximum_object_size = {_LINE_BYTES})"""
    )


def _mended(file: Path) -> Path:
    """The file without halves of characters, which DuckDB does not read. Raises SourceRefused where it is not JSON."""
    mended = file.with_suffix(".mended")
    with file.open(encoding="utf-8", errors="replace") as lines, mended.open("w", encoding="utf-8") as out:
        for line in filter(str.strip, lines):
            try:
                out.write(whole(json.dumps(json.loads(line), ensure_ascii=False)) + "\n")
            except ValueError:
                what = f"a file of {NAME} holds a line that is not JSON"
                raise SourceRefused(what, remedy="set bulk = false, and report it") from None
    return mended


def _rows(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while found := connection.fetchmany(_FETCHED):
        yield from found


def _gone(why: object) -> Unusable:
    return Unusable(
        f"the file of a bulk operation of {NAME} is gone ({why})", remedy="the next run starts another bulk operation"
    )


def _nobody(request: PreparedRequest) -> PreparedRequest:
    """Given as `auth`, so that the machine's .netrc is not asked either."""
    return request
