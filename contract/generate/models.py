"""What dbt wants to know of the dictionary: each published model's columns, and the types' names elsewhere."""

from __future__ import annotations

import json

import duckdb

import contract
from contract import Table
from contract.types import TYPES

FOLDER = "dbt_project/models/metrics"
MACROS = "dbt_project/macros/types.sql"


def files() -> dict[str, str]:
    reserved = _reserved_words()
    described = {f"{FOLDER}/{table.name}.yml": _model(table, reserved) for table in contract.metrics().values()}
    return described | {MACROS: _macros()}


def _model(table: Table, reserved: frozenset[str]) -> str:
    lines = [
        "# Generated from contract/metrics.yml by `make generate`: change it there. Unit tests stand beside it.",
        "models:",
        f"  - name: {table.name}",
        f"    description: {_quoted(table.about)}",
    ]
    written = f"meta: {{changed_by: {table.changed_by.model}}}" if table.changed_by else "materialized: table"
    lines += [f"    config: {{{written}}}", "    columns:"]
    for column in table.columns:
        quote = "quote: true, " if column.name in reserved else ""
        lines.append(
            f"      - {{name: {column.name}, {quote}data_type: {_quoted(TYPES[column.type].duckdb.lower())},"
            f" description: {_quoted(column.about)}}}"
        )
    return "\n".join(lines) + "\n"


def _macros() -> str:
    spark = {of.duckdb.lower(): of.spark for of in TYPES.values()}
    return (
        "{#- Generated from contract/types.py by `make generate`: change it there.\n"
        "    The engine's word for a type of the contracts in models/metrics. -#}\n"
        "{% macro physical_type(data_type) -%}"
        " {{ return(adapter.dispatch('physical_type')(data_type)) }} {%- endmacro %}\n\n"
        "{% macro duckdb__physical_type(data_type) -%} {{ return(data_type) }} {%- endmacro %}\n\n"
        "{% macro spark__physical_type(data_type) -%}\n    {{ return({\n"
        + "".join(f"        {ours!r}: {theirs!r},\n" for ours, theirs in spark.items())
        + "    }[data_type]) }}\n{%- endmacro %}\n"
    )


def _reserved_words() -> frozenset[str]:
    words = duckdb.sql("select keyword_name from duckdb_keywords() where keyword_category = 'reserved'").fetchall()
    return frozenset(word for (word,) in words)


def _quoted(text: str) -> str:
    """A text of YAML on one line."""
    return json.dumps(text, ensure_ascii=False)
