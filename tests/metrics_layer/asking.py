"""MetricFlow as its command line sets it up, in a process of its own: dbt keeps one adapter for a process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

COMMANDS = CLIConfiguration()


def open_project(project: str, published: str) -> None:
    """Become a process that asks the published file with the dbt project, which has been parsed."""
    os.chdir(project)
    os.environ.update(DBT_TARGET="published", PUBLISHED_FILE=published)
    COMMANDS.setup(Path(project), Path(project), configure_file_logging=False)


def ask(metrics: list[str], group_by: list[str], where: list[str]) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows of `mf query --metrics … --group-by … --where …`."""
    request = MetricFlowQueryRequest.create(metric_names=metrics, group_by_names=group_by, where_constraints=where)
    table = COMMANDS.mf.query(request).result_df
    assert table is not None
    return list(table.column_names), [tuple(row) for row in table.rows]
