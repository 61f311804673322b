"""The form that asks for the token, and where it leads."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from starlette.responses import HTMLResponse, Response

from flows.dashboard.language import Language


def form(say: Language, path: str, wanted: str, said: str = "") -> Response:
    """The form, in answer to a request for `path`; it leads to `wanted`, and says what was wrong."""
    return HTMLResponse(
        say.html("login", root=root_of(path), wanted=quote(wanted, safe=""), said=said), status_code=401
    )


def root_of(path: str) -> str:
    """Where the page begins, as seen from `path`, also behind a server that puts it below a path of its own."""
    return "../" * (path.count("/") - 1) or "./"


def of_this_page(wanted: str) -> str:
    """The address as one of this page, so that nobody can be sent elsewhere."""
    try:
        parts = urlsplit(wanted.replace("\\", "/"))
    except ValueError:  # `//[` is not an address at all
        return "/"
    path = "/" + parts.path.lstrip("/")
    return f"{path}?{parts.query}" if parts.query else path
