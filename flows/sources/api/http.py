"""Asking an API: dlt's REST client, retries and paginators, kept within the limits, with errors that say what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any
from urllib.parse import urlsplit

from dlt.common.configuration.specs import RuntimeConfiguration
from dlt.sources.helpers.requests import Client as Retrying
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, RequestException, Response
from requests.auth import AuthBase

from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.sources.api.pace import Pace
from flows.sources.api.paced import Paced
from flows.sources.api.said import without_secrets

ATTEMPTS = 5  # of one call, a quarter of a minute; steps try longer, and keep what came meanwhile
TIMEOUT = (10.0, 120.0)  # seconds to connect, and to wait for an answer
URGENT = (2, 30.0)  # tries of one call, and seconds to wait for an answer, where others wait behind it
DETAIL = 300  # characters of an answer that an error shows
MOVED = "see to base_url, or to the name of the shop: it answers from another address now"
# Given, so that dlt looks for no configuration of its own on this machine.
CONFIGURATION = RuntimeConfiguration(dlthub_telemetry=False, log_level="WARNING")


class Http:
    """One account's way to one API. Answers are JSON."""

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        auth: AuthBase | None,
        pace: Pace,
        headers: Mapping[str, str] | None = None,
        explain: Callable[[int, Any], str | None] = lambda _status, _answer: None,
        is_urgent: bool = False,
    ) -> None:
        """`explain` gives the remedy for a status that is not a success, and its JSON or None, where it knows one.

        `is_urgent`: what does not answer soon is left for a later run.
        """
        self._attempts, self._timeout = ATTEMPTS, TIMEOUT
        if is_urgent:
            self._attempts, self._timeout = min(ATTEMPTS, URGENT[0]), (TIMEOUT[0], min(TIMEOUT[1], URGENT[1]))
        self._source, self._base_url, self._explain = source, base_url.rstrip("/"), explain
        self._pace, self._auth = pace, auth
        self._headers = {"User-Agent": "customer-agent-metrics", **(headers or {})}
        self._not_taken: dict[str, frozenset[str]] = {}  # by path
        self._client = self._made(self._attempts, self._timeout)

    def get(self, path: str, params: Mapping[str, Any] | None = None, optional: Collection[str] = ()) -> Any:
        """The answer to one call. Raises SourceUnavailable, SourceRefused.

        `optional` are parameters that the source may not know: a call that it refuses (400, 422) is made again without
        them, and they are not sent there again.
        """
        return self._got(path, params or {}, optional).json()

    def counted(
        self, path: str, params: Mapping[str, Any], header: str, optional: Collection[str] = ()
    ) -> tuple[Any, int | None]:
        """As `get`, and the number in a header of the answer, None where there is none."""
        response = self._got(path, params, optional)
        number = response.headers.get(header, "")
        return response.json(), int(number) if number.isascii() and number.isdigit() else None

    def takes(self, path: str, param: str) -> bool:
        """Whether a path has not refused an optional parameter yet."""
        return param not in self._not_taken.get(path, ())

    def post(self, path: str, json: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Any:
        """The answer to one call. Raises SourceUnavailable, SourceRefused."""
        return self._response("POST", path, json=dict(json), headers=dict(headers or {})).json()

    def post_once(self, path: str, json: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Any:
        """As `post`, with one try: after SourceUnavailable nobody knows whether it has been done over there."""
        return self._response("POST", path, self._once, json=dict(json), headers=dict(headers or {})).json()

    def put_once(self, path: str, json: Mapping[str, Any]) -> Any:
        """As `post_once`, for a change of what is there."""
        return self._response("PUT", path, self._once, json=dict(json)).json()

    def send(self, method: str, path: str, json: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        """A call that is a success without an answer. Raises SourceUnavailable, SourceRefused."""
        self._response(method, path, self._silent, json=dict(json), headers=dict(headers or {}))

    def pages(
        self, path: str, paginator: BasePaginator, params: Mapping[str, Any] | None = None
    ) -> Iterator[tuple[Any, Response]]:
        """Answers page by page, parsed, and the response. Raises SourceUnavailable, SourceRefused."""
        pages = self._client.paginate(
            path,
            params=dict(params or {}),
            paginator=paginator,
            data_selector="$",
            hooks={"response": []},  # else dlt's own look at the status comes before the retries
            allow_redirects=False,
        )
        while True:
            with _network(self._source, self._base_url):
                page = next(pages, None)
            if page is None:
                return
            yield page[0], page.response

    def at_base(self, url: str) -> str:
        """A link of the source as a path below the base URL: credentials go nowhere else, and a proxy stays one."""
        parts, base = urlsplit(url), urlsplit(self._base_url)
        path = parts.path.removeprefix(base.path)
        return f"{self._base_url}/{path.lstrip('/')}{'?' if parts.query else ''}{parts.query}"

    def _got(self, path: str, params: Mapping[str, Any], optional: Collection[str]) -> Response:
        sent = {name: value for name, value in params.items() if self.takes(path, name)}
        doubtful = frozenset(optional) & sent.keys()
        try:
            return self._response("GET", path, params=sent)
        except SourceRefused as refused:
            if refused.status not in {400, 422} or not doubtful:
                raise
        # What is refused without them as well was wrong in another way, and is said as it is.
        needed = {name: value for name, value in sent.items() if name not in doubtful}
        response = self._response("GET", path, params=needed)
        self._not_taken[path] = self._not_taken.get(path, frozenset()) | doubtful
        return response

    @cached_property
    def _once(self) -> _Checked:
        return self._made(1, TIMEOUT)  # an answer is waited for: it may have been done, and is not repeated

    @cached_property
    def _silent(self) -> _Checked:
        return self._made(self._attempts, self._timeout, may_be_empty=True)

    def _made(self, attempts: int, timeout: tuple[float, float], may_be_empty: bool = False) -> _Checked:
        retrying = Retrying(
            request_timeout=timeout,
            raise_for_status=False,
            request_max_attempts=attempts,
            request_max_retry_delay=60,
        )
        adapter = Paced(self._pace, self._auth)
        retrying.session.mount("http://", adapter)
        retrying.session.mount("https://", adapter)
        client = _Checked(
            self._base_url, headers=self._headers, auth=self._auth, session=retrying.session, config=CONFIGURATION
        )
        client.check = partial(self._checked, attempts, may_be_empty)
        return client

    def _response(self, method: str, path: str, client: _Checked | None = None, **given: Any) -> Response:
        with _network(self._source, self._base_url):
            # Redirects would carry the credentials to wherever they lead.
            return (client or self._client).request(path, method=method, allow_redirects=False, **given)  # type: ignore[arg-type]

    def _checked(self, attempts: int, may_be_empty: bool, response: Response) -> None:
        """Raise what an answer that is not a success means."""
        status, where = response.status_code, urlsplit(response.url)._replace(query="").geturl()
        try:
            answer, is_json = response.json(), True
        except ValueError:
            answer, is_json = None, False
        if 200 <= status < 300 and (answer is not None or (may_be_empty and not response.content)):
            return
        if status == 429 or status >= 500:
            tries = "1 try" if attempts == 1 else f"{attempts} tries"
            what = f"{self._source} answers {status} in spite of {tries}"
            raise SourceUnavailable(what, where=where, remedy="the next run goes on where this run stopped")
        if 200 <= status < 300:
            if is_json:  # nothing in the right language: base_url is not the one to look at
                raise SourceRefused(
                    f"{self._source} answers null", where=where, remedy="the API has changed; report it"
                )
            what = f"{self._source} answers something that is not JSON"
            raise SourceRefused(what, where=where, remedy="see base_url")
        said = without_secrets(response.text, response.request)
        detail = re.sub(r"\s+", " ", said)[:DETAIL]
        explained = self._explain(status, answer)
        remedy = (explained and without_secrets(explained, response.request)) or {
            401: "see to the credentials",
            403: "see to the scopes of the credentials",
            404: "see to base_url, or to the name of the shop",
        }.get(
            status,
            MOVED if 300 <= status < 400 else "this is a fault of the project, or the API has changed; report it",
        )
        refused = SourceRefused(f"{self._source} answers {status}: {detail}", where=where, remedy=remedy)
        refused.status, refused.answer = status, _json(said)
        raise refused


class _Checked(RESTClient):
    """Looks at an answer once no more tries are left."""

    check: Callable[[Response], None]

    def _send_request(self, request: Request, **kwargs: Any) -> Response:
        response = super()._send_request(request, **kwargs)
        self.check(response)
        return response


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


@contextmanager
def _network(source: str, url: str) -> Iterator[None]:
    """What the network says, as SourceUnavailable."""
    try:
        yield
    except RequestException as error:
        what = f"{source} does not answer ({type(error).__name__})"
        raise SourceUnavailable(what, where=url, remedy="see to the network, or to base_url") from None
