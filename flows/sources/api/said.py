"""What an answer says, without what was sent: servers and proxies repeat credentials in their errors."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from requests import PreparedRequest

SHORTEST = 4  # characters; what is shorter is not a secret, and stands everywhere
PLAIN = {"accept", "accept-encoding", "connection", "content-length", "content-type", "user-agent", "revision"}
HIDDEN = "***"


def without_secrets(text: str, request: PreparedRequest) -> str:
    """The text without any value of the request's headers, query and body, as it is or as URLs and JSON spell it."""
    spelled = {spelling for value in _sent(request) for spelling in _spellings(value) if len(spelling) >= SHORTEST}
    for secret in sorted(spelled, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _sent(request: PreparedRequest) -> Iterator[str]:
    for name, value in request.headers.items():
        if name.lower() not in PLAIN:
            said = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            yield said
            for part in said.split():
                yield part
                yield from _basic(part)
    for _, value in parse_qsl(urlsplit(request.url or "").query):
        yield value
    body = request.body.decode("utf-8", "replace") if isinstance(request.body, bytes) else request.body
    if isinstance(body, str):
        yield from _values(body)


def _basic(part: str) -> Iterator[str]:
    """User and password of HTTP's basic authentication."""
    try:
        user, colon, password = base64.b64decode(part, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return
    if colon:
        yield from (f"{user}:{password}", user, password)


def _values(body: str) -> Iterator[str]:
    try:
        document = json.loads(body)
    except ValueError:
        yield from (value for _, value in parse_qsl(body))
        return
    yield from _texts(document)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            if re.search(r"secret|token|key|password", str(name), re.IGNORECASE):
                yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _spellings(value: str) -> Iterator[str]:
    yield from (value, unquote(value), quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1])
