"""The dimensions of dbt_project/models/semantic that are published columns: they say what the dictionary says.

The rest of these files is written by hand.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

import contract
from contract import Column

FOLDER = "dbt_project/models/semantic"
SEMANTIC = Path(contract.__file__).parent.parent / FOLDER
DIMENSION = re.compile(r"^( +- \{name: (\w+), type: (?:categorical|time),.* description: ).*\}$", re.MULTILINE)


def files() -> dict[str, str]:
    texts = {file.name: file.read_text("utf-8") for file in sorted(SEMANTIC.glob("*.yml"))}
    return {f"{FOLDER}/{name}": _described(text) for name, text in texts.items() if "semantic_models:" in text}


def sentence(table: str, dimension: dict[str, Any]) -> str:
    """What a dimension is: in the dictionary's words, or its own where it is no published column."""
    columns = {column.name: column for column in contract.metrics()[table].columns}
    column = columns.get(dimension.get("expr", dimension["name"]))
    return said(column) if column else str(dimension["description"])


def said(column: Column) -> str:
    """What a column is, and its values."""
    values = ", ".join(f"`{value}`" for value in column.values)
    return f"{column.about} One of {values}." if values else column.about


def _described(text: str) -> str:
    models = yaml.safe_load(text)["semantic_models"]
    sentences = {one["name"]: sentence(model["name"], one) for model in models for one in model["dimensions"]}
    return DIMENSION.sub(lambda found: f"{found[1]}{json.dumps(sentences[found[2]], ensure_ascii=False)}}}", text)
