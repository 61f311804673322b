"""Extras: parts of the package that are installed only when they are asked for by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flows.ground.errors import InputError

DISTRIBUTION = "customer-agent-metrics"


def how_to_install(extra: str) -> str:
    """The command that adds an extra to this installation."""
    return f"install it: pip install '{DISTRIBUTION}[{extra}]'"


@contextmanager
def needing(extra: str, what: str) -> Iterator[None]:
    """Import within what comes with `extra`; `what` is the part of the product that needs it.

    Raises InputError that names the extra where a module is not installed or cannot be loaded.
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").startswith("flows."):
            raise
        raise InputError(f"{what} needs the extra `{extra}` ({error})", remedy=how_to_install(extra)) from None
