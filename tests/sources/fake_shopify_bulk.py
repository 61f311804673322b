"""Bulk operations of a Shopify shop, and the host that keeps their files."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.sources.fake_api import Answer, Asked, FakeApi
from tests.sources.fake_graphql import Asked as Field
from tests.sources.fake_graphql import nodes, parse, price
from tests.sources.fake_shopify_schema import SCHEMA, stamp


class FakeStorage(FakeApi):
    """Where the files of bulk operations lie; who comes with credentials is sent away."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.files: dict[str, bytes] = {}
        self.cut = 0  # so many answers end too early

    def answer(self, asked: Asked) -> Answer:
        if {"authorization", "x-shopify-access-token", "cookie"} & asked.headers.keys():
            return Answer(400, "credentials have no business here")
        file = self.files.get(asked.path)
        if file is None:
            return Answer(403, "<Error><Code>ExpiredToken</Code></Error>")
        self.cut -= 1
        return Answer(200, file[: len(file) // 2] if self.cut >= 0 else file)


class BulkOperations:
    """`polls`: an operation is done when it was asked about so often. `found` and `shown` are the shop's."""

    def __init__(
        self,
        storage: FakeStorage,
        polls: int,
        found: Callable[[Field], list[dict[str, Any]]],
        shown: Callable[[list[Field], str, Any], Any],
    ) -> None:
        self.known: dict[str, dict[str, Any]] = {}
        self.endings: list[str] = []  # how the next ones end; COMPLETED where nothing is said
        self.busy = 0  # operations of others: so many attempts to start one are refused
        self._storage, self._polls, self._found, self._shown = storage, polls, found, shown
        self._shuffled = random.Random(7)

    def run(self, query: str, now: datetime) -> Any:
        kind, asked = parse(query, {})
        price(SCHEMA, "Query", asked, bulk=True)
        if self.busy > 0:
            self.busy -= 1
            return self._user_error(
                "A bulk query operation for this app and shop is already in progress", "LIMIT_REACHED"
            )
        if kind != "query" or len(asked) != 1 or asked[0].name not in {"orders", "products"}:
            return self._user_error("Bulk queries must have one top-level connection", "INVALID")
        if wrong := _not_in_bulk(asked[0]):
            return self._user_error(wrong, "INVALID")
        number = len(self.known) + 1
        lines: list[str] = []
        for record in self._found(asked[0]):
            self._lines(nodes(asked[0]), SCHEMA["Query"][asked[0].name][:-1], record, None, lines)
        self._shuffled.shuffle(lines)
        body = "".join(f"{line}\n" for line in lines).encode()
        path, ending = f"/bulk/{number}.jsonl", self.endings.pop(0) if self.endings else "COMPLETED"
        self._storage.files[path] = body
        gid = f"gid://shopify/BulkOperation/{number}"
        self.known[gid] = {
            "id": gid,
            "status": "CREATED",
            "createdAt": stamp(now),
            "completedAt": None,
            "objectCount": "0",
            "errorCode": None,
            "fileSize": None,
            "url": None,
            "partialDataUrl": None,
            "_polls": self._polls,
            "_ending": ending,
            "_ended": {
                "status": ending,
                "objectCount": str(len(lines)),
                "fileSize": str(len(body)) if body else None,
                "url": f"{self._storage.url}{path}?sig=x" if body and ending == "COMPLETED" else None,
                "partialDataUrl": f"{self._storage.url}{path}" if ending == "FAILED" else None,
                "errorCode": "INTERNAL_SERVER_ERROR" if ending == "FAILED" else None,
            },
        }
        return {"bulkOperation": self.known[gid], "userErrors": []}

    def _user_error(self, message: str, code: str) -> Any:
        return {"bulkOperation": None, "userErrors": [{"field": ["query"], "message": message, "code": code}]}

    def progress(self, gid: str) -> Any:
        operation = self.known.get(gid)
        if operation and operation["_polls"] <= 0:
            operation |= operation["_ended"]
        elif operation:
            operation["_polls"] -= 1
            operation["status"] = "RUNNING"
        return operation

    def _lines(self, asked: list[Field], kind: str, record: Any, parent: str | None, lines: list[str]) -> None:
        own = [one for one in asked if not SCHEMA[kind][one.name].endswith("*")]
        line = self._shown(own, kind, record)
        lines.append(json.dumps(line | {"__parentId": parent} if parent else line))
        for one in asked:
            if (of := SCHEMA[kind][one.name]).endswith("*"):
                for child in record[one.name]:
                    self._lines(nodes(one), of[:-1], child, record["id"], lines)


def _not_in_bulk(asked: Field) -> str | None:
    """What the rules of bulk operations have against a query."""

    def below(of: str, fields: list[Field], depth: int, within_list: bool) -> str | None:
        for one in fields:
            kind = SCHEMA[of][one.name]
            if kind.endswith("*"):
                if within_list:
                    return "Queries that contain a connection field within a list field are not currently supported."
                if depth > 2:
                    return "Bulk queries cannot contain connections with a nesting depth greater than 2."
                if "id" not in {field.name for field in fields}:
                    return f"The parent 'node' field for a nested connection must select the 'id' field: {one.name}."
                found = below(kind[:-1], nodes(one), depth + 1, within_list)
            else:
                found = below(kind.strip("[]"), one.of, depth, within_list or kind.startswith("[")) if kind else None
            if found:
                return found
        return None

    return below(SCHEMA["Query"][asked.name][:-1], nodes(asked), 1, within_list=False)
