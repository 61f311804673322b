"""Klaviyo's endpoints: their limits and pages, and what is wrong with those of the beta."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator
from pydantic import ValidationError
from requests import Request
from requests.auth import AuthBase

from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.sources.api import Http, JsonObject, Pace, Unknown
from flows.sources.klaviyo.agent import Report, Result
from flows.sources.klaviyo.records import Faults, Metrics, Page, Resource
from flows.sources.klaviyo.settings import KlaviyoSettings

NAME = "klaviyo"
PAGE = 100
STATUSES = ("open", "routed-to-team", "resolved-by-ai", "closed")
NO_RIGHT = {401, 403}
CONVERSATIONS = "api/customer-agent-conversations"


class Group(Enum):
    """Endpoints that share a limit: calls a second, calls a minute. (Whether conversations and their messages do is not
    documented; they are taken to.)
    """

    EVENTS = ("events", 350, 3500)
    PROFILES = ("profiles", 75, 700)
    METRICS = ("metrics", 10, 150)
    AGENT = ("skills and knowledge", 10, 150)
    CONVERSATIONS = ("conversations", 3, 60)

    @property
    def limits(self) -> tuple[tuple[int, float], ...]:
        _, burst, steady = self.value
        return (burst, 1.0), (steady, 60.0)

    @property
    def is_beta(self) -> bool:
        return self in {Group.AGENT, Group.CONVERSATIONS}


class Endpoints:
    """The API of one account, page by page."""

    def __init__(
        self, settings: KlaviyoSettings, auth: AuthBase, pace: Callable[[Group], Pace], unknown: Unknown
    ) -> None:
        self.unknown = unknown
        self._http = {
            group: Http(
                NAME,
                settings.base_url,
                auth=auth,
                pace=pace(group),
                headers={
                    "revision": settings.beta_revision if group.is_beta else settings.revision,
                    "accept": "application/vnd.api+json",
                    "X-Klaviyo-Revision-Fall-Forward-Opt-Out": "1",  # else a retired revision means another one
                },
                explain=_explain,
            )
            for group in Group
        }

    def first(self, group: Group, path: str, params: Mapping[str, str]) -> Sequence[Any]:
        """One record of a list, if it has any."""
        return self._page(self._http[group].get(path, {**params, "page[size]": 1}), path).records

    def all(self, group: Group, path: str) -> list[Any]:
        """All records of a short list."""
        return [record for page in self.pages(group, path, {}, size=PAGE) for record in page]

    def metrics(self) -> list[tuple[str, str]]:
        """Id and name of each metric that has both."""
        pages = self.pages(Group.METRICS, "api/metrics", {"fields[metric]": "name"}, size=None)
        found = Metrics.answered(NAME, {"metrics": [one for page in pages for one in page]}, self.unknown)
        return [(one.id, one.attributes.name) for one in found.metrics if one and one.attributes.name]

    def skills(self) -> list[Any]:
        """The agent's skills, without their instructions."""
        params = {"fields[agent-skill]": "name,display_name,status"}
        return [one for page in self.pages(Group.AGENT, "api/agent-skills", params, size=None) for one in page]

    def pages(self, group: Group, path: str, params: Mapping[str, str], size: int | None) -> Iterator[Sequence[Any]]:
        """A list, page by page. A full page of the beta without a link to the next is looked into."""
        given = {**params, **({"page[size]": str(size)} if size else {})}
        for answer, following in self._linked(group, path, given):
            yield answer.records
            if group.is_beta and following is None and size and len(answer.records) >= size:
                self._must_be_the_end(path, params, size)

    def conversations(self, filters: str, following: str | None) -> Iterator[tuple[list[Any], str | None]]:
        """Conversations, newest first, and the cursor of the page after; `following` is such a cursor to begin with.

        Raises SourceRefused where a page is full, names no next one, and there are more.
        """
        params = {"filter": filters, "page[size]": str(PAGE)}
        seen: set[str] = set()
        begun = {**params, **({"page[cursor]": following} if following else {})}
        for answer, cursor in self._linked(Group.CONVERSATIONS, CONVERSATIONS, begun):
            page = [one for one in answer.records if _id(one) not in seen]
            seen.update(filter(None, map(_id, page)))
            if cursor is None and len(answer.records) >= PAGE:
                for status in STATUSES:
                    narrower = {**params, "filter": f'{filters},equals(status,"{status}")'}
                    found = self._page(self._http[Group.CONVERSATIONS].get(CONVERSATIONS, narrower), CONVERSATIONS)
                    if not following and any(_id(one) not in seen for one in found.records):
                        raise _incomplete(CONVERSATIONS)
                self._must_be_the_end(CONVERSATIONS, {"filter": filters}, PAGE)
            yield page, cursor

    def report(
        self,
        of: str,
        statistics: Sequence[str],
        span: tuple[datetime, datetime],
        groupings: Sequence[str] = (),
        filters: str | None = None,
    ) -> Sequence[Result]:
        """Klaviyo's own figures of a span, from its begin until before its end.

        `of` is `values`, `skill-values` or `tool-values`. Raises SourceUnavailable, SourceRefused.
        """
        kind = f"customer-agent-{of}-report"
        timeframe = dict(zip(("start", "end"), (at.isoformat() for at in span), strict=True))
        asked: JsonObject = {"statistics": list(statistics), "timeframe": timeframe}
        if groupings:
            asked["groupings"] = list(groupings)
        if filters:
            asked["filter"] = filters
        body = {"data": {"type": kind, "attributes": asked}}
        headers = {"content-type": "application/vnd.api+json"}
        answer = self._http[Group.CONVERSATIONS].post(f"api/{kind}s", body, headers)
        return Report.answered(f"{NAME} (api/{kind}s)", answer, self.unknown).data.attributes.results

    def volume(self, since: datetime, until: datetime) -> int | None:
        """Klaviyo's own count of conversations; None where it does not say."""
        try:
            found = [one.figure("volume") for one in self.report("values", ["volume"], (since, until))]
        except SourceUnavailable:
            return None
        return None if None in found else int(sum(filter(None, found)))

    def _must_be_the_end(self, path: str, params: Mapping[str, str], size: int) -> None:
        """Half a page has to name a next one where the whole did not; if it does not, links cannot be trusted."""
        half = {**params, "page[size]": str(size // 2)}
        answer, following = next(self._linked(Group.CONVERSATIONS, path, half))
        if following is None and len(answer.records) >= size // 2:
            raise _incomplete(path)

    def _linked(self, group: Group, path: str, params: Mapping[str, str]) -> Iterator[tuple[Page, str | None]]:
        """Answers, and the cursor that each names for the next."""
        http = self._http[group]
        for answer, _ in http.pages(path, AtBase(http), params):
            page = self._page(answer, path)
            following = page.links.next
            cursor = dict(parse_qsl(urlsplit(following).query)).get("page[cursor]") if following else None
            yield page, cursor or following

    def _page(self, answer: Any, path: str) -> Page:
        return Page.answered(f"{NAME} ({path})", answer, self.unknown)


class AtBase(JSONLinkPaginator):
    """Links to the next page, below the base URL whatever host they name."""

    def __init__(self, http: Http) -> None:
        super().__init__(next_url_path="links.next")
        self._http = http

    def update_request(self, request: Request) -> None:
        if self.has_next_page:
            super().update_request(request)
            request.url = self._http.at_base(str(request.url))


def _id(record: Any) -> str:
    """The id of a record that may be none."""
    with suppress(ValidationError):
        return Resource.model_validate(record).id
    return ""


def stamp(at: datetime) -> str:
    """An instant as filters take it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _incomplete(path: str) -> SourceRefused:
    what = f"{NAME} delivers a full page of {path} without a link to the next, but there are more rows"
    return SourceRefused(what, remedy="the beta API has a fault; report it to Klaviyo, and run again later")


def _explain(status: int, answer: Any) -> str | None:
    if status == 401:
        return "see to the private key"
    if status == 403:
        scopes = "give the private key the scopes events:read, metrics:read, profiles:read, agents:read"
        with suppress(ValidationError):
            return f"{scopes} ({next((one.detail for one in Faults.model_validate(answer).errors or ()), '')})"
        return scopes
    return None
