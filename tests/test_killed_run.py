"""The main job as real processes, killed in the middle: nothing is lost or doubled, readers see whole publications."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from flows.ground.home import Home
from tests.reference.compare import compare, read_published
from tests.reference.counted import Load
from tests.reference.deliveries import merged, random_deliveries, write_load
from tests.reference.derive import derive
from tests.reference.shops import AS_OF, random_shop

COMMAND = [
    str(Path(sys.executable).with_name("agent-metrics")),
    "run",
    "--max-rejected-share",
    "1",
    "--as-of",
    AS_OF.isoformat(),
]
SHARES = (0.15, 0.45, 0.6, 0.75, 0.9, 0.97)  # of the time that a whole run takes, after which one is killed


def start(home: Home, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, "--home", str(home.root), "--path", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    output, _ = process.communicate()
    assert process.returncode == 0, output.decode()


def test_9_1_a_killed_run_leaves_the_last_publication_and_the_next_run_just_works(
    tmp_path: Path, prepared: Callable[[Path], Path]
) -> None:
    home = Home(prepared(tmp_path / "home"))
    rng = random.Random(20)
    shops = [random_deliveries(rng, random_shop(rng, f"shop {number}")) for number in range(6)]
    loads: list[Load] = merged(shops)
    for number, load in enumerate(loads):
        write_load(tmp_path / str(number), load, rng)
    began = time.monotonic()
    finish(start(home, tmp_path / "0"))
    whole = time.monotonic() - began

    for number, share in enumerate(SHARES):
        delivered = min(number // 2 + 1, len(loads) - 1)
        standing = read_published(home.published_file)
        process = start(home, tmp_path / str(delivered))
        time.sleep(share * whole)
        process.kill()
        process.communicate()
        seen = read_published(home.published_file)
        if len(seen["publications"]) == len(standing["publications"]):
            assert seen == standing
        else:
            assert compare(derive(loads[: delivered + 1], AS_OF).tables, seen) == ""

    for number in range(1, len(loads)):
        finish(start(home, tmp_path / str(number)))
    assert compare(derive(loads, AS_OF).tables, read_published(home.published_file)) == ""
    leftovers = [path.name for path in home.root.rglob("*") if path.name.startswith(".") or path.suffix == ".tmp"]
    assert leftovers == []
