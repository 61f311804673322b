"""What the page asks of marimo. All else that marimo answers is refused: code, files, exports, packages, shutting down.

A visitor may move the controls of their own visit and nothing more; so a new endpoint of a new marimo is closed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from urllib.parse import parse_qsl, urlencode

from starlette.types import Scope

MOVE = "/api/kernel/set_ui_element_value"
SOCKET = "/ws"
# Of the files that visits make, `@file`, there is the empty one alone: served.py has the rest told to the visit itself.
READ = re.compile(
    r"/|/assets/.+|/@file/0-empty\.txt|/health|/public-files-sw\.js|/favicon\.ico|/manifest\.json"
    r"|/(logo|apple-touch-icon|android-chrome-\d+x\d+)\.png"
)
OTHER_NOTEBOOKS = {"file", "kiosk"}  # parameters that ask for another notebook, or to look on at another visit
SESSION = b"marimo-session-id"


def is_asked_by_page(scope: Scope) -> bool:
    """Whether marimo may see the request."""
    if {name for name, _ in _query(scope)} & OTHER_NOTEBOOKS:
        return False
    if scope["type"] == "websocket":
        return bool(scope["path"] == SOCKET)
    if scope["method"] == "POST":
        return bool(scope["path"] == MOVE)
    return scope["method"] in {"GET", "HEAD"} and READ.fullmatch(scope["path"]) is not None


def of_visitor(scope: Scope, shown: str) -> Scope:
    """The request in which the id of a visit, which the browser makes up, is good with this pass alone.

    Else whoever guesses or learns the id of a visit with another token could go on with it.
    """

    def own(session: str) -> str:
        return hmac.new(shown.encode(), session.encode(), hashlib.sha256).hexdigest()[:32]

    headers = [
        (name, own(value.decode("latin-1")).encode()) if name == SESSION else (name, value)
        for name, value in scope["headers"]
    ]
    query = [(name, own(value) if name == "session_id" else value) for name, value in _query(scope)]
    return {**scope, "headers": headers, "query_string": urlencode(query).encode()}


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
