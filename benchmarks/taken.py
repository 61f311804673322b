"""What every figure of the benchmarks says of itself, and what a process took."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path


def taken() -> dict[str, str]:
    """The facts to write beside a figure; `+` behind the commit stands for changes that are not committed."""
    folder = Path(__file__).parent
    git = ["git", "-C", str(folder), "describe", "--always", "--abbrev=10", "--dirty=+", "--exclude=*"]
    commit = subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip()
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    return {"commit": commit, "on": datetime.now(UTC).date().isoformat(), "machine": machine}


def spent(process: int, began: float, what: str) -> dict[str, float]:
    """Wait for the process that `began`; seconds of wall and of processor time, MiB of peak memory. Ends with it where
    it fails, and names `what` it was.
    """
    _, status, usage = os.wait4(process, 0)
    if (code := os.waitstatus_to_exitcode(status)) != 0:
        sys.exit(f"{what} ended with {code}")
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_mib": usage.ru_maxrss // 1024,
    }
