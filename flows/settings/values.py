"""What values of several settings have to be."""

from __future__ import annotations

from zoneinfo import available_timezones


def zone(name: str) -> str:
    """The name of a time zone. Raises ValueError."""
    # `localtime` is whatever the machine is set to, not a zone
    if name not in available_timezones() or name == "localtime":
        raise ValueError(f"there is no time zone '{name}'; give an IANA name such as America/Sao_Paulo")
    return name


def number(value: object) -> object:
    """The value, which is not true or false. Raises ValueError."""
    if isinstance(value, bool):
        raise ValueError("give a number")
    return value
