"""The commands `agent-metrics topics …`: what shoppers ask that no article answers."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.table import Table

from flows.command import gaps_shown, summary
from flows.command.console import Console
from flows.command.options import ConfigOption, DebugOption, EngineOption, HomeOption, JsonOption, WarehouseOption
from flows.command.start import start
from flows.ground.address import Address
from flows.jobs.steps import Ask
from flows.published.gap_draft import draft as gap_draft
from flows.published.gap_topic import topic_details
from flows.published.gaps import gaps
from flows.warehouses.reader import Reader

app = typer.Typer(help="What shoppers ask, and what no article answers.", add_completion=False)

AccountOption = Annotated[str | None, typer.Option("--account", help="Id of one account, instead of all.")]
TopicArgument = Annotated[str, typer.Argument(metavar="TOPIC", help="Id of the topic, as `topics list` shows it.")]


@app.command("list")
def list_topics(
    *,
    account: AccountOption = None,
    is_all: Annotated[bool, typer.Option("--all", help="Covered topics too, not only open gaps.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most topics to show.")] = 20,
    home: HomeOption = None,
    warehouse: WarehouseOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """The open gaps, those first that cost most people."""
    console = Console(as_json=as_json, is_debugging=debug)
    with _reader(home, config, warehouse) as reader:
        found = gaps(reader, account, is_all=is_all, limit=limit)
    options = _again(home, config, warehouse)
    console.show({**found.to_json_dict(), "exit_status": 0}, gaps_shown.gap_lines(found, options))
    return 0


@app.command()
def show(
    *,
    topic: TopicArgument,
    account: AccountOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most conversations to show.")] = 20,
    home: HomeOption = None,
    warehouse: WarehouseOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """One topic: who asks, how it ends for them, and what answers it."""
    console = Console(as_json=as_json, is_debugging=debug)
    with _reader(home, config, warehouse) as reader:
        details = topic_details(reader, topic, account, limit)
    options = _again(home, config, warehouse, account)
    console.show({**details.to_json_dict(), "exit_status": 0}, gaps_shown.topic_lines(details, options))
    return 0


@app.command()
def draft(
    *,
    topic: TopicArgument,
    account: AccountOption = None,
    home: HomeOption = None,
    warehouse: WarehouseOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """The missing article as Markdown: what it has to answer, without answers."""
    console = Console(as_json=as_json, is_debugging=debug)
    with _reader(home, config, warehouse) as reader:
        found = gap_draft(reader, topic, account)
    if not found.topic.is_gap:
        console.say("Note: published articles answer this topic; `agent-metrics topics show` says how well.")
    console.say("Note: these are words of shoppers. Numbers, addresses and links are hidden; names may not be.")
    console.show({**found.to_json_dict(), "exit_status": 0}, [found.markdown()])
    return 0


@app.command()
def evaluate(
    *,
    questions: Annotated[Path, typer.Option("--questions", help="JSON lines: text, topic, is_covered.")],
    articles: Annotated[Path, typer.Option("--articles", help="JSON lines: article_id, title, body.")],
    embedder: Annotated[
        str | None, typer.Option("--embedder", help="What turns texts into vectors, instead of the setting.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Measure topics and gaps on questions of which both are known."""
    from flows.questions.evaluation import evaluate as measured  # noqa: PLC0415  scikit-learn costs a second

    console = Console(as_json=as_json, is_debugging=debug)
    with console.working():
        chosen = embedder or Ask(config=config).settings().topics.embedder
        figures = measured(questions, articles, chosen).to_json_dict()
    console.show({**figures, "exit_status": 0}, _figures(figures))
    return 0


@app.command()
def regroup(
    *,
    home: HomeOption = None,
    engine: EngineOption = None,
    warehouse: WarehouseOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Group all questions anew, build, check and publish; topics keep their ids where they can."""
    console = Console(as_json=as_json, is_debugging=debug)
    asked = {"regroup": True, "engine": engine, "warehouse": warehouse or []}
    result = start(console, "topics", home=home, config=config, **asked)
    console.show(result.to_json_dict(), summary.summary(result))
    return result.exit_status


@contextmanager
def _reader(home: str | None, config: str | None, warehouse: list[str] | None) -> Iterator[Reader]:
    """The first warehouse, as it is at one instant."""
    with Ask(home=home, config=config, warehouse=warehouse or []).warehouses()[0].read() as reader:
        yield reader


def _again(home: str | None, config: str | None, warehouse: list[str] | None, account: str | None = None) -> str:
    """The options that name the same place in a command to copy; no password stands in them."""
    place = str(Address.of(warehouse[0])) if warehouse else None
    given = (("--account", account), ("--home", home), ("--config", config), ("--warehouse", place))
    return "".join(f" {option} {shlex.quote(value)}" for option, value in given if value)


def _figures(figures: dict[str, int | float | None]) -> Iterator[RenderableType]:
    table = Table(box=None, pad_edge=False)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in figures.items():
        text = "–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"
        table.add_row(name.replace("_", " "), text)
    yield table
