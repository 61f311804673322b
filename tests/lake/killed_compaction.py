"""Compact copies of a home's lake, each killed one file-changing call later than the last, until one completes.

python killed_compaction.py HOME COPIES
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from flows.home import Home
from flows.lake import Lake
from flows.lake.compaction import compact
from flows.progress import Silent

CALLS = ("replace", "rename", "unlink", "fsync", "mkdir", "rmdir")


def mortal(call: Any, lives: list[int]) -> Any:
    def calling(*args: Any, **kwargs: Any) -> Any:
        if lives[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        lives[0] -= 1
        return call(*args, **kwargs)

    return calling


def main(home: str, copies: str) -> None:
    lives, completed = 0, False
    while not completed:
        copy = Home(Path(copies) / f"{lives:04}")
        shutil.copytree(home, copy.root)
        child = os.fork()
        if child == 0:
            left = [lives]
            for name in CALLS:
                setattr(os, name, mortal(getattr(os, name), left))
            compact(Lake(copy.lake), copy.lock, "1GB", Silent())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        completed = os.WIFEXITED(status)
        if completed and os.WEXITSTATUS(status):
            sys.exit("the compaction failed, it was not killed")
        lives += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
