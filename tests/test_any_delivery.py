"""Rule 1.4 on random shops: however rows arrive, the published tables say the same, and they say what an independent
reading of the definitions says (tests/reference). Many shops share a build as accounts: a build costs seconds.
"""

from __future__ import annotations

import random
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.delivery.ledger import HandedOver
from flows.ground.home import Home
from tests.conftest import Run
from tests.ledger import follow_ups_sent, forget_handoffs, handoffs_delivered
from tests.reference.compare import compare, read_published
from tests.reference.counted import Load
from tests.reference.deliveries import merged, random_deliveries, write_load
from tests.reference.derive import derive
from tests.reference.follow_ups import Sent
from tests.reference.shops import AS_OF, random_shop

SHOPS = 75
RUNS = 4  # as many as a shop has loads at most


def shops(rng: random.Random) -> list[Load]:
    """Deliveries of many shops, merged run by run: some come with every run, some only with some.

    Half of the shops say by `updated_at` which of two rows is newer; with the others the order of loads decides.
    """
    deliveries = []
    for number in range(SHOPS):
        loads = random_deliveries(rng, random_shop(rng, f"shop {number}", ordered=number % 2 == 0))
        comes_with = sorted(rng.sample(range(RUNS), len(loads)))
        deliveries.append([loads[comes_with.index(one)] if one in comes_with else [] for one in range(RUNS)])
    return merged(deliveries)


def some_sent(rng: random.Random, loads: list[Load]) -> list[tuple[str, str, datetime]]:
    """Follow-ups that were sent, some of them after as-of, and one of nothing that is published."""
    rows = [row for row in derive(loads, AS_OF).tables["follow_ups"] if rng.random() < 0.2]
    hours = (-1, 0, 0, 1, 5, 100)
    sent = [
        (row["account_id"], row["conversation_id"], AS_OF - timedelta(hours=rng.choice(hours))) for row in rows
    ]  # fmt: skip
    return [*sent, ("nobody", "nothing", AS_OF)]


def some_handed_over(rng: random.Random, loads: list[Load]) -> list[HandedOver]:
    """Hand-offs that somebody has, some of them after as-of, of conversations of each kind."""
    rows = derive(loads, AS_OF).tables["conversations"]
    ways: list[tuple[str, str | None, str | None]]
    ways = [("ticket", "klaviyo_inbox", None), ("ticket", "hubspot", "5"), ("message", None, None)]
    some = [row for row in rows if rng.random() < (0.5 if row["handed_off_at"] else 0.02)]
    given = []
    for row in some:
        method, platform, ticket_id = rng.choice(ways)
        at = AS_OF - timedelta(hours=rng.choice((-1, 0, 1, 5, 100)))
        given.append(HandedOver(row["account_id"], row["conversation_id"], method, platform, ticket_id, at))
    return [*given, HandedOver("nobody", "nothing", "ticket", "klaviyo_inbox", None, AS_OF)]


def deliver(run: Run, loads: list[Load], instants: list[str], rng: random.Random) -> None:
    with TemporaryDirectory() as folder:
        for number, (load, instant) in enumerate(zip(loads, instants, strict=True)):
            write_load(Path(folder) / str(number), load, rng)
            result = run(Path(folder) / str(number), instant, max_rejected_share=1.0, max_volume_drop=1.0)
            assert result.outcome == "published"


def published(home: Home, loads: list[Load], sent: Sent, handed_over: list[HandedOver]) -> str:
    return compare(derive(loads, AS_OF, sent=sent, handed_over=handed_over).tables, read_published(home.published_file))


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_1_4_run_by_run_and_in_one_go_publish_what_the_definitions_say(home: Home, run: Run, seed: int) -> None:
    rng = random.Random(seed)
    loads = shops(rng)
    hours = sorted((rng.choice([0, 0, 1, 24, 72, 400]) for _ in loads[1:]), reverse=True)
    instants = [(AS_OF - timedelta(hours=back)).isoformat() for back in [*hours, 0]]
    for part in (home.lake, home.candidate, home.publications):
        shutil.rmtree(part, ignore_errors=True)
    for file in (home.published_file, home.deliveries):
        file.unlink(missing_ok=True)
    sent, handed_over = some_sent(rng, loads), some_handed_over(rng, loads)

    follow_ups_sent(home, sent[::2])
    handoffs_delivered(home, handed_over[::2])
    deliver(run, loads, instants, rng)
    assert published(home, loads, sent[::2], handed_over[::2]) == ""

    follow_ups_sent(home, sent[1::2])
    forget_handoffs(home)
    handoffs_delivered(home, handed_over[1::2])
    with TemporaryDirectory() as nothing:
        assert run(Path(nothing), AS_OF.isoformat(), max_rejected_share=1.0).outcome == "published"
        assert published(home, loads, sent, handed_over[1::2]) == ""
        assert run(Path(nothing), AS_OF.isoformat()).outcome == "nothing_new"

    result = run(None, AS_OF.isoformat(), full_refresh=True, max_rejected_share=1.0)
    assert result.outcome == "published"
    assert published(home, loads, sent, handed_over[1::2]) == ""
