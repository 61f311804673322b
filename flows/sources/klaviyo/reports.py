"""Klaviyo's own figures of a range of dates, to be held against ours; they derive nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from flows.ground import zones
from flows.sources import api
from flows.sources.api import Batch, Known, Place, Row
from flows.sources.klaviyo.agent import Result
from flows.sources.klaviyo.client import Client
from flows.sources.klaviyo.endpoints import NAME, Endpoints
from flows.sources.klaviyo.mapping import CHANNELS
from flows.sources.klaviyo.properties import normal

STATUSES = {"resolvedbyai": "resolved", "routedtoteam": "routed", "closed": "closed", "open": "open"}
ALWAYS = {"web_chat", "sms", "email", "whatsapp", *STATUSES.values()}  # 0 where a report does not name them
HUNDRED = Decimal(100)
NOTHING = Result()  # of a group that a report does not name
Figure = tuple[dict[str, str], Decimal, Result]  # what it is of, its value and the result that says so


class Reports(api.Client):
    """The reports of one account and range, both ends included; a client of `flows.sources.api` without a place."""

    rereads = timedelta(0)

    def __init__(self, client: Client, zone: str, first: date, last: date) -> None:
        self.account, self._check, self.unknown = client.account, client.check, client.unknown
        self._ask, self._skills = client.endpoints, client.skills
        self._range = f"{first}/{last}"
        self._since, self._until = zones.midnight(first, zone), zones.midnight(last + timedelta(days=1), zone)

    def read(self, place: Place, known: Known) -> Iterator[Batch]:  # noqa: ARG002  a range is always asked for whole
        """Everything in one batch: figures that were reported at one instant belong together."""
        at = datetime.now(UTC)
        figures = [*_conversations(self._ask, self._since, self._until), *self._skill_figures()]
        if any(value > 1 for figure, value, _ in figures if figure["statistic"] == "resolution_rate"):
            figures = [_as_share(*figure) for figure in figures]
        yield Batch([self._row(figure, value, result, at) for figure, value, result in figures])

    def check(self) -> str:
        """What the client says."""
        return self._check()

    def _skill_figures(self) -> Iterator[Figure]:
        """Of every skill that the agent has, 0 where the report does not name it."""
        results = self._ask.report("skill-values", ["volume"], self._since, self._until, ["skill"])
        skills = self._skills()
        said = {skills.get(normal(name), name): one for one in results for name in [one.group("skill")]}
        for skill in {**dict.fromkeys(skills.values()), **said}:
            result = said.get(skill, NOTHING)
            yield {"statistic": "skill_volume", "skill": skill}, result.figure("volume") or Decimal(0), result

    def _row(self, figure: Mapping[str, str], value: Decimal, result: Result, at: datetime) -> Row:
        names = (self._range, *(figure.get(name, "") for name in ("statistic", "channel", "status", "skill")))
        values = {
            "account_id": self.account,
            "figure_id": "/".join((NAME, *names)),
            "source": NAME,
            "starts_at": self._since.isoformat(),
            "ends_at": self._until.isoformat(),
            **figure,
            "value": str(value),
            "reported_at": at.isoformat(),
            "updated_at": at.isoformat(),
        }
        return Row("reported_figures", values, result.kept())


def _conversations(ask: Endpoints, since: datetime, until: datetime) -> Iterator[Figure]:
    """Volume and resolution rate of all, by channel and by status; of a group that is not named there is nothing."""
    both = ["volume", "resolution-rate"]
    yield from _figures({}, next(iter(ask.report("values", both, since, until)), NOTHING))
    for name, words, statistics in (("channel", CHANNELS, both), ("status", STATUSES, ["volume"])):
        found = {word: NOTHING for word in words.values() if word in ALWAYS}
        for one in ask.report("values", statistics, since, until, [name]):
            said = one.group(name)
            found[words.get(normal(said), said)] = one
        for group, result in found.items():
            yield from _figures({name: group}, result)


def _figures(of: dict[str, str], result: Result) -> Iterator[Figure]:
    yield {"statistic": "volume", **of}, result.figure("volume") or Decimal(0), result
    if (rate := result.figure("resolution-rate")) is not None:
        yield {"statistic": "resolution_rate", **of}, rate, result


def _as_share(figure: dict[str, str], value: Decimal, result: Result) -> Figure:
    """Rates that were given in percent."""
    return figure, value / HUNDRED if figure["statistic"] == "resolution_rate" else value, result
