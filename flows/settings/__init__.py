"""The settings of an installation, and the only place that reads the environment and `agent-metrics.toml`.

Options of the command line beat the environment (`AGENT_METRICS_…`, `__` between levels), which beats
the file (`./agent-metrics.toml`, or what `--config` or `AGENT_METRICS_CONFIG` names), which beats the
defaults. Unknown keys are refused everywhere. Relative paths of the file start at the file's folder, all
others at the working folder. Whatever is wrong is an InputError that names the place, the key and the remedy,
and never repeats a value.
"""

from flows.settings.environment import credentials, is_debugging, prefect_api_url, role_password
from flows.settings.loading import load
from flows.settings.tree import (
    AccountSettings,
    DashboardSettings,
    Settings,
    SparkSettings,
    WordsSettings,
    known_sources,
)

__all__ = [
    "AccountSettings",
    "DashboardSettings",
    "Settings",
    "SparkSettings",
    "WordsSettings",
    "credentials",
    "is_debugging",
    "known_sources",
    "load",
    "prefect_api_url",
    "role_password",
]
