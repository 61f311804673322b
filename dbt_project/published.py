"""Lays what MetricFlow needs beside a published file that is attached read-only; profiles.yml names this module."""

from __future__ import annotations

from pathlib import Path

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

DAYS = Path(__file__).parent / "models" / "semantic" / "days.sql"


class Plugin(BasePlugin):  # type: ignore[misc]
    """The days are a view in memory: a publication holds nothing but what the contract promises."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        conn.execute("create schema if not exists semantic")
        conn.execute(f"create view if not exists semantic.days as {DAYS.read_text('utf-8')}")
