"""What every figure of the benchmarks says of itself: the commit, the day and the machine that it was taken on."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path


def taken() -> dict[str, str]:
    """The facts to write beside a figure; `+` behind the commit stands for changes that are not committed."""
    folder = Path(__file__).parent
    git = ["git", "-C", str(folder), "describe", "--always", "--abbrev=10", "--dirty=+", "--exclude=*"]
    commit = subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip()
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    return {"commit": commit, "on": datetime.now(UTC).date().isoformat(), "machine": machine}
