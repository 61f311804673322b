"""Settings of one database."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from contract import landing
from flows.sources.sections import Secret, SecretPlace, Section, SourceSettings


class SqlTable(Section):
    """Where the rows of one landing table come from: a table or a view, or a query."""

    table: str | None = Field(default=None, min_length=1, description="table or view, with its schema: public.orders")
    query: str | None = Field(default=None, min_length=1, description="a SELECT, instead of a table")
    cursor: str | None = Field(
        default=None,
        min_length=1,
        description="column that grows with every change; without it every pull reads all rows",
    )
    columns: dict[str, str] = Field(default={}, description="landing column -> their column, where names differ")
    overlap_minutes: int = Field(
        default=0, ge=0, le=525_600, description="minutes below the cursor's last instant that are read again"
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> SqlTable:
        if (self.table is None) == (self.query is None):
            raise ValueError("rows come from one place; give either table or query")
        if self.overlap_minutes and not self.cursor:
            raise ValueError("overlap_minutes needs a cursor; name a cursor, or take overlap_minutes out")
        return self


def _of_the_contract(tables: dict[str, SqlTable]) -> dict[str, SqlTable]:
    for name, table in tables.items():
        if name not in landing():
            raise ValueError(f"there is no landing table '{name}'; known are {', '.join(landing())}")
        known = [*(column.name for column in landing()[name].columns), "updated_at"]
        if unknown := sorted(set(table.columns) - set(known)):
            raise ValueError(f"'{name}' has no column {', '.join(unknown)}; known are {', '.join(known)}")
    return tables


class SqlSettings(SourceSettings):
    """A database that SQLAlchemy has a dialect for."""

    url: SecretPlace = Field(
        default=Secret("env", "SQL_DATABASE_URL"), description="where the URL of the database is, with its password"
    )
    tables: Annotated[dict[str, SqlTable], AfterValidator(_of_the_contract)] = Field(
        min_length=1, description="landing table -> where its rows come from"
    )

    @property
    def brings_orders(self) -> bool:
        return "orders" in self.tables

    @property
    def brings_profiles(self) -> bool:
        return "profiles" in self.tables
