"""A real page in a real browser: Debian's Chromium before `agent-metrics dashboard`, which reads a built shop."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Dialog, Page, Request, expect

from flows import jobs
from flows.demo import write_shop
from flows.ground.home import Home
from flows.settings.requests import RunRequest
from tests.conftest import write_rows

COMMAND = Path(sys.executable).with_name("agent-metrics")
AS_OF = "2026-06-07T12:00:00Z"
PATIENCE = 60_000  # milliseconds: the machine may be busy
ALERT = "<img src=x onerror=alert(1)><script>alert(2)</script>"
MARKDOWN = "[click](javascript:alert(3)) ![seen](https://evil.example/seen.png) **bold** $$x^2$$ `code`"
LINK = "https://evil.example/a.png"
FORMULA = '=HYPERLINK("https://evil.example";"x")'
HOSTILE = (ALERT, MARKDOWN, LINK, FORMULA, "\u202eevil {{ 7 * 7 }} {% raw %} &lt;b&gt; :smile:")
CANARY = "canary-of-a-text"


def built_shop(folder: Path) -> Home:
    """A demo shop with what strangers may write, built and published by the main job."""
    write_shop(folder / "shop", conversations=700)
    _write_hostile(folder / "shop")
    result = jobs.run(RunRequest(home=str(folder / "home"), path=str(folder / "shop"), as_of=AS_OF))
    assert result.outcome == "published"
    return Home(folder / "home")


def _write_hostile(shop: Path) -> None:
    """Conversations of aurora in which every text is hostile."""
    at = {"account_id": "aurora", "channel": "web_chat"}
    kept: dict[str, list[dict[str, Any]]] = {name: [] for name in ("conversations", "messages", "products", "profiles")}
    for number, text in enumerate(HOSTILE):
        key, when = f"hostile-{number}", f"2026-06-07T11:{10 + number}"
        names = {"first_name": f"{CANARY} {text}", "email": f"{CANARY}@mail.example"}
        kept["profiles"].append({"account_id": "aurora", "profile_id": f"p-{key}", **names})
        url = "javascript:alert(4)" if number else "https://shop.example/p"
        kept["products"].append({"account_id": "aurora", "product_id": key, "title": text, "url": url})
        more = {"tag": text, "profile_id": f"p-{key}", "created_at": f"{when}:00Z"}
        kept["conversations"].append({**at, "conversation_id": key, **more})
        said = {"account_id": "aurora", "conversation_id": key}
        kept["messages"] += [
            {
                **said,
                "message_id": f"{key}-1",
                "sender": "visitor",
                "sent_at": f"{when}:01Z",
                "text": f"{CANARY} {text}",
            },
            {
                **said,
                "message_id": f"{key}-2",
                "sender": "agent",
                "sent_at": f"{when}:02Z",
                "text": f"{text} {CANARY}",
                "skill": text,
                "recommended_product_ids": [key],
            },
        ]
    for table, rows in kept.items():
        write_rows(shop / table / "hostile.jsonl", rows)


@contextmanager
def served(home: Path | Home, *options: str, **environment: str) -> Iterator[str]:
    """The address of the page."""
    root = str(home.root if isinstance(home, Home) else home)
    command = [str(COMMAND), "dashboard", "--home", root, "--port", "0", "--json", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    try:
        assert process.stdout is not None
        told = ""
        while not told.rstrip().endswith("}"):
            line = process.stdout.readline()
            assert line, "the page was not served"
            told += line
        yield json.loads(told)["address"]
    finally:
        process.terminate()
        process.communicate(timeout=60)


@contextmanager
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    executable = shutil.which("chromium")
    assert executable, "these tests need Debian's Chromium: sh setup.sh chromium"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Visitor:
    """One visitor's page, and what must not happen on it: dialogs, and requests to other places."""

    def __init__(self, browser: Browser, address: str, size: tuple[int, int] = (1440, 900), **options: Any) -> None:
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, accept_downloads=True, locale="en-US", **options
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        self.address = address
        self.elsewhere: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("dialog", self._dismiss)
        self.context.on("request", self._watch)  # to route requests would keep the browser from caching

    def _dismiss(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.elsewhere.append(request.url)

    def open(self, section: str = "", **query: str) -> Page:
        from urllib.parse import urlencode  # noqa: PLC0415

        self.page.goto(f"{self.address}{section}?{urlencode(query)}")
        self.page.wait_for_selector("html.js main")
        return self.page

    def figure(self, key: str) -> str:
        return self.page.locator(f"[data-figure={key}] .value").inner_text()

    def close(self) -> None:
        self.context.close()
        assert not self.dialogs
        assert not self.elsewhere
