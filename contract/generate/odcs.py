"""The published tables as a contract of the Open Data Contract Standard (bitol.io), version 3."""

from __future__ import annotations

from typing import Any

import yaml

import contract
from contract import Column, Table
from contract.types import TYPES

FILE = "contract/metrics.odcs.yaml"


def files() -> dict[str, str]:
    text = yaml.safe_dump(_document(), sort_keys=False, allow_unicode=True, width=100)
    return {FILE: f"# Generated from contract/metrics.yml by `make generate`: change it there.\n{text}"}


def _document() -> dict[str, Any]:
    return {
        "apiVersion": "v3.2.0",
        "kind": "DataContract",
        "id": "customer-agent-metrics",
        "name": "Customer agent metrics",
        "version": f"{contract.version()}.0.0",
        "status": "active",
        "description": {
            "purpose": "What really happened in the conversations of a shop's AI customer agent, proven row by row.",
            "usage": "Read the tables of the schema `metrics`. Tables and columns may be added.",
            "limitations": "Nothing outside these tables and columns is promised; none of them is changed or dropped.",
        },
        "servers": [
            {
                "server": "file",
                "type": "duckdb",
                "description": "The published DuckDB file, in the folder of an installation.",
                "database": "warehouse.duckdb",
                "schema": "metrics",
            },
        ],
        "schema": [_table(table) for table in contract.metrics().values()],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "physicalType": "table",
        "description": table.about,
        "dataGranularityDescription": f"One row for each {', '.join(table.key)}.",
        "properties": [_property(table, column) for column in table.columns],
    }


def _property(table: Table, column: Column) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": column.name,
        "logicalType": TYPES[column.type].logical,
        "physicalType": TYPES[column.type].duckdb,
        "description": column.about,
    }
    if column.name in table.key:
        found |= {"primaryKey": True, "primaryKeyPosition": table.key.index(column.name) + 1}
    if not column.nullable:
        found["required"] = True
    if column.values:
        found["enum"] = [{"value": value} for value in column.values]
    if column.type == "list<string>":
        found["items"] = {"logicalType": "string"}
    return found
