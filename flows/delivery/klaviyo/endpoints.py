"""Klaviyo's endpoints that something is delivered to: their limits, their pages, and their errors in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any
from urllib.parse import quote

from requests.auth import AuthBase

from flows.delivery.klaviyo.records import faults, reason
from flows.ground.errors import SourceRefused
from flows.settings.deliveries import KlaviyoDelivery
from flows.sources.api import Http, JsonObject, Pace, Unknown
from flows.sources.klaviyo.endpoints import NAME, AtBase
from flows.sources.klaviyo.records import Page

SCOPES = "lists:read, lists:write, profiles:read, profiles:write, events:write"
BODY = {"content-type": "application/vnd.api+json"}
MINUTE, DAY = 60.0, 86_400.0


class Group(Enum):
    """Endpoints that share a limit: calls, and in how many seconds."""

    LISTS = ("lists", (75, 1.0), (700, MINUTE))
    NEW_LISTS = ("new lists", (10, 1.0), (150, MINUTE), (150, DAY))
    MEMBERS = ("members of lists", (10, 1.0), (150, MINUTE))
    PROFILES = ("profiles", (75, 1.0), (700, MINUTE))
    NEW_PROFILES = ("new profiles", (75, 1.0), (700, MINUTE))
    EVENTS = ("events", (350, 1.0), (3500, MINUTE))

    @property
    def limits(self) -> tuple[tuple[int, float], ...]:
        _, *limits = self.value
        return tuple(limits)


class Endpoints:
    """The API of one account. Every call raises SourceUnavailable, SourceRefused."""

    def __init__(self, settings: KlaviyoDelivery, auth: AuthBase, waiting: Callable[[float], None]) -> None:
        self.unknown = Unknown()
        self._http = {
            group: Http(
                NAME,
                settings.base_url,
                auth=auth,
                pace=Pace(NAME, group.limits, waiting),
                headers={
                    "revision": settings.revision,
                    "accept": "application/vnd.api+json",
                    "X-Klaviyo-Revision-Fall-Forward-Opt-Out": "1",  # else a retired revision means another one
                },
                explain=_explain,
            )
            for group in Group
        }

    def get(self, group: Group, path: str, params: Mapping[str, Any]) -> Any:
        with _plainly():
            return self._http[group].get(path, params)

    def pages(self, group: Group, path: str, params: Mapping[str, str]) -> Iterator[Sequence[Any]]:
        """A list, page by page."""
        http = self._http[group]
        pages = http.pages(path, AtBase(http), params)
        while True:
            with _plainly():
                found = next(pages, None)
            if found is None:
                return
            yield Page.answered(f"{NAME} ({path})", found[0], self.unknown).records

    def post(self, group: Group, path: str, body: JsonObject) -> Any:
        with _plainly():
            return self._http[group].post(path, body, BODY)

    def post_once(self, group: Group, path: str, body: JsonObject) -> Any:
        with _plainly():
            return self._http[group].post_once(path, body, BODY)

    def send(self, group: Group, method: str, path: str, body: JsonObject) -> None:
        with _plainly():
            self._http[group].send(method, path, body, BODY)


def at(*parts: str) -> str:
    """A path of these parts, whatever an id is made of."""
    return "/".join(("api", *(quote(part, safe="") for part in parts)))


@contextmanager
def _plainly() -> Iterator[None]:
    """A refusal says what Klaviyo says, without the JSON around it."""
    try:
        yield
    except SourceRefused as refused:
        if refused.status is None or not faults(refused.answer):
            raise
        what = f"{NAME} answers {refused.status}: {reason(refused)}"
        plain = SourceRefused(what, where=refused.where, remedy=refused.remedy)
        plain.status, plain.answer = refused.status, refused.answer
        raise plain from None


def _explain(status: int, _: Any) -> str | None:
    if status == 403:
        return f"give the private key the scopes {SCOPES}"
    return {
        400: "correct what it names; if that is right, report it",
        401: "see to the private key",
        404: "it is not there any more, or base_url leads elsewhere",
        409: "what is there already is in its way",
        422: "correct what it names; if that is right, report it",
    }.get(status)
