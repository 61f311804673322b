"""Bulk operations: the shop writes a file of JSON lines, which is fetched and put in order on disk."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
from dlt.sources.helpers.requests import Client as Retrying
from requests import PreparedRequest, RequestException

from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.ground.sql import literal
from flows.sources.api import JsonObject, http
from flows.sources.api.parts import whole
from flows.sources.shopify import queries
from flows.sources.shopify.graphql import NAME, GraphQL

CHUNK = 1024 * 1024
BUSY = {"OPERATION_IN_PROGRESS", "LIMIT_REACHED"}
WORKING = {"CREATED", "RUNNING", "CANCELING"}
_FETCHED = 5_000
_LINE_BYTES = 64 * 1024 * 1024


class Unusable(SourceUnavailable):
    """The operation gave no file, or the file is gone; another operation can."""


@dataclass(frozen=True)
class Operation:
    """A bulk operation; `url` is None where it found nothing, has not finished, or was finished too long ago."""

    id: str
    status: str
    created_at: datetime
    error: str | None
    url: str | None
    bytes: int | None
    objects: int

    @property
    def is_working(self) -> bool:
        return self.status in WORKING


def begin(shop: GraphQL, query: str) -> Operation | None:
    """Start an operation; None where others of this app leave no room. Raises SourceUnavailable, SourceRefused."""
    answer = shop.ask(queries.BULK_RUN, query=query).get("bulkOperationRunQuery") or {}
    errors = answer.get("userErrors") or ()
    if any(error.get("code") in BUSY or "already in progress" in str(error.get("message")) for error in errors):
        return None
    if errors:
        what = f"{NAME} refuses the bulk operation: {str(errors[0].get('message'))[: http.DETAIL]}"
        raise SourceRefused(what, remedy="set bulk = false, and report it")
    return _operation(answer.get("bulkOperation"))


def state(shop: GraphQL, name: str) -> Operation | None:
    """How far an operation is; None where the shop does not know it."""
    found = shop.ask(queries.BULK_STATE, id=name).get("node")
    return _operation(found) if found else None


def fetch(operation: Operation, folder: Path) -> Path:
    """The file of a completed operation. Raises Unusable, SourceUnavailable.

    It lies with another host, so it is asked for without credentials; in pieces, so memory does not grow with it.
    """
    if operation.status != "COMPLETED":
        what = f"a bulk operation of {NAME} ended as {operation.status} ({operation.error or 'no reason given'})"
        if operation.error == "ACCESS_DENIED":
            raise SourceRefused(what, remedy="give the app the scopes read_orders and read_products")
        raise Unusable(what, remedy="the next run starts another bulk operation; bulk = false reads page by page")
    file = folder / "bulk.jsonl"
    if operation.url is None and operation.objects:
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
        if operation.bytes in {None, file.stat().st_size}:
            return file
    what = f"the file of a bulk operation of {NAME} cannot be fetched whole"
    raise SourceUnavailable(what, remedy="the next run fetches it again")


def families(file: Path, since: str) -> Iterator[tuple[float, JsonObject, list[JsonObject]]]:
    """Every object without a parent that did not change before `since`, and its children, in the order of their change.

    With each comes how much of the file is read. Lines stand in any order; they are joined on disk, so what is in
    memory is one family. Raises SourceRefused where a parent is missing.
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
            SELECT roots.id AS family, objects.line
            FROM objects LEFT JOIN (SELECT DISTINCT ON (id) id, changed FROM objects WHERE parent IS NULL) roots
                ON roots.id = coalesce(objects.parent, objects.id)
            WHERE roots.id IS NULL OR coalesce(roots.changed >= $since::TIMESTAMPTZ, true)
            ORDER BY roots.id IS NOT NULL, roots.changed, roots.id, objects.parent IS NOT NULL, objects.id""",
            {"since": since or None},
        )
        connection.execute("SELECT family, line FROM ordered ORDER BY rowid")
        for number, (family, lines) in enumerate(groupby(_rows(connection), key=itemgetter(0)), skipped + 1):
            if family is None:
                raise SourceRefused(f"a file of {NAME} holds lines without their parent", remedy="report it")
            root, *children = (json.loads(line) for _, line in lines)
            yield number / count, root, [child for child in children if "__parentId" in child]


def _read(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    path = literal(str(file))
    connection.execute(
        f"""CREATE TABLE objects AS
        SELECT json ->> '$.id' AS id, json ->> '$.__parentId' AS parent,
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


def _operation(record: Any) -> Operation:
    if not isinstance(record, dict) or not record.get("id") or not record.get("createdAt"):
        raise SourceRefused(f"{NAME} answers no bulk operation", remedy="the API has changed; report it")
    return Operation(
        record["id"],
        str(record.get("status")),
        datetime.fromisoformat(record["createdAt"]),
        record.get("errorCode"),
        record.get("url"),
        int(record["fileSize"]) if record.get("fileSize") is not None else None,
        int(record.get("objectCount") or 0),
    )


def _gone(why: object) -> Unusable:
    return Unusable(
        f"the file of a bulk operation of {NAME} is gone ({why})", remedy="the next run starts another bulk operation"
    )


def _nobody(request: PreparedRequest) -> PreparedRequest:
    """Given as `auth`, so that the machine's .netrc is not asked either."""
    return request
