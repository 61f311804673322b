"""Pages as large as the points allow, and what an answer holds only the beginning of, read to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from flows.ground.errors import SourceRefused
from flows.sources.api import Misshapen, Record
from flows.sources.shopify.answers import Nodes
from flows.sources.shopify.graphql import NAME, GraphQL, TooExpensive
from flows.sources.shopify.records import Connection, Thing

PAGE, MOST = 10, 250  # records of a first page, and of any
INNER = 10  # lines, refunds' lines or visits that come with their record; those after them are asked for by themselves
TARGET = 800  # points of a page; one query may cost 1,000

R = TypeVar("R", bound=Record)
O = TypeVar("O", bound=Thing)  # noqa: E741  the owner of a connection
N = TypeVar("N")


class Pages:
    """How many records of each query fit into the points of one call, learned from the costs of the calls before."""

    def __init__(self, shop: GraphQL) -> None:
        self._shop = shop
        self._sizes: dict[str, int] = {}

    def ask(self, query: str, as_: type[R], /, first: int = PAGE, **variables: Any) -> R:
        """The answer to a query with the variable `first`, which is used where nothing is known of its cost yet."""
        while True:
            size = self._sizes.get(query, first)
            try:
                answer = self._shop.ask(query, as_, first=size, **variables)
            except TooExpensive:
                self._shrink(query, size)
                continue
            self._grow(query, size)
            return answer

    def of_all(
        self, query: str, ids: Sequence[str], owner: type[O], connection: Callable[[O], Connection[N] | None]
    ) -> Iterator[tuple[str, tuple[O, list[N]] | None]]:
        """By id the things that are still there, each with all nodes of a connection; None: it is unreadable.

        `query` has the variables `ids`, `lines` and `after`; `connection` finds the connection in a thing.
        """
        while ids:
            size = min(self._sizes.get(query, PAGE), len(ids))
            try:
                answer = self._shop.ask(query, Nodes, ids=list(ids[:size]), lines=INNER, after=None)
            except TooExpensive:
                self._shrink(query, size)
                continue
            self._grow(query, size)
            for of, node in zip(ids, answer.nodes, strict=False):
                if node is not None:
                    yield of, self._whole(query, of, node, owner, connection)
            ids = ids[size:]

    def rest(
        self, page: Connection[N] | None, query: str, of: O, connection: Callable[[O], Connection[N] | None]
    ) -> list[N]:
        """The nodes of a connection's first page, and those of its further pages, which are asked for with `query`.

        Raises Misshapen, ValidationError.
        """
        found = list[N]()
        while page is not None:
            found += page.nodes
            if page.following is None:
                return found
            answer = self._shop.ask(query, Nodes, ids=[of.id], lines=INNER * 5, after=page.following)
            owner = type(of).read(next(iter(answer.nodes), None), self._shop.unknown)
            page = connection(owner)
        raise Misshapen("a list that belongs to it is missing")

    def _whole(
        self, query: str, of: str, node: Any, owner: type[O], connection: Callable[[O], Connection[N] | None]
    ) -> tuple[O, list[N]] | None:
        try:
            found = owner.read(node, self._shop.unknown)
            # Answers stand in the order of the ids; another thing's would be counted for this one.
            return (found, self.rest(connection(found), query, found, connection)) if found.id == of else None
        except (ValidationError, Misshapen):
            return None

    def _shrink(self, query: str, size: int) -> None:
        if size == 1:
            raise SourceRefused(f"{NAME} finds a single record too expensive", remedy="report it")
        self._sizes[query] = size // 2

    def _grow(self, query: str, size: int) -> None:
        cost = self._shop.points.cost(query)
        if cost > 0:
            self._sizes[query] = max(1, min(MOST, int(size * TARGET / cost)))
