"""Questions to a Prefect server, over HTTP: to import Prefect takes seconds. Interfaces of Prefect 3.8."""

from __future__ import annotations

import base64
import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter

SECONDS_TO_ANSWER = 5
PAGE = 200  # the most that the server lists at once
HEARTBEATS = 3  # that a worker may miss, as the server counts it
TO_BEGIN = ("Scheduled", "Late")  # states of a run that waits for its instant, or for a worker
QUEUED = ("AwaitingConcurrencySlot",)  # of a run that waits for an earlier run of its deployment to end
ENTRYPOINT = re.compile(r"flows[./](\w+)(?:\.|\.py:)\1")  # of the flows of this project, and of no other

T = TypeVar("T")


class Unknown(Exception):
    """The server does not say; why, in words that repeat nothing of its answer."""


class Schedule(BaseModel):
    interval: float | None = None
    cron: str | None = None


class Timetable(BaseModel):
    active: bool
    updated: datetime
    schedule: Schedule

    def repeats(self) -> bool:
        """Whether there is always a next run; other kinds of schedules may have an end."""
        return self.active and (self.schedule.interval is not None or self.schedule.cron is not None)


class Deployment(BaseModel):
    id: str
    name: str
    paused: bool
    entrypoint: str | None
    work_pool_name: str | None
    schedules: list[Timetable]

    def verb(self) -> str | None:
        """The flow, if it is one of this project's."""
        found = ENTRYPOINT.fullmatch(self.entrypoint or "")
        return found[1] if found else None

    def __str__(self) -> str:
        return f"{self.verb()}/{self.name}"


class Pool(BaseModel):
    type: str
    is_paused: bool

    def needs_workers(self) -> bool:
        """Whether runs are fetched by workers, not pushed to a cloud."""
        return not self.type.endswith((":push", ":managed"))


class Worker(BaseModel):
    status: str
    last_heartbeat_time: datetime | None
    heartbeat_interval_seconds: int | None

    def is_online(self, now: datetime) -> bool:
        """By its last sign of life, too: the status stays as it was where the server's services have ended."""
        silent = timedelta(seconds=HEARTBEATS * (self.heartbeat_interval_seconds or 30))
        heard = self.last_heartbeat_time
        return self.status == "ONLINE" and heard is not None and now - heard < silent


class FlowRun(BaseModel):
    name: str
    expected_start_time: datetime


class PrefectServer:
    """What a server says. Each question raises Unknown if it does not answer, or not as Prefect 3 does."""

    def __init__(self, url: str, authorization: str | None) -> None:
        self._url = url.rstrip("/")
        self._headers = {"content-type": "application/json"}
        if authorization:
            self._headers["authorization"] = authorization
        self._opener = urllib.request.build_opener(_NoRedirects)
        self.now = datetime.now(UTC)  # by the clock of the server, once it has answered

    def deployments(self) -> list[Deployment]:
        """Those of this project's flows."""
        found: list[Deployment] = []
        while len(page := self._ask("deployments/filter", list[Deployment], limit=PAGE, offset=len(found))) == PAGE:
            found += page
        return [one for one in [*found, *page] if one.verb()]

    def pool(self, name: str) -> Pool:
        """A work pool."""
        return self._ask(f"work_pools/{quote(name, safe='')}", Pool)

    def workers(self, pool: str) -> list[Worker]:
        """The workers that ever asked a work pool for runs, as far as the server remembers."""
        return self._ask(f"work_pools/{quote(pool, safe='')}/workers/filter", list[Worker], limit=PAGE)

    def ahead(self, deployment: Deployment, at_most: int) -> list[FlowRun]:
        """The next runs of a deployment that are planned."""
        asked = _scheduled([deployment], TO_BEGIN, "after_", self.now)
        return self._ask("flow_runs/filter", list[FlowRun], **asked, sort="EXPECTED_START_TIME_ASC", limit=at_most)

    def late(
        self, deployments: Sequence[Deployment], states: Sequence[str], by: timedelta
    ) -> tuple[int, FlowRun | None]:
        """How many runs in such states should have begun before that and have not, and the oldest of them."""
        asked = _scheduled(deployments, states, "before_", self.now - by)
        oldest = self._ask("flow_runs/filter", list[FlowRun], **asked, sort="EXPECTED_START_TIME_ASC", limit=1)
        return self._ask("flow_runs/count", int, **asked), next(iter(oldest), None)

    def _ask(self, path: str, shape: type[T], **body: object) -> T:
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{self._url}/{path}", data, self._headers)  # noqa: S310  the user's address
        try:
            with self._opener.open(request, timeout=SECONDS_TO_ANSWER) as answer:
                text, date = answer.read(), answer.headers["date"]
        except urllib.error.HTTPError as error:
            raise Unknown(f"it answers {error.code}") from error
        except (OSError, ValueError) as error:
            raise Unknown("it does not answer") from error
        try:
            if date:
                self.now = parsedate_to_datetime(date)
            return TypeAdapter(shape).validate_json(text)
        except ValueError as error:  # pydantic's, too
            raise Unknown("it does not answer as a server of Prefect 3 does") from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Credentials go to the address that the user gave and to no other."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def authorization(environment: Mapping[str, str]) -> str | None:
    """The header with the credentials that Prefect's variables hold; None without any."""
    if words := environment.get("PREFECT_API_AUTH_STRING"):
        return f"Basic {base64.b64encode(words.encode()).decode()}"
    key = environment.get("PREFECT_API_KEY")
    return f"Bearer {key}" if key else None


def _scheduled(
    deployments: Sequence[Deployment], states: Sequence[str], side: str, instant: datetime
) -> dict[str, object]:
    """The filter of runs that wait, by the instant at which they should begin."""
    return {
        "deployments": {"id": {"any_": [one.id for one in deployments]}},
        "flow_runs": {"state": {"name": {"any_": list(states)}}, "expected_start_time": {side: instant.isoformat()}},
    }
