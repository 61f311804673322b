"""Definitions as they are written: as JSON and YAML have them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from flows.audiences.definition import Segment


def yaml_of(segment: Segment, schema: Path | None = None) -> str:
    """The segment as a file: nothing in it that is as by default; with a schema for editors."""
    document = plain(segment.model_dump(exclude_defaults=True))
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    return f"# yaml-language-server: $schema={schema}\n{text}" if schema else text


def plain(value: Any) -> Any:
    """The value as JSON and YAML have it; numbers as numbers, which have too few digits to lose any."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
