"""Metrics that definitions speak of and of which an account has no event: who has none of them is not known."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from flows.audiences import Definition
from flows.audiences.metrics import Metric
from flows.ground.sql import literal
from flows.warehouses.reader import Reader


class Defined(Protocol):
    """A segment of an account."""

    @property
    def account(self) -> str: ...

    def parsed(self) -> Definition | None:
        """The definition; None where it is not known."""


def never_came(reader: Reader, segments: Sequence[Defined]) -> list[tuple[str, ...]]:
    """Of each segment the names of the metrics that never came to its account."""
    named = [_metrics(one) for one in segments]
    lacking = _lacking(reader, {metric for metrics in named for metric in metrics})
    return [
        tuple(metric.name for metric in metrics if (one.account, metric.name) in lacking)
        for one, metrics in zip(segments, named, strict=True)
    ]


def _metrics(one: Defined) -> list[Metric]:
    definition = one.parsed()
    return sorted(definition.metrics(), key=lambda metric: metric.name) if definition else []


def _lacking(reader: Reader, metrics: Collection[Metric]) -> set[tuple[str, str]]:
    """The accounts, each with the name of a metric of which it has no event."""
    queries = [
        f"""select accounts.account_id, {literal(metric.name)} from metrics.accounts as accounts
        where not exists (
            select 1 from (select account_id from {metric.told_by.replace("{{", "metrics.").replace("}}", "")}) as told
            where told.account_id = accounts.account_id
        )"""
        for metric in sorted(metrics, key=lambda metric: metric.name)
    ]
    return set(reader.rows(" union all ".join(queries))) if queries else set()
