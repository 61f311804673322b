"""Pages as large as the points allow, and what an answer holds only the beginning of, read to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flows.ground.errors import SourceRefused
from flows.sources.api import JsonObject
from flows.sources.api.rows import UNEXPECTED
from flows.sources.shopify.graphql import NAME, GraphQL, TooExpensive

PAGE, MOST = 10, 250  # records of a first page, and of any
INNER = 10  # lines, refunds' lines or visits that come with their record; those after them are asked for by themselves
TARGET = 800  # points of a page; one query may cost 1,000


class NoConnection(SourceRefused):
    """There are no records where a connection should be."""


class Pages:
    """How many records of each query fit into the points of one call, learned from the costs of the calls before."""

    def __init__(self, shop: GraphQL) -> None:
        self._shop = shop
        self._sizes: dict[str, int] = {}

    def ask(self, query: str, /, first: int = PAGE, **variables: Any) -> JsonObject:
        """The answer to a query with the variable `first`, which is used where nothing is known of its cost yet."""
        while True:
            size = self._sizes.get(query, first)
            try:
                answer = self._shop.ask(query, first=size, **variables)
            except TooExpensive:
                self._shrink(query, size)
                continue
            self._grow(query, size)
            return answer

    def of_all(
        self, query: str, ids: Sequence[str], connection: Callable[[JsonObject], Any], field: str
    ) -> Iterator[tuple[JsonObject, list[JsonObject] | None]]:
        """The things with these ids that are still there, each with all nodes of a connection; None: it is unreadable.

        `query` has the variables `ids`, `lines` and `after`; `connection` finds the connection, `field` is its name.
        """
        while ids:
            size = min(self._sizes.get(query, PAGE), len(ids))
            try:
                answer = self._shop.ask(query, ids=list(ids[:size]), lines=INNER, after=None)
            except TooExpensive:
                self._shrink(query, size)
                continue
            self._grow(query, size)
            ids = ids[size:]
            for one in filter(None, answer.get("nodes") or ()):
                try:
                    found = self.rest(connection(one) or [], query, connection, field, ids=[one["id"]])
                except (NoConnection, *UNEXPECTED):
                    found = None
                yield one, found

    def rest(
        self, first: Any, query: str, connection: Callable[[JsonObject], Any], field: str, **of: Any
    ) -> list[JsonObject]:
        """The nodes of a connection's first page, and those of its further pages, which are asked for with `of`."""
        found, page = list[JsonObject](), first
        while True:
            found += nodes(page, field)
            following = page.get("pageInfo") or {} if isinstance(page, dict) else {}
            if not following.get("hasNextPage"):
                return found
            answer = self._shop.ask(query, lines=INNER * 5, after=following["endCursor"], **of)
            owner = answer.get("node") or next(iter(answer.get("nodes") or ()), None) or {}
            page = connection(owner) or []

    def _shrink(self, query: str, size: int) -> None:
        if size == 1:
            raise SourceRefused(f"{NAME} finds a single record too expensive", remedy="report it")
        self._sizes[query] = size // 2

    def _grow(self, query: str, size: int) -> None:
        cost = self._shop.points.cost(query)
        if cost > 0:
            self._sizes[query] = max(1, min(MOST, int(size * TARGET / cost)))


def nodes(connection: Any, field: str) -> list[JsonObject]:
    """The records of a connection, which may have them in edges. Raises NoConnection where there are none."""
    if isinstance(connection, dict):
        edges = connection.get("edges")
        found = [edge.get("node") for edge in edges] if isinstance(edges, list) else connection.get("nodes")
    else:
        found = connection
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise NoConnection(f"{NAME} answers no {field}", remedy="the API has changed; report it")
    return found
