"""Calls that keep a pace, and hear what the source says about it."""

from __future__ import annotations

import re
import time
from email.utils import mktime_tz, parsedate_tz
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from flows.sources.api.pace import Pace


class Paced(HTTPAdapter):
    """Every try of a call, the repeated ones too, keeps the pace, and what the source says about it is heard.

    A token that has run out is replaced once.
    """

    def __init__(self, pace: Pace, auth: AuthBase | None) -> None:
        self._pace, self._auth = pace, auth
        super().__init__(pool_maxsize=4)

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        response = self._sent(request, *args, **kwargs)
        obtain = getattr(self._auth, "obtain_token", None)
        if response.status_code == 401 and obtain and self._auth:
            response.close()
            obtain()
            response = self._sent(self._auth(request), *args, **kwargs)
        return response

    def _sent(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        self._pace.wait()
        response: Response = super().send(request, *args, **kwargs)
        if (seconds := _retry_after(response)) is not None:
            self._pace.pause(seconds)
        return response


def _retry_after(response: Response) -> float | None:
    """The seconds of `Retry-After`, which is a number or a date."""
    text = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    date = parsedate_tz(text) if text else None
    return max(mktime_tz(date) - time.time(), 0.0) if date else None
