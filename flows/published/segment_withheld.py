"""Whether a condition asks for columns that a reader may not see."""

from __future__ import annotations

import re
from collections.abc import Collection

from flows.audiences.definition import Condition, Funnel, MetricFilter, ProfileMetric, ProfileProperty
from flows.audiences.metrics import METRICS, PROFILE

Columns = Collection[tuple[str, str]]  # tables, each with a column


def asks_for(condition: Condition, columns: Columns) -> bool:
    """Whether the condition asks for one of these."""
    if isinstance(condition, ProfileProperty):
        return ("profiles", PROFILE[condition.property].sql) in columns
    if isinstance(condition, ProfileMetric):
        return _of_events(condition.metric, condition.metric_filters, columns)
    return isinstance(condition, Funnel) and any(
        _of_events(step.metric, step.metric_filters, columns) for step in condition.steps
    )


def _of_events(metric_name: str, filters: tuple[MetricFilter, ...], columns: Columns) -> bool:
    metric = METRICS[metric_name]
    asked = [metric.rows, *(metric.properties[one.property].sql for one in filters)]
    tables = {table for sql in asked for table in re.findall(r"\{\{([a-z_]+)\}\}", sql)}
    words = {word for sql in asked[1:] for word in re.findall(r"\w+", sql)}
    return any(table in tables and column in words for table, column in columns)
