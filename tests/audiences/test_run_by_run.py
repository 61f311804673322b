"""After each of many builds those are in a segment whom an independent reading of the published tables finds (12.1),
and since the right build (12.2): a build asks only about shoppers who can have changed (docs/changes.md).
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest

from flows import jobs
from flows.audiences import SHIPPED, read
from flows.audiences.definition import Definition
from flows.audiences.metrics import METRICS, PROFILE
from flows.ground.build import Build
from flows.ground.home import Home
from flows.settings.requests import BuildRequest, PullRequest
from tests.audiences.happened import Shop
from tests.audiences.reference import members
from tests.reference.compare import read_published
from tests.reference.counted import Load
from tests.reference.deliveries import merged, write_load
from tests.reference.landing import Row
from tests.reference.shops import AS_OF, random_shop

SHOPS, SEGMENTS, LOADS, BUILDS = 60, 40, 4, 8
LATE = 0.4
DRIPS = (
    *("conversations", "messages", "handoff_events", "interactions", "orders", "order_lines", "order_profiles"),
    *("tickets", "profiles", "visitors", "product_events"),
)
TICK = timedelta(microseconds=1)
HOURS = (1, 2, 6, 12, 24, 48, 72, 168, 336)
WORDS = {
    "status": ("open", "routed", "resolved", "closed"),
    "channel": ("web_chat", "sms", "email"),
    "touch_type": ("click", "open", "delivery"),
    "satisfaction": ("good", "bad"),
    "platform": ("zendesk", "gorgias"),
}


def number(rng: random.Random) -> dict[str, Any]:
    operator = rng.choice(["equals", "not-equals", "greater-than-or-equal", "greater-than-or-equal", "less-than"])
    return {"type": "numeric", "operator": operator, "value": rng.choice((0, 1, 1, 2, 3))}


def frame(rng: random.Random) -> dict[str, Any]:
    operator = rng.choice(["alltime", "in-the-last", "in-the-last", "at-least", "between", "after", "between-static"])
    asked: dict[str, Any] = {"type": "date", "operator": operator}
    instants = sorted((AS_OF + timedelta(days=rng.randint(-20, 5))).isoformat() for _ in range(2))
    if operator in {"in-the-last", "at-least"}:
        asked |= {"unit": "hour", "quantity": rng.choice(HOURS)}
    elif operator == "between":
        asked |= {"unit": "hour", **dict(zip(("start", "end"), rng.sample((0, *HOURS), 2), strict=True))}
    elif operator == "after":
        asked["date"] = instants[0]
    elif operator == "between-static":
        asked |= dict(zip(("start", "end"), instants, strict=True))
    return asked


def events(rng: random.Random, names: list[str]) -> dict[str, Any]:
    """A metric of these, and at most one filter."""
    name = rng.choice(names)
    asked = []
    if rng.random() < 0.5:
        key = rng.choice(sorted(METRICS[name].properties))
        asked.append({"property": key, "filter": holds(rng, METRICS[name].properties[key].type, key)})
    return {"metric": name, "metric_filters": asked}


def holds(rng: random.Random, kind: str, key: str) -> dict[str, Any]:
    if kind == "boolean":
        return {"type": "boolean", "value": rng.random() < 0.5}
    if kind == "number":
        return number(rng)
    if kind == "string" and key in WORDS:
        operator = rng.choice(["equals", "not-equals"])
        return {"type": "string", "operator": operator, "value": rng.choice(WORDS[key])}
    return {"type": "existence", "operator": rng.choice(["is-set", "not-set"])}


def condition(rng: random.Random, names: list[str]) -> dict[str, Any]:
    kind = rng.choice(["measured"] * 5 + ["funnel"] * 3 + ["property", "consent"])
    asked: dict[str, Any] = {}
    if kind == "measured":
        asked = {"measurement_filter": number(rng), "timeframe_filter": frame(rng)}
        return {"type": "profile-metric", **events(rng, names), **asked}
    if kind == "funnel":
        others = [events(rng, sorted(METRICS)) for _ in range(rng.choice((1, 1, 2)))]
        steps = [events(rng, names), *({**one, "metric_exists": rng.random() < 0.4} for one in others)]
        window = rng.choice((None, "HOURS_1", "HOURS_12", "DAYS_1", "DAYS_3", "WEEKS_1"))
        asked = {"timeframe_filter": frame(rng), "completion_window_seconds": window, "steps": steps}
        return {"type": "profile-metric-funnel", **asked}
    if kind == "property":
        key = rng.choice(sorted(PROFILE))
        return {"type": "profile-property", "property": key, "filter": holds(rng, "string", key)}
    consent = {"channel": rng.choice(["email", "sms", "whatsapp"]), "can_receive_marketing": rng.random() < 0.5}
    return {"type": "profile-marketing-consent", "consent": consent}


def definition(rng: random.Random, names: list[str]) -> dict[str, Any]:
    """A group or two; the first condition is of these metrics, or of the profile."""
    groups = [[condition(rng, names)]]
    if (drawn := rng.random()) < 0.15:
        groups.append([condition(rng, sorted(METRICS))])
    elif drawn < 0.3:
        groups[0].append(condition(rng, sorted(METRICS)))
    return {"condition_groups": [{"conditions": conditions} for conditions in groups]}


@dataclass
class Files:
    """The folder of definitions: each metric begins some of them; they come, go and change."""

    folder: Path
    rng: random.Random
    asked: dict[str, Definition] = field(default_factory=dict)

    def fill(self) -> None:
        """Those that come along are there anyhow."""
        self.asked = {file.stem: read(file).segment.definition for file in SHIPPED.glob("*.yml")}
        names = sorted(METRICS)
        for place in range(SEGMENTS):
            self.write(f"s{place}", [names[place % len(names)]])

    def write(self, key: str, names: list[str]) -> None:
        document = definition(self.rng, names)
        self.asked[key] = Definition.model_validate(document)
        said = {"name": key, "description": key, "definition": document}
        (self.folder / f"{key}.yml").write_text(json.dumps(said), "utf-8")

    def change(self) -> None:
        """One definition becomes another, one goes, and one comes."""
        other, gone = self.rng.sample(sorted(file.stem for file in self.folder.glob("*.yml")), 2)
        self.write(other, sorted(METRICS))
        (self.folder / f"{gone}.yml").unlink()
        del self.asked[gone]
        self.write(f"t{len(self.asked)}{self.rng.randint(0, 10**6)}", sorted(METRICS))


@dataclass
class Told:
    """What segments published as of the last build, by a reading of its own: members and since when, and changes."""

    inside: dict[tuple[str, str], dict[str, datetime | None]] = field(default_factory=dict)
    changes: dict[tuple[str, str, str, datetime], str] = field(default_factory=dict)
    anonymous: dict[tuple[str, str], int] = field(default_factory=dict)

    def go_on(self, shop: Shop, asked: dict[str, Definition], as_of: datetime) -> None:
        before, self.inside, self.anonymous = self.inside, {}, {}
        for account in (row["account_id"] for row in shop["accounts"]):
            of_it = {table: [row for row in rows if row.get("account_id") == account] for table, rows in shop.items()}
            for segment, one in asked.items():
                key, found = (account, segment), {shopper for _, shopper in members(of_it, one, as_of)}
                now = {shopper[2:] for shopper in found if shopper.startswith("p/")}
                was = before.get(key)
                self.anonymous[key] = len(found) - len(now)
                self.inside[key] = {who: was.get(who, as_of) if was is not None else None for who in now}
                for who, change in [
                    *((who, "entered") for who in now - (now if was is None else was.keys())),
                    *((who, "left") for who in (was or {}).keys() - now),
                ]:
                    self.changes[*key, who, as_of] = change
        self.changes = {
            key: change
            for key, change in self.changes.items()
            if key[:2] in self.inside and key[:2] in before and key[3] > as_of - timedelta(days=90)
        }

    def is_of(self, shop: Shop, asked: dict[str, Definition], as_of: datetime) -> bool:
        """Whether the same are in as of an instant at which nothing was built."""
        then = Told()
        then.go_on(shop, asked, as_of)
        return then.members() == self.members()

    def members(self) -> dict[tuple[str, str], set[str]]:
        return {key: set(who) for key, who in self.inside.items()}


def published(home: Home) -> tuple[Told, Shop]:
    """What the candidate says of segments, and its tables, with what consent is made of."""
    tables = read_published(home.candidate_file)
    with duckdb.connect(str(home.work_file), read_only=True) as work:
        found = work.execute("from intermediate.int_profile_reach")
        names = [column[0] for column in found.description or ()]
        reach = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    told = Told(inside={(row["account_id"], row["segment"]): {} for row in tables["segments"]})
    for row in tables["segment_members"]:
        told.inside[row["account_id"], row["segment"]][row["profile_id"]] = row["entered_at"]
    told.anonymous = {(row["account_id"], row["segment"]): row["anonymous_count"] for row in tables["segments"]}
    keys = ("account_id", "segment", "profile_id", "changed_at")
    told.changes = {tuple(row[key] for key in keys): row["change"] for row in tables["segment_changes"]}
    return told, {**tables, "profile_reach": reach}


def shops(rng: random.Random) -> list[Load]:
    """Most rows come at once, later ones of one table at a time: what a set forgets of it nothing else finds."""
    deliveries = []
    for place in range(SHOPS):
        drips = rng.sample(DRIPS, LOADS - 1)
        files: list[dict[str, list[Row]]] = [defaultdict(list) for _ in range(LOADS)]
        for table, row in random_shop(rng, f"shop {place}", ordered=place % 2 == 0):
            is_late = table in drips and rng.random() < LATE
            files[drips.index(table) + 1 if is_late else 0][table].append(row)
        deliveries.append([sorted(load.items()) for load in files])
    return merged(deliveries)


def following(rng: random.Random, last: datetime, build: Build) -> datetime:
    """The instant of the next build: where time alone changes something, beside it, soon, or much later."""
    ahead = datetime.fromisoformat(build.next_change_at) if build.next_change_at else last
    steps = (0, 0.5, 1, 3, 12, 24, 60, 200)
    return rng.choice(
        [ahead, ahead, max(last, ahead - TICK), ahead + TICK, *(last + timedelta(hours=h) for h in steps)]
    )


def build(home: Home, as_of: datetime, *, full: bool = False) -> Build:
    built = jobs.build(BuildRequest(home=str(home.root), as_of=as_of, full_refresh=full)).build
    assert built
    return built


def check(home: Home, seed: int) -> int:
    """Builds that went on from the one before. The working directory has the folder of definitions."""
    rng = random.Random(seed)
    files, loads, told, gone_on = Files(Path("segments"), rng), shops(rng), Told(), 0
    files.folder.mkdir(exist_ok=True)
    files.fill()
    as_of = AS_OF - timedelta(hours=rng.choice((500, 100, 24, 2)))
    built: Build | None = None
    for place in range(BUILDS):
        if place % 2 == 0:
            with TemporaryDirectory() as delivered:
                write_load(Path(delivered) / "rows", loads[place // 2], rng)
                jobs.pull(PullRequest(home=str(home.root), path=str(Path(delivered) / "rows")))
        if place in {3, 4}:
            files.change()
        built = build(home, as_of if built is None else following(rng, as_of, built))
        as_of = datetime.fromisoformat(built.as_of)
        found, shop = published(home)
        if built.changed:
            told.go_on(shop, files.asked, as_of)
        else:
            assert told.is_of(shop, files.asked, as_of)
        assert found == told, difference(told, found)
        assert not built.anew_because
        gone_on += built.mode == "incremental"
    full = build(home, as_of, full=True)
    after, _ = published(home)
    assert (after.members(), after.anonymous, full.next_change_at) == (
        told.members(),
        told.anonymous,
        built and built.next_change_at,
    )
    return gone_on


def difference(wanted: Told, found: Told) -> str:
    """The first few things that differ."""
    said = []
    for name in ("inside", "changes", "anonymous"):
        one, other = getattr(wanted, name), getattr(found, name)
        keys = [key for key in one.keys() | other.keys() if one.get(key) != other.get(key)]
        said += [f"{name} {key}: {one.get(key)} is {other.get(key)}" for key in keys[:5]]
    return "\n".join(said)


@pytest.mark.parametrize("seed", [0])
def test_12_1_and_12_2_each_build_knows_who_is_in_and_since_when(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.chdir(tmp_path)
    assert check(home, seed) >= BUILDS // 2
