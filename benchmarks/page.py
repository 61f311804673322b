"""How long the page takes on a large published history, in Chromium.

    python benchmarks/page.py [--home .bench/home-1000000] [--visits 5] [--warehouse postgresql://…]

`agent-metrics dashboard` serves the home (bench.py makes it), or a database that it was published to. Each visit is a
new page of one browser. Medians, in seconds: of each section, from the request until it can be used (its program has
run); of a click on another range, a row and a search, until what was asked for is there. `kilobytes` is what the first
visit loads. Where Lighthouse is at hand (`npm install --global lighthouse`): its scores of each section, from 0 to 1,
and what it measures on its slow telephone (milliseconds, bytes). Writes page.json, a part
for each home and kind of warehouse.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from taken import taken

KEPT = Path(__file__).with_name("page.json")
COMMAND = Path(sys.executable).with_name("agent-metrics")
CATEGORIES = ("performance", "accessibility", "best-practices")
MEASURES = ("largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift", "total-byte-weight")
SECTIONS = ("", "conversations", "knowledge", "audiences", "hand-offs", "sales", "events", "data")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", default=".bench/home-1000000")
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--warehouse", default="duckdb")
    given = parser.parse_args()
    command = [str(COMMAND), "dashboard", "--home", given.home, "--warehouse", given.warehouse]
    command += ["--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as driver:
        try:
            assert server.stdout is not None
            address = json.loads("".join(iter(server.stdout.readline, "}\n")) + "}")["address"]
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            visits = [visit(context.new_page(), address) for _ in range(given.visits)]
            browser.close()
            scores = lighthouse(address)
        finally:
            server.terminate()
    first, *later = visits
    found = {
        "taken": taken(),
        "first visit of a browser": first,
        "median of later visits": {what: round(statistics.median(one[what] for one in later), 2) for what in first},
    }
    found |= {"lighthouse": scores} if scores else {}
    print(json.dumps(found, indent=1))
    where = f"{Path(given.home).resolve().name.removeprefix('.')} in {given.warehouse.partition(':')[0]}"
    kept = json.loads(KEPT.read_text("utf-8")) | {where: found}
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def lighthouse(address: str) -> dict[str, dict[str, float]]:
    """Scores and measures of each section; nothing where Lighthouse is not installed."""
    command, chromium = shutil.which("lighthouse"), shutil.which("chromium")
    if command is None or chromium is None:
        return {}
    options = ["--quiet", "--output=json", "--chrome-flags=--headless --no-sandbox --disable-gpu"]
    seen = {}
    for section in SECTIONS:
        told = subprocess.run(
            [command, f"{address}{section}", *options],
            env=os.environ | {"CHROME_PATH": chromium},
            stdout=subprocess.PIPE,
            check=True,
        )
        report = json.loads(told.stdout)
        scores = {name: report["categories"][name]["score"] for name in CATEGORIES}
        measured = {name: round(report["audits"][name]["numericValue"], 3) for name in MEASURES}
        seen[section or "overview"] = scores | measured
    return seen


def visit(page: Page, address: str) -> dict[str, float]:
    """Seconds until each thing was there."""
    seen, loaded = {}, []
    page.on("response", lambda one: loaded.append(int(one.headers.get("content-length", "0"))))
    for section in SECTIONS:
        began = time.perf_counter()
        page.goto(f"{address}{section}", wait_until="commit")
        page.wait_for_selector("html.js main h1")
        seen[section or "overview"] = time.perf_counter() - began
        if not section:
            page.wait_for_load_state("load")
            seen["kilobytes"] = sum(loaded) / 1024
    began = time.perf_counter()
    page.goto(f"{address}conversations")
    page.wait_for_selector("html.js table.conversations")
    for name, do, there in (
        ("a thread", page.locator("a.row").first.click, "article.thread"),
        ("another range", lambda: page.get_by_label("Dates").select_option("90"), "option[value='90'][selected]"),
        ("a search", lambda: page.get_by_role("searchbox", name="Search").fill("order"), ".chips"),
    ):
        began = time.perf_counter()
        do()
        page.wait_for_selector(there, state="attached")
        seen[name] = time.perf_counter() - began
    page.close()
    return {what: round(seconds, 2) for what, seconds in seen.items()}


if __name__ == "__main__":
    main()
