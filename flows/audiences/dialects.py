"""What engines and warehouses do not spell alike in the queries of definitions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Dialect:
    """How an engine spells what not all spell alike, and the schemas of the tables, empty where they have none."""

    metrics: str
    intermediate: str
    words: Mapping[str, str]
    literal: Callable[[str], str]

    def written(self, query: str, as_of: datetime, previous_as_of: datetime | None = None) -> str:
        """The query with everything that stands in `{{…}}` in the engine's words."""
        instants = {"as_of": as_of, "previous_as_of": previous_as_of or as_of}

        def word(found: re.Match[str]) -> str:
            name, text = found.groups()
            if text is not None:
                return self.literal(bytes.fromhex(text).decode())
            if name in self.words:
                return self.words[name]
            if name in instants:
                return f"cast('{instants[name].astimezone(UTC).isoformat()}' as timestamp{self.words['tz']})"
            schema, relation = (self.intermediate, f"int_{name}") if name in OWN else (self.metrics, name)
            return f"{schema}.{relation}" if schema else relation

        return re.sub(r"\{\{([a-z_]+)(?::([0-9a-f]*))?\}\}", word, query)


OWN = {"shoppers", "profile_reach"}  # models that nobody else needs


def _in_duckdb(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _in_spark(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


MAX_BY = "max_by(messages.sender, messages.position)"
DIALECTS = {
    "duckdb": Dialect(
        "candidate.metrics",
        "intermediate",
        {
            "tz": "tz",
            "contains": "list_contains",
            "regex": "regexp_matches",
            "position": "instr",
            "last_sender": MAX_BY,
        },
        _in_duckdb,
    ),
    "spark": Dialect(
        "metrics",
        "intermediate",
        {
            "tz": "",
            "contains": "array_contains",
            "regex": "regexp_like",
            "position": "instr",
            "last_sender": MAX_BY,
        },
        _in_spark,
    ),
    # What DuckDB and Postgres both understand, over relations without a schema. They have no regular expressions alike.
    "warehouse": Dialect(
        "",
        "",
        {
            "tz": "tz",
            "contains": "0 < array_position",
            "position": "strpos",
            "last_sender": "(array_agg(messages.sender order by messages.position desc))[1]",
        },
        _in_duckdb,
    ),
}
