"""What a build reads and what it leaves: the state beside the tables, engine by engine the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from duckdb import DuckDBPyConnection

import contract
from contract.types import TYPES, Type
from flows.engines import fingerprint
from flows.engines.dbt import DISK_IS_FULL
from flows.ground.build import Build
from flows.ground.errors import BuildFailed, StorageFailed
from flows.ground.home import Home
from flows.lake import Lake
from flows.lake.damage import must_be_whole
from flows.settings import Settings

EXAMPLES = 5  # of refused orders
UNMATCHED_TICKETS = "select count(*) from {schema}.tickets where conversation_id is null"


def last_build(home: Home, engine: str) -> Build | None:
    """The complete candidate that `engine` made in this home.

    None where there is none, a build was cut off, or somebody has written to the files since.
    """
    build = Build.read(home)
    files = {"duckdb": [home.work_file, home.candidate_file], "spark": [home.tables / "tables.json"]}[engine]
    is_there = build and build.engine == engine and all(file.exists() for file in files) and build.is_untouched(home)
    return build if is_there else None


Queries = Callable[[int, Callable[[Path], str]], dict[str, str]]


@dataclass(frozen=True)
class Topics:
    """How the questions of a candidate are grouped, between the models that they come from and those that count them.

    `update` takes a connection with the views that `questions.updating` names, and gives the version that then counts.
    `queries` gives its tables by their names, as SQL in which its second argument names a Parquet file. `method` names
    how texts are understood: another one needs a full build. `has_work` is whether questions wait for their groups, or
    for other groups, though nothing else changed.
    """

    method: str
    has_work: bool
    update: Callable[[DuckDBPyConnection], int]
    queries: Queries


@dataclass(frozen=True)
class Audience:
    """A definition as the models take it, with queries in the engine's SQL; of every account where none is named.

    `query` asks of all shoppers, `narrow_query` of those whose rows the model `int_segment_matches` puts before it.
    Where `digest` stays, so do the answers about shoppers of whom nothing changed.
    """

    segment: str
    accounts: tuple[str, ...]
    name: str
    description: str
    definition: str
    is_suppressing: bool
    query: str
    narrow_query: str
    next_query: str | None
    digest: str

    def matches(self, query: str) -> str:
        return f"select account_id, '{self.segment}' as segment, shopper from ({query}) as matches"

    def is_answered(self, answered: Mapping[str, str]) -> bool:
        """Whether the base has asked the same; `answered` has its digests, by segment."""
        return answered.get(self.segment) == self.digest

    def rows(self, answered: Mapping[str, str]) -> list[list[str | int | None]]:
        """Those of the source `segments`, with its columns; `answered` has the digests of the base, by segment."""
        said: list[str | int | None] = [
            self.name,
            self.description,
            self.definition,
            int(self.is_suppressing),
            self.digest,
            int(self.is_answered(answered)),
        ]
        accounts: tuple[str | None, ...] = self.accounts or (None,)
        return [[self.segment, account, *said] for account in accounts]


SEGMENT_COLUMNS = {  # of the source `segments`, with their types in the contract
    "segment": "string", "account_id": "string", "name": "string", "description": "string", "definition": "string",
    "is_suppressing": "boolean", "digest": "string", "is_answered": "boolean",
}  # fmt: skip
QUERY_COLUMNS = {"name": "string", "query": "string"}  # of the source `segment_queries`


def segment_queries(
    laid: Sequence[Audience], answered: Mapping[str, str], moved: Sequence[str], kind_of: Callable[[Type], str]
) -> list[list[str]]:
    """The rows of the source `segment_queries`: always the same names, so that models are always the same around them.

    Each query begins with its name, as two that ask nothing would else be one text. `kind_of` is the engine's type.
    """
    of_all = [one for one in laid if not one.is_answered(answered)]
    narrow = [one for one in laid if one.is_answered(answered)]
    keys = {"account_id": "string", "segment": "string", "shopper": "string"}
    asked: dict[str, tuple[dict[str, str], list[str]]] = {
        "matches": (keys, [one.matches(one.query) for one in of_all]),
        "matches_of_changed": (keys, [one.matches(one.narrow_query) for one in narrow]),
        "next_changes": (
            {"instant": "timestamp"},
            [f"select instant from ({one.next_query}) as ahead" for one in laid if one.next_query],
        ),
        "moved": (
            {"account_id": "string", "shopper": "string"},
            [f"select account_id, shopper from ({query}) as moved" for query in moved],
        ),
    }

    def union(columns: dict[str, str], queries: list[str]) -> str:
        nulls = ", ".join(f"cast(null as {kind_of(TYPES[kind])}) as {name}" for name, kind in columns.items())
        return " union all ".join(queries) or f"select {nulls} where 1 = 0"

    return [[name, f"/* {name} */ {union(columns, queries)}"] for name, (columns, queries) in asked.items()]


BEFORE = {  # what the build before left of segments: source, and the published columns that it has
    "segment_members_before": ("segment_members", ("account_id", "segment", "profile_id", "entered_at")),
    "segments_before": ("segments", ("account_id", "segment")),
    "segments_first_built": ("segments", ("account_id", "segment", "first_built_at")),
    "segment_changes_before": (
        "segment_changes", ("account_id", "segment", "profile_id", "changed_at", "change"),
    ),
}  # fmt: skip


HOURS_COLUMNS = {  # of `business_hours_settings`; elements of lists are joined by commas, which none of them holds
    "account_id": "string", "timezone": "string", "weekly": "string", "overrides": "string",
}  # fmt: skip


def hours_of(settings: Settings) -> list[list[str | None]]:
    """The business hours of the settings (rule 13.3), with the columns of HOURS_COLUMNS."""
    return [
        [one.account_id, hours.timezone, ",".join(hours.weekly_elements), ",".join(hours.override_elements)]
        for one in settings.accounts
        if (hours := one.business_hours)
    ]


SENT_COLUMNS = {"account_id": "string", "conversation_id": "string", "sent_at": "timestamp"}  # of `follow_ups_sent`
HANDED_OVER_COLUMNS = {  # of `handoffs_delivered`
    "account_id": "string", "conversation_id": "string", "method": "string", "platform": "string",
    "ticket_id": "string", "delivered_at": "timestamp",
}  # fmt: skip


@dataclass(frozen=True)
class Audiences:
    """The definitions of segments, and what was sent to shoppers. `laid` gives the definitions for an engine, as of
    an instant; `problems` are sentences about those that are wrong and left out. `sent` are the follow-ups that
    were sent: account, conversation and instant (rule 12.4). `handed_over` are hand-offs of which the ledger alone
    knows, with the columns of HANDED_OVER_COLUMNS (rule 3.4). `moved` gives queries of the shoppers whom time alone
    may have moved between two instants.
    """

    digest: str
    laid: Callable[[str, datetime], Sequence[Audience]]
    problems: tuple[str, ...] = ()
    sent: Sequence[tuple[str, str, datetime]] = ()
    handed_over: Sequence[tuple[str, str, str, str | None, str | None, datetime]] = ()
    moved: Callable[[str, datetime, datetime], Sequence[str]] = lambda *_: ()

    @property
    def sent_digest(self) -> str:
        """Names what was sent, in whichever order it is told; empty where nothing was."""
        return fingerprint.digest(sorted(map(repr, self.sent))) if self.sent else ""

    @property
    def handed_over_digest(self) -> str:
        """Names the hand-offs that went as events; empty where none did."""
        return fingerprint.digest(sorted(map(repr, self.handed_over))) if self.handed_over else ""


@dataclass(frozen=True)
class Plan:
    """What a build has to do: go on from `base`, or, where that is None, build everything from the lake."""

    engine: str
    as_of: datetime
    loads_up_to: int
    accounts: str
    project: str
    project_text: str
    topics: Topics
    audiences: Audiences
    base: Build | None
    last_load: str = ""
    anew_because: str = ""

    @property
    def after(self) -> int:
        """The last load of which the base holds the rows; 0 where everything is to be read."""
        return self.base.loads_up_to if self.base else 0

    @property
    def number(self) -> int:
        """Builds since the last full one, which is 1."""
        return self.base.number + 1 if self.base else 1

    @property
    def nothing_changed(self) -> bool:
        return (
            self.base is not None
            and self.base.loads_up_to == self.loads_up_to
            and self.base.accounts == self.accounts
            and self.base.segments == self.audiences.digest
            and self.base.follow_ups_sent == self.audiences.sent_digest
            and self.base.handoffs_delivered == self.audiences.handed_over_digest
            and self.base.stands_at(self.as_of)
            and not self.topics.has_work
        )


def plan(
    home: Home,
    lake: Lake,
    settings: Settings,
    topics: Topics,
    audiences: Audiences,
    *,
    as_of: datetime,
    engine: str,
    full_refresh: bool,
) -> Plan:
    """Decide between going on and a full build (rule 1.4: the outcome is the same).

    Everything is built anew when asked for, when there is no complete build, when another engine made
    it, when as-of moves backwards, when the lake's loads are not those that it read (a lake that came back from a
    backup), and when what the models compute, the contract, the settings' words or the understanding of questions are
    others than those of the last build (fingerprint.py).
    """
    base = None if full_refresh else last_build(home, engine)
    anew_because = ""
    if base is not None and lake.identity(base.loads_up_to) != base.last_load:
        base, anew_because = None, "the last build read loads that the lake does not have"
    words = settings.words.model_dump_json()
    text = fingerprint.digest([fingerprint.of_text(engine), words])
    is_known = base is not None and base.project_text == text
    project = base.project if base and is_known else fingerprint.digest([fingerprint.of_project(engine), words])
    made_as_now = base is not None and (base.project, base.topics_method) == (project, topics.method)
    if base is not None and (not made_as_now or as_of < datetime.fromisoformat(base.as_of)):
        base = None
    newest = lake.newest()
    accounts = sorted(
        repr(one.model_dump(exclude={"sources", "deliveries", "handoffs", "language"})) for one in settings.accounts
    )
    return Plan(
        engine=engine,
        as_of=as_of,
        loads_up_to=newest,
        accounts=fingerprint.digest([repr(accounts)]),
        project=project,
        project_text=text,
        topics=topics,
        audiences=audiences,
        base=base,
        last_load=lake.identity(newest) or "",
        anew_because=anew_because,
    )


def derived(todo: Plan, lake: Lake, derive: Callable[[Plan], Build]) -> Build:
    """The candidate as planned; where going on from the last build fails, that build is thrown away.

    What is read of the lake is compared with what was written first. Raises LakeDamaged, and what `derive` raises.
    """
    must_be_whole(lake, todo.after)
    try:
        return derive(todo)
    except (StorageFailed, BuildFailed) as error:
        if todo.base is None or any(sign in error.what for sign in DISK_IS_FULL):
            raise
        because = f"it was not possible to go on from the last build ({error.what})"
    return derived(replace(todo, base=None, anew_because=because), lake, derive)


def at_rest(todo: Plan, delivered: Collection[str]) -> list[str]:
    """The models that would find nothing to do: staging tables without rows in the loads to read.

    `delivered` names the landing tables of which there are rows.
    """
    if todo.base is None:
        return []
    quiet = [f"stg_{table}" for table in contract.landing() if table not in delivered]
    quiet += [] if "order_lines" in delivered else ["stg_line_products"]
    return [*quiet, *([] if delivered else ["stg_rejected_rows"])]


def published_last(home: Home) -> Path | None:
    """The file of the newest publication; with Postgres alone it is the copy that is kept. None before the first."""
    kept = sorted(home.publications.glob("*.duckdb"))
    return next((file for file in (home.published_file, *kept[-1:]) if file.exists()), None)


def refused_orders(schema: str) -> str:
    """SQL of some orders that the build refused for their currency (2.2), the newest first: id, account, reason."""
    return f"""select order_id, account_id, reason from {schema}.int_refused_orders
        order by _load desc, account_id, order_id limit {EXAMPLES}"""


def refusal(order_id: str, account_id: str, reason: str) -> str:
    """The sentence about such an order."""
    return f"orders {order_id} of {account_id}: {reason}"


def described(
    todo: Plan,
    *,
    row_counts: dict[str, int],
    held_back: dict[str, int],
    refused: dict[str, int],
    refused_orders: int,
    order_refusals: list[str],
    new_words: list[str],
    unmatched_tickets: int,
    data_up_to: datetime | None,
    next_change_at: datetime | None,
    topics_version: int,
) -> Build:
    """The description of the candidate that was just built as planned."""
    now = datetime.now(UTC)
    return Build(
        build_id=now.strftime("%Y%m%dT%H%M%S%fZ"),
        number=todo.number,
        base=todo.base.build_id if todo.base else None,
        mode="incremental" if todo.base else "full",
        engine=todo.engine,
        as_of=todo.as_of.isoformat(),
        data_up_to=data_up_to.isoformat() if data_up_to else None,
        next_change_at=next_change_at.isoformat() if next_change_at else None,
        loads_up_to=todo.loads_up_to,
        accounts=todo.accounts,
        project=todo.project,
        project_text=todo.project_text,
        row_counts=row_counts,
        held_back=held_back,
        refused=refused,
        refused_orders=refused_orders,
        order_refusals=order_refusals,
        new_words=new_words,
        unmatched_tickets=unmatched_tickets,
        built_at=now.isoformat(),
        contract_version=contract.version(),
        topics_method=todo.topics.method,
        topics_version=topics_version,
        last_load=todo.last_load,
        anew_because=todo.anew_because,
        segments=todo.audiences.digest,
        follow_ups_sent=todo.audiences.sent_digest,
        handoffs_delivered=todo.audiences.handed_over_digest,
        segment_problems=list(todo.audiences.problems),
    )
