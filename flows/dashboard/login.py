"""The form that asks for the token, and where it leads."""

from __future__ import annotations

import html
from urllib.parse import quote, urlsplit

from starlette.responses import HTMLResponse, Response

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Customer agent</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0 1rem }}
  form {{ display: grid; gap: .75rem; width: min(24rem, 100%) }}
  input, button {{ font: inherit; padding: .5rem .75rem; border: 1px solid #767676; border-radius: .375rem }}
  button {{ background: #0b5394; border-color: #0b5394; color: #fff; cursor: pointer }}
  p {{ margin: 0 }}
</style>
<form method="post" action="{action}">
  <label for="token">Token of this page</label>
  <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
  <p role="alert">{said}</p>
  <button>Open</button>
</form>
</html>"""


def form(path: str, wanted: str, said: str = "") -> Response:
    """The form, in answer to a request for `path`; it leads to `wanted`, and says what was wrong."""
    action = f"{'../' * (path.count('/') - 1)}login?next={quote(wanted, safe='')}"
    page = PAGE.format(action=html.escape(action), said=html.escape(said))
    return HTMLResponse(page, status_code=401)


def of_this_page(wanted: str) -> str:
    """The address as one of this page, so that nobody can be sent elsewhere."""
    try:
        parts = urlsplit(wanted.replace("\\", "/"))
    except ValueError:  # `//[` is not an address at all
        return "/"
    path = "/" + parts.path.lstrip("/")
    return f"{path}?{parts.query}" if parts.query else path
