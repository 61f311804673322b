"""The shape of a file of Apache Ossie, the Open Semantic Interchange (OSI), as far as it is needed here.

Specification: https://github.com/apache/ossie, core-spec/spec.md, version 0.2.0.dev0, a draft.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class Extension(_Part):
    """What a vendor says beside the standard, as JSON text."""

    vendor_name: Literal["DBT"] = "DBT"
    data: str


class DialectExpression(_Part):
    """SQL that DuckDB, Postgres and Spark run as it stands."""

    dialect: Literal["ANSI_SQL"] = "ANSI_SQL"
    expression: str


class Expression(_Part):
    """SQL, in each dialect that has its own; here in one."""

    dialects: tuple[DialectExpression, ...]


class DimensionRole(_Part):
    """That a field is there to group by, and whether it is a time."""

    is_time: bool


class OsiField(_Part):
    """A column of a dataset, or what is computed of its columns row by row."""

    name: str
    expression: Expression
    dimension: DimensionRole | None = None
    description: str | None = None
    datatype: str | None = None
    custom_extensions: tuple[Extension, ...] | None = None


class Dataset(_Part):
    """A published table."""

    name: str
    source: str
    primary_key: tuple[str, ...]
    description: str
    fields: tuple[OsiField, ...]
    custom_extensions: tuple[Extension, ...]


class Relationship(_Part):
    """Many rows of one dataset belong to one row of another."""

    name: str
    from_: str = Field(alias="from")
    to: str
    from_columns: tuple[str, ...]
    to_columns: tuple[str, ...]


class AIContext(_Part):
    """What is said to whoever, or whatever, asks."""

    instructions: str | None = None
    synonyms: tuple[str, ...] | None = None


class OsiMetric(_Part):
    """A figure, as an aggregate over fields that are written `<dataset>.<field>`."""

    name: str
    expression: Expression
    description: str
    datatype: str
    ai_context: AIContext
    custom_extensions: tuple[Extension, ...]


class OsiModel(_Part):
    """Datasets, how they belong together, and metrics."""

    name: str
    description: str
    ai_context: AIContext
    datasets: tuple[Dataset, ...]
    relationships: tuple[Relationship, ...]
    metrics: tuple[OsiMetric, ...]
    custom_extensions: tuple[Extension, ...]


class Document(_Part):
    """A file of the Open Semantic Interchange."""

    version: Literal["0.2.0.dev0"] = "0.2.0.dev0"
    semantic_model: tuple[OsiModel, ...]

    def to_json_dict(self) -> dict[str, Any]:
        """The document as YAML and JSON hold it."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
