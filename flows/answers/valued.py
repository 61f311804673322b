"""From the figures of a report to answers: a value, what it is a quotient of, its interval, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from flows.answers.catalogue import REPORTED_AS, Metric, metric
from flows.answers.told import Figure
from flows.published.figures import RATES, Figures
from flows.published.handoffs import Handoffs
from flows.published.intervals import wilson
from flows.published.measured import sentences
from flows.published.report import SkillUsage

Number = int | float | Decimal | None
NOT_DIVIDED = "there is nothing to divide by"
NO_REPLY = "nobody replied in this range"
NO_HOURS = "the account has no business hours, or nobody replied within them"

OF_RATES = {rate.name: rate for rate in RATES}
COUNTED_BY = {"handoffs": "unresolved_rate", "durably_resolved": "durable_resolution_rate"}  # what these rates count
OF_HANDOFFS: dict[str, Callable[[Handoffs], Number]] = {
    "begun_handoffs": lambda of: of.count,
    "known_handoffs": lambda of: of.known,
    "answered_handoffs": lambda of: of.by_outcome["answered"],
    "waiting_handoffs": lambda of: of.by_outcome["waiting"],
    "lost_handoffs": lambda of: of.by_outcome["lost"],
    "handoffs_without_person": lambda of: of.by_outcome["no_person"],
    "answered_handoff_rate": lambda of: of.share("answered"),
    "waiting_handoff_rate": lambda of: of.share("waiting"),
    "lost_handoff_rate": lambda of: of.share("lost"),
    "no_person_handoff_rate": lambda of: of.share("no_person"),
    "timed_replies": lambda of: of.replies.count,
    "minutes_to_reply": lambda of: of.replies.minutes,
    "average_minutes_to_reply": lambda of: of.replies.average,
    "median_minutes_to_reply": lambda of: of.median_minutes_to_reply,
    "business_timed_replies": lambda of: of.business_replies.count,
    "business_minutes_to_reply": lambda of: of.business_replies.minutes,
    "average_business_minutes_to_reply": lambda of: of.business_replies.average,
    "median_business_minutes_to_reply": lambda of: of.median_business_minutes_to_reply,
}
OF_SKILLS: dict[str, Callable[[SkillUsage], Number]] = {
    "skill_messages": lambda of: of.messages,
    "skill_conversations": lambda of: of.conversations,
}


@dataclass(frozen=True)
class Counted:
    """The figures of one range or group, as the functions of `flows.published` have them.

    `handoffs` is None where nobody tells of any or a version without them published; `skill` is that of a group.
    """

    figures: Figures | None = None
    handoffs: Handoffs | None = None
    skill: SkillUsage | None = None
    not_measured: frozenset[str] = frozenset()

    def told(self, name: str) -> Figure:
        """The figure of this metric."""
        asked = metric(name)
        reason = self._untold(asked)
        if reason:
            return Figure(metric=name, value=None, reason=reason)
        value = self._value(asked)
        parts = [self._value(metric(one)) for one in (asked.numerator, asked.denominator) if one]
        if not parts:
            return Figure(metric=name, value=_shown(value), reason=None if value is not None else _why(asked))
        numerator, denominator = parts
        return Figure(
            metric=name,
            value=_shown(value),
            numerator=_part(numerator),
            denominator=int(denominator or 0),
            interval=wilson(int(numerator or 0), int(denominator or 0)) if asked.unit == "rate" else None,
            reason=None if value is not None else _why(asked),
        )

    def _untold(self, asked: Metric) -> str | None:
        """Why it is not measured (rule 11.1), if so."""
        if asked.told == "handoffs":
            return not_measured(asked.needs) if self.handoffs is None else None
        missing = asked.untold(self.not_measured)
        return not_measured(missing) if missing else None

    def _value(self, asked: Metric) -> Number:
        if asked.told == "handoffs":
            return OF_HANDOFFS[asked.name](self.handoffs) if self.handoffs else None
        if asked.told == "skills":
            return OF_SKILLS[asked.name](self.skill) if self.skill else None
        return _reported(asked.name, self.figures) if self.figures else None


def _reported(name: str, figures: Figures) -> Number:
    counted = figures.conversations
    if name in OF_RATES:
        return OF_RATES[name].of(counted)
    if name in COUNTED_BY:
        return OF_RATES[COUNTED_BY[name]].count(counted)
    value: Number = getattr(counted if hasattr(counted, name) else figures, REPORTED_AS.get(name, name))
    return value


def not_measured(figures: tuple[str, ...]) -> str:
    """The sentence for figures of `metrics.measured` that nobody tells."""
    return f"not measured: {'; '.join(sentences(figures)) or ', '.join(figures)}"


def _why(asked: Metric) -> str:
    if asked.denominator and asked.told == "report":
        return NOT_DIVIDED
    if asked.unit == "minutes":
        return NO_HOURS if "business" in asked.name else NO_REPLY
    return NOT_DIVIDED


def _shown(value: Number) -> int | float | str | None:
    return f"{value:.4f}" if isinstance(value, Decimal) else value


def _part(value: Number) -> int | str | None:
    return f"{value:.4f}" if isinstance(value, Decimal) else None if value is None else int(value)
