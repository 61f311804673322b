"""How long the page takes on a large published history, in Chromium.

    python benchmarks/page.py [--home .bench/home-1000000] [--visits 5] [--warehouse postgresql://…]

`agent-metrics dashboard` serves the home (bench.py makes it), or a database that it was published to. Each visit is a
page of one browser, which therefore has the program of the page in its cache from the second visit on. Medians, in
seconds from the request: until key figures and chart are there (in the first answer), until they are live, until the
whole page is there; and from the choice of another range until its figures are there. Writes page.json, a part for
each kind of warehouse.
"""

from __future__ import annotations

import argparse
import json
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
VOLUME = "#App [data-figure=volume] .value"
CHANGED = f"old => document.querySelector('{VOLUME}').innerText !== old"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", default=".bench/home-1000000")
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--warehouse", default="duckdb")
    given = parser.parse_args()
    command = [str(COMMAND), "dashboard", "--home", given.home, "--warehouse", given.warehouse]
    command += ["--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as driver:
        assert server.stdout is not None
        address = json.loads("".join(iter(server.stdout.readline, "}\n")) + "}")["address"]
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        visits = [visit(context.new_page(), address) for _ in range(given.visits)]
        browser.close()
        server.terminate()
    first, *later = visits
    found = {
        "taken": taken(),
        "home": Path(given.home).name,
        "first visit of a browser": first,
        "median of later visits": {what: round(statistics.median(one[what] for one in later), 2) for what in first},
    }
    print(json.dumps(found, indent=1))
    kept = json.loads(KEPT.read_text("utf-8")) | {given.warehouse.partition(":")[0]: found}
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def visit(page: Page, address: str) -> dict[str, float]:
    """Seconds until each thing was seen."""
    began = time.perf_counter()
    seen = {}
    page.goto(address, wait_until="commit")
    page.wait_for_selector("#first-look svg rect")
    seen["key figures and chart"] = time.perf_counter() - began
    page.wait_for_selector("#first-look", state="detached", timeout=120_000)
    seen["live"] = time.perf_counter() - began
    page.wait_for_selector("table.sales", timeout=120_000)
    seen["whole"] = time.perf_counter() - began
    page.wait_for_timeout(1000)
    before, began = page.locator(VOLUME).inner_text(), time.perf_counter()
    page.get_by_label("Dates").select_option(label="Last 90 days")
    page.wait_for_function(CHANGED, arg=before)
    seen["figures of another range"] = time.perf_counter() - began
    page.wait_for_timeout(1000)
    page.close()
    return {what: round(seconds, 2) for what, seconds in seen.items()}


if __name__ == "__main__":
    main()
