"""Teaches dbt's connection to read a lake that is at a URL; profiles.yml names this module."""

from __future__ import annotations

import os

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from flows.lake.storage import Remote


class Plugin(BasePlugin):  # type: ignore[misc]
    """The URL comes from the environment, as all that the profile asks for."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        if url := os.environ.get("LAKE_URL"):
            Remote(url).connect(conn)
