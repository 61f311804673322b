"""A build says until when it stands, so that a run with nothing new builds nothing; an independent reading agrees."""

from __future__ import annotations

import random
import re
from datetime import datetime, timedelta
from pathlib import Path

from flows import jobs
from flows.engines.fingerprint import PROJECT
from flows.ground.build import Build
from flows.ground.home import Home
from flows.settings.requests import BuildRequest, PullRequest
from tests.reference.compare import compare
from tests.reference.deliveries import merged, random_deliveries, write_load
from tests.reference.derive import derive
from tests.reference.shops import AS_OF, random_shop

SHOPS, BUILDS = 8, 3
TICK = timedelta(microseconds=1)
MODELS = PROJECT / "models" / "intermediate"


def test_every_time_that_makes_something_count_is_looked_at() -> None:
    """An event time that only the sets of changes knew would be built days late."""
    changed = "".join(file.read_text("utf-8") for file in (MODELS / "changed").glob("*.sql"))
    named = set(re.findall(r"(?:has_come|is_new)\('(\w+)'\)", changed))
    in_parts = set(re.findall(r"'\w+': '(\w+)'", changed))
    assert len(named | in_parts) >= 7
    looked_at = set(re.findall(r"\w+", (MODELS / "int_next_change.sql").read_text("utf-8")))
    assert named | in_parts <= looked_at


def test_nothing_is_built_before_the_next_change_and_nothing_is_missed(home: Home, tmp_path: Path) -> None:
    """A run of every quarter of an hour built and published the same tables, for 25 seconds of processor time."""
    rng = random.Random(15)
    loads = merged(random_deliveries(rng, random_shop(rng, f"shop {number}", ordered=True)) for number in range(SHOPS))
    for number, load in enumerate(loads):
        write_load(tmp_path / str(number), load, rng)
        jobs.pull(PullRequest(home=str(home.root), path=str(tmp_path / str(number))))
    instant, moved = AS_OF - timedelta(days=3), 0
    for _ in range(BUILDS):
        built = build(home, instant)
        assert built.changed
        assert built.next_change_at
        following = datetime.fromisoformat(built.next_change_at)
        assert following > instant
        last = following - TICK
        assert compare(derive(loads, instant).tables, derive(loads, last).tables) == ""
        moved += compare(derive(loads, instant).tables, derive(loads, following).tables) != ""
        assert not build(home, last).changed
        instant = following
    assert moved


def build(home: Home, as_of: datetime) -> Build:
    built = jobs.build(BuildRequest(home=str(home.root), as_of=as_of)).build
    assert built
    return built
