"""Keeping passwords out of the process list: everybody on a machine can read the arguments of a process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from flows.ground.address import Address
from flows.settings import WAREHOUSE

OPTION = "--warehouse"


def out_of_sight(arguments: Sequence[str] | None) -> list[str]:
    """The arguments of the command line, None those of this process, without a password.

    Where a `--warehouse` has one, all of them move to the environment. The process then starts anew in its place, so
    that they are gone from its arguments as well; that they were there for an instant cannot be helped.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    kept, warehouses = _apart(given)
    if not any(_has_password(one) for one in warehouses):
        return given
    os.environ[WAREHOUSE] = json.dumps(warehouses)
    if arguments is None:
        command, _ = _apart(sys.orig_argv)
        os.execve(sys.executable, [sys.executable, *command[1:]], os.environ)  # noqa: S606  itself
    return kept


def _apart(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The arguments without the option, and its values."""
    kept: list[str] = []
    values: list[str] = []
    for argument in arguments:
        if kept and kept[-1] == OPTION:
            kept.pop()
            values.append(argument)
        elif argument.startswith(f"{OPTION}="):
            values.append(argument.partition("=")[2])
        else:
            kept.append(argument)
    return kept, values


def _has_password(text: str) -> bool:
    try:
        return bool(Address.of(text).secrets)
    except ValueError:  # whatever it is, it may hold one
        return "://" in text and "@" in text
