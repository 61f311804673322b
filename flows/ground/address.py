"""Where a metrics warehouse is: the DuckDB file of the home, or a Postgres database.

A URL can hold a password. It is shown, compared and printed without it; only `reveal` gives it away, to libpq.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

FILE = "duckdb"
REMEDY = "write `duckdb` or postgresql://user@host/database, other characters than letters and digits percent-encoded"
# Stricter than libpq, which finds the end of a password that is not encoded somewhere in it, and quotes the rest.
_URL = re.compile(
    r"(?P<scheme>postgres(?:ql)?://)"
    r"(?:(?P<user>[^:@/?#\s]*)(?::(?P<password>[^:@/?#\s]*))?@)?"
    r"(?P<place>[^@?#\s]*)(?:\?(?P<query>[^#\s]*))?"
)
_SECRETS = ("password", "sslpassword")


@dataclass(frozen=True)
class Address:
    """`duckdb` or a URL of Postgres. `str` and `repr` show no password; `secrets` are the texts to hide elsewhere."""

    shown: str
    secrets: tuple[str, ...] = field(default=(), repr=False, compare=False)
    _url: str = field(default="", repr=False, compare=False)

    @classmethod
    def of(cls, text: str) -> Address:
        """Raises ValueError, which does not repeat the text, where it is neither."""
        if text == FILE:
            return cls(FILE)
        match = _URL.fullmatch(text)
        if match is None:
            raise ValueError(f"this is not a warehouse; {REMEDY}")
        parts = [part.partition("=") for part in (match["query"] or "").split("&") if part]
        found = [match["password"], *(value for name, _, value in parts if unquote(name) in _SECRETS)]
        shown = "&".join(name + sign + value for name, sign, value in parts if unquote(name) not in _SECRETS)
        user = f"{match['user']}@" if match["user"] else ""
        secrets = {text for one in found if one for text in (one, unquote(one))}
        return cls(
            f"postgresql://{user}{match['place']}{'?' if shown else ''}{shown}",
            tuple(sorted(secrets, key=len, reverse=True)),
            text,
        )

    @property
    def is_file(self) -> bool:
        return self.shown == FILE

    def reveal(self) -> str:
        """The URL as it was given, for libpq alone."""
        return self._url

    def scrubbed(self, text: str) -> str:
        """The text without the password."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text

    def __str__(self) -> str:
        return self.shown


def addresses(value: Any) -> tuple[Address, ...]:
    """The addresses of a text (several with blanks between them) or a list; each once, at least one.

    Raises ValueError, which does not repeat them.
    """
    texts = value.split() if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not texts:
        raise ValueError(f"this is not a warehouse and no list of them; {REMEDY}")
    found = [text if isinstance(text, Address) else Address.of(text if isinstance(text, str) else "") for text in texts]
    if len(set(found)) < len(found):
        raise ValueError("a warehouse stands here more than once; keep one of them")
    return tuple(found)
