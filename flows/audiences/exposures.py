"""The segments that come along as exposures of dbt: which tables each of them is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

import contract
from flows.audiences.definition import Definition
from flows.audiences.reading import SHIPPED, Found, read
from flows.audiences.sql import of_segment

TITLE = "# Generated from flows/audiences/shipped by `make generate`: change it there."
OWNER = {"name": "customer-agent-metrics maintainers", "email": "maintainers@example.com"}
MADE_OF = {"shoppers": ("profiles", "conversations"), "profile_reach": ("profiles",)}  # models that nobody else reads


def exposures_text() -> str:
    """The file of dbt_project that has them."""
    document = {"exposures": [_exposure(read(file)) for file in sorted(SHIPPED.glob("*.yml"))]}
    return f"{TITLE}\n{yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=1000)}"


def asked(definition: Definition) -> set[str]:
    """The published tables that a definition asks of."""
    return set(_tables(of_segment(definition)))


def _exposure(one: Found) -> dict[str, Any]:
    tables = asked(one.segment.definition) | {"segments", "segment_members", "segment_changes"}
    return {
        "name": f"segment_{one.key}",
        "label": f"Segment {one.segment.name}",
        "type": "application",
        "maturity": "medium",
        "description": " ".join(one.segment.description.split()),
        "config": {"tags": ["segments"], "meta": {"segment": one.key}},
        "owner": dict(OWNER),
        "depends_on": [f"ref('{table}')" for table in contract.metrics() if table in tables],
    }


def _tables(query: str) -> Iterator[str]:
    for name in re.findall(r"\{\{([a-z_]+)\}\}", query):
        yield from MADE_OF.get(name, (name,) if name in contract.metrics() else ())
