"""Asking in GraphQL, within the points that the shop's plan restores; errors come with status 200 here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.sources.api import Http, Record, Unknown, http
from flows.sources.shopify.answers import Answer, Cost, Error

R = TypeVar("R", bound=Record)

NAME = "shopify"
LONGEST = 60.0  # seconds; no answer asks for more points than that restores
PASSING = {"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"}


class TooExpensive(SourceRefused):
    """One query costs more points than one query may; asked for less, it costs less."""


class Points:
    """The bucket of points, as the last answer described it, and what it has been given back since.

    `waiting` is told the seconds of a wait that people notice, before it begins.
    """

    def __init__(self, waiting: Callable[[float], None]) -> None:
        self._waiting = waiting
        self._available, self._rate, self._at = float("inf"), 0.0, 0.0
        self._costs: dict[str, float] = {}

    def cost(self, query: str) -> float:
        """What the query cost when it was last asked, before it was known how little it finds; 0: not known."""
        return self._costs.get(query, 0.0)

    def wait(self, query: str, at_least: float = 0.0) -> None:
        """Return once the bucket holds what the query is expected to ask for, and after so many seconds."""
        missing = self.cost(query) - self._available - self._rate * (time.monotonic() - self._at)
        seconds = max(at_least, min(missing / self._rate, LONGEST) if missing > 0 and self._rate > 0 else 0.0)
        if seconds >= 1:
            self._waiting(seconds)
        time.sleep(seconds)

    def heard(self, query: str, cost: Cost) -> None:
        """Take in what an answer says about cost."""
        state = cost.throttleStatus
        if cost.requestedQueryCost is not None:
            self._costs[query] = cost.requestedQueryCost
        if state and state.currentlyAvailable is not None and state.restoreRate:
            self._available, self._rate = state.currentlyAvailable, state.restoreRate
            self._at = time.monotonic()


class GraphQL:
    """One shop's Admin API."""

    def __init__(self, client: Http, path: str, points: Points, unknown: Unknown) -> None:
        self._http, self._path, self.points, self.unknown = client, path, points, unknown

    def ask(self, query: str, as_: type[R], /, **variables: Any) -> R:
        """The data of the answer. Raises TooExpensive, SourceUnavailable, SourceRefused."""
        throttled = failed = 0
        while True:
            self.points.wait(query)
            answered = self._http.post(self._path, {"query": query, "variables": variables})
            answer = Answer.answered(NAME, answered, self.unknown)
            if answer.extensions and answer.extensions.cost:
                self.points.heard(query, answer.extensions.cost)
            if not answer.errors:
                return as_.answered(NAME, answer.data, self.unknown)
            code, message = _said(answer.errors[0])
            if code == "THROTTLED" and throttled < 10 * http.ATTEMPTS:
                throttled += 1
                self.points.wait(query, at_least=0.1)  # somebody else may take from the same bucket
            elif code in PASSING and failed + 1 < http.ATTEMPTS:
                failed += 1
                time.sleep(min(0.25 * 2**failed, 30))
            else:
                raise _error(code, message)


def _said(error: Error) -> tuple[str, str]:
    """Code and message of an error."""
    code = (error.extensions and error.extensions.code) or ""
    message = error.message or "nothing more is said"
    if not code and message.startswith("Internal error"):
        code = "INTERNAL_SERVER_ERROR"
    return code or ("THROTTLED" if message == "Throttled" else ""), message


def _error(code: str, message: str) -> SourceUnavailable:
    what = f"{NAME} answers {code or 'an error'}: {message[: http.DETAIL]}"
    if code in PASSING or code == "THROTTLED":
        return SourceUnavailable(what, remedy="the next run goes on where this run stopped")
    if code == "MAX_COST_EXCEEDED":
        return TooExpensive(what, remedy="report it")
    if code == "ACCESS_DENIED":
        remedy = "give the app the scopes read_orders and read_products, and access to protected customer data (email)"
        return SourceRefused(what, remedy=remedy)
    return SourceRefused(what, remedy="see to api_version, or the API has changed; report it")
