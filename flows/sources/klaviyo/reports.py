"""Klaviyo's own figures of a range of dates, to be held against ours; they derive nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus

from flows.ground import zones
from flows.ground.errors import SourceRefused
from flows.sources import api
from flows.sources.api import Batch, Known, Misshapen, Place, Row
from flows.sources.klaviyo.agent import Result
from flows.sources.klaviyo.client import Client
from flows.sources.klaviyo.endpoints import NAME, Endpoints
from flows.sources.klaviyo.mapping import CHANNELS
from flows.sources.klaviyo.properties import normal

STATUSES = {"resolvedbyai": "resolved", "routedtoteam": "routed", "closed": "closed", "open": "open"}
ALWAYS = {"web_chat", "sms", "email", "whatsapp", *STATUSES.values()}  # 0 where a report does not name them
HUNDRED = Decimal(100)
TOOLS = {"count": "tool_calls", "success-rate": "tool_success_rate", "avg-duration-ms": "tool_duration_ms"}
REAL = 'any(source,["conversation"])'  # without the calls of test runs
NOT_THERE = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE}
NOTHING = Result()  # of a group that a report does not name
Span = tuple[datetime, datetime]  # its end is excluded
Figure = tuple[dict[str, str], Decimal, Result]  # what it is of, its value and the result that says so


class Reports(api.Client):
    """The reports of one account and range, both ends included; a client of `flows.sources.api` without a place."""

    rereads = timedelta(0)

    def __init__(self, client: Client, zone: str, first: date, last: date) -> None:
        self.account, self._check, self.unknown = client.account, client.check, client.unknown
        self._ask, self._skills = client.endpoints, client.skills
        self._range = f"{first}/{last}"
        self._span = zones.midnight(first, zone), zones.midnight(last + timedelta(days=1), zone)

    def read(self, place: Place, known: Known) -> Iterator[Batch]:  # noqa: ARG002  a range is always asked for whole
        """Everything in one batch: figures that were reported at one instant belong together."""
        at = datetime.now(UTC)
        figures = [*_conversations(self._ask, self._span), *self._skill_figures()]
        figures = _as_shares(figures, "resolution_rate")
        warnings: list[str] = []
        try:
            figures += _as_shares(list(self._tool_figures()), "tool_success_rate")
        except SourceRefused as refused:  # it came later than the others, and what they say counts without it
            if refused.status is not None and refused.status not in NOT_THERE:
                raise
            warnings.append(f"no figures of tools: {refused}")
        except Misshapen as odd:
            warnings.append(f"no figures of tools: {odd}")
        yield Batch([self._row(figure, value, result, at) for figure, value, result in figures], warnings=warnings)

    def check(self) -> str:
        """What the client says."""
        return self._check()

    def _skill_figures(self) -> Iterator[Figure]:
        """Of every skill that the agent has, 0 where the report does not name it."""
        results = self._ask.report("skill-values", ["volume"], self._span, ["skill"])
        skills = self._skills()
        said = {skills.get(normal(name), name): one for one in results for name in [one.group("skill")]}
        for skill in {**dict.fromkeys(skills.values()), **said}:
            result = said.get(skill, NOTHING)
            yield {"statistic": "skill_volume", "skill": skill}, result.figure("volume") or Decimal(0), result

    def _tool_figures(self) -> Iterator[Figure]:
        """Of every tool that the agent called; of a tool that the report does not name nothing is said."""
        for one in self._ask.report("tool-values", list(TOOLS), self._span, ["tool"], REAL):
            for theirs, statistic in TOOLS.items():
                if (value := one.figure(theirs)) is not None:
                    yield {"statistic": statistic, "tool": one.group("tool")}, value, one

    def _row(self, figure: Mapping[str, str], value: Decimal, result: Result, at: datetime) -> Row:
        names = [self._range, *(figure.get(name, "") for name in ("statistic", "channel", "status", "skill"))]
        if "tool" in figure:
            names.append(figure["tool"])
        values = {
            "account_id": self.account,
            "figure_id": "/".join((NAME, *names)),
            "source": NAME,
            "starts_at": self._span[0].isoformat(),
            "ends_at": self._span[1].isoformat(),
            **figure,
            "value": str(value),
            "reported_at": at.isoformat(),
            "updated_at": at.isoformat(),
        }
        return Row("reported_figures", values, result.kept())


def _conversations(ask: Endpoints, span: Span) -> Iterator[Figure]:
    """Volume and resolution rate of all, by channel and by status; of a group that is not named there is nothing."""
    both = ["volume", "resolution-rate"]
    yield from _figures({}, next(iter(ask.report("values", both, span)), NOTHING))
    for name, words, statistics in (("channel", CHANNELS, both), ("status", STATUSES, ["volume"])):
        found = {word: NOTHING for word in words.values() if word in ALWAYS}
        for one in ask.report("values", statistics, span, [name]):
            said = one.group(name)
            found[words.get(normal(said), said)] = one
        for group, result in found.items():
            yield from _figures({name: group}, result)


def _figures(of: dict[str, str], result: Result) -> Iterator[Figure]:
    yield {"statistic": "volume", **of}, result.figure("volume") or Decimal(0), result
    if (rate := result.figure("resolution-rate")) is not None:
        yield {"statistic": "resolution_rate", **of}, rate, result


def _as_shares(figures: list[Figure], statistic: str) -> list[Figure]:
    """Rates as shares, where they were given in percent: then one of them is above 1."""
    rates = [value for figure, value, _ in figures if figure["statistic"] == statistic]
    if all(value <= 1 for value in rates):
        return figures
    return [
        (figure, value / HUNDRED if figure["statistic"] == statistic else value, result)
        for figure, value, result in figures
    ]
