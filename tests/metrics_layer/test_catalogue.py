"""docs/metrics.md says what is published, as it is now."""

from __future__ import annotations

import re

import contract
from dbt_project import catalogue


def test_the_catalogue_is_as_the_project_is() -> None:
    assert catalogue.PAGE.read_text("utf-8") == catalogue.page(), "run `make catalogue`"


def test_every_table_column_and_metric_stands_in_it() -> None:
    page = catalogue.page()
    sections = dict(zip(*[iter(re.split(r"^### (\w+)\n", page, flags=re.MULTILINE)[1:])] * 2, strict=True))
    for table in contract.metrics().values():
        columns = re.findall(r"^\| (?:\*\*)?`(\w+)`(?:\*\*)? \|", sections[table.name], re.MULTILINE)
        assert columns == [column.name for column in table.columns], table.name
    for metric in catalogue.metrics():
        assert f"| `{metric['name']}` |" in page
        assert re.search(r"\(rules? \d\.\d", metric["description"]), metric["name"]
