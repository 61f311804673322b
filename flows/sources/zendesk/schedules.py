"""What is asked of a Zendesk about its business hours: one of its schedules, and the holidays of that."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flows.ground.errors import SourceRefused
from flows.sources.api import Batch, Http, Misshapen, Row, Unknown, rows_of
from flows.sources.zendesk.hours import hours_row
from flows.sources.zendesk.records import Holidays, Schedule, Schedules

PATH = "api/v2/business_hours/schedules"
TOLD = "hours"  # in the place: a digest of the row that came last


class BusinessHours:
    """The hours of one account. `name` is the id or the name of the schedule; by default it is the first one."""

    def __init__(self, account: str, name: str | int | None, http: Http, unknown: Unknown) -> None:
        self._account, self._name, self._http, self._unknown = account, name, http, unknown

    def check(self) -> str:
        """Which schedule counts, as the end of a sentence. Raises SourceUnavailable, SourceRefused."""
        schedules = self._schedules()
        if schedules is None:
            return "no schedules can be read"
        if not schedules:
            return "there is no schedule"
        try:
            schedule = self._chosen(schedules)
        except ValueError as error:
            raise SourceRefused(f"zendesk: {error}", remedy="see to schedule") from None
        return f"business hours are those of {schedule.name or schedule.id}"

    def read(self, told: str) -> Iterator[Batch]:
        """The row, where it is not the one that was `told`; nothing where a plan has no schedules."""
        schedules = self._schedules()
        if not schedules:
            return
        rows = rows_of("business_hours", self._account, schedules, lambda: [self._row(schedules)])
        said = hashlib.sha256(json.dumps([[one.values, one.refused] for one in rows]).encode()).hexdigest()
        if said != told:
            yield Batch(rows, {TOLD: said})

    def _row(self, schedules: Sequence[Any]) -> Row:
        schedule = self._chosen(schedules)
        answer = self._if_there(f"{PATH}/{schedule.id}/holidays")
        return hours_row(self._account, schedule, Holidays.read(answer or {}, self._unknown).holidays)

    def _chosen(self, schedules: Sequence[Any]) -> Schedule:
        """Raises ValueError where it is not there, or of another shape."""
        if self._name is None:
            return Schedule.read(schedules[0], self._unknown)
        for one in schedules:
            if isinstance(one, Mapping) and str(self._name) in {str(one.get("id")), one.get("name")}:
                return Schedule.read(one, self._unknown)
        names = ", ".join(str(one.get("name")) for one in schedules if isinstance(one, Mapping))
        raise Misshapen(f"there is no schedule {self._name!r}; there are {names}")

    def _schedules(self) -> Sequence[Any] | None:
        answer = self._if_there(PATH)
        return None if answer is None else Schedules.answered("zendesk", answer, self._unknown).schedules

    def _if_there(self, path: str) -> Any:
        """The answer; None where the plan or the rights have no such thing."""
        try:
            return self._http.get(path)
        except SourceRefused as refused:
            if refused.status not in {403, 404}:
                raise
            return None
