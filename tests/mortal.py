"""One piece of work on copies of a folder, each time killed one file-changing call later, until it completes."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

CALLS = ("replace", "rename", "link", "unlink", "mkdir", "rmdir", "chmod", "fsync", "copy_file_range", "sendfile")


class Fate:
    """Kills this process when `lives` calls have been made."""

    def __init__(self, lives: int) -> None:
        self.lives = lives

    def wrap(self, call: Any) -> Any:
        def mortal(*args: Any, **kwargs: Any) -> Any:
            if self.lives == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            self.lives -= 1
            return call(*args, **kwargs)

        return mortal


def killed_ever_later(folder: Path, copies: Path, work: Callable[[Path, Fate], object]) -> None:
    """Leaves `copies`/0000, 0001, ...: killed before the first, the second, ... of the CALLS, the last one complete.

    `work` gets each copy, and the fate for whatever else changes files. Ends the process where the work fails.
    """
    lives, completed = 0, False
    while not completed:
        copy = copies / f"{lives:04}"
        shutil.copytree(folder, copy)
        child = os.fork()
        if child == 0:
            fate = Fate(lives)
            for name in CALLS:
                setattr(os, name, fate.wrap(getattr(os, name)))
            work(copy, fate)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        completed = os.WIFEXITED(status)
        if completed and os.WEXITSTATUS(status):
            sys.exit("it failed, it was not killed")
        lives += 1
