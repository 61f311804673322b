"""The variables of the environment that this project reads; nothing else looks at the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping

PREFIX = "AGENT_METRICS_"
# no settings: the first two are read below, the last by dbt_project/profiles.yml
SWITCHES = {"AGENT_METRICS_CONFIG", "AGENT_METRICS_DEBUG"}
WAREHOUSE = f"{PREFIX}WAREHOUSE"
# passwords of the accounts that `warehouse init` makes
ROLE_PASSWORDS = {role: f"{PREFIX}{role.upper()}_PASSWORD" for role in ("writer", "reader", "limited_reader")}


def credentials() -> Mapping[str, str]:
    """Where settings that say `env:NAME` find it."""
    return os.environ


def role_password(role: str) -> str | None:
    """The password that the environment gives for an account that `warehouse init` makes."""
    return os.environ.get(ROLE_PASSWORDS[role]) or None


def is_debugging() -> bool:
    """Whether AGENT_METRICS_DEBUG asks for tracebacks."""
    return os.environ.get("AGENT_METRICS_DEBUG", "").lower() not in {"", "0", "false", "no"}


def prefect_api_url() -> str | None:
    """Address of the Prefect server that keeps the history of runs, or None: then runs need no server."""
    return os.environ.get("PREFECT_API_URL") or None
