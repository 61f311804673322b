"""The commands `agent-metrics topics …`: what shoppers ask that no article answers, and who writes the article."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from pydantic import Field
from rich.console import RenderableType
from rich.table import Table

from flows.command import gaps_shown
from flows.command.console import Console
from flows.command.gaps_shown import is_of
from flows.command.lines import again
from flows.command.options import command
from flows.ground.errors import InputError, StorageFailed
from flows.ground.extras import how_to_install
from flows.ground.saying import Text
from flows.ground.text import one_line
from flows.jobs.decisions import decide, unpublished
from flows.lake.decisions import Decision
from flows.published.gap_lookup import find_topic
from flows.published.gaps import OPEN, AskedAccount, Kind, gaps
from flows.questions.noise import Noise
from flows.settings.requests import HomeRequest, OfAccount, Option, Request, TopicsRequest, WarehouseRequest
from flows.warehouses import configured

app = typer.Typer(help="What shoppers ask, and what no article answers.", add_completion=False)


class AccountRequest(OfAccount, WarehouseRequest):
    """Topics, of one account or of all."""


class TopicRequest(AccountRequest):
    """A topic."""

    topic: Annotated[str, Option(metavar="TOPIC", is_argument=True)] = Field(
        description="Id of the topic, as `topics list` shows it, or its beginning, or the label."
    )


class ListRequest(AccountRequest):
    """The topics."""

    is_all: Annotated[bool, Option("--all")] = Field(
        default=False, description="Covered and dismissed topics too, not only open gaps."
    )
    kind: Kind | None = Field(
        default=None, description="All topics of one kind: knowledge, product, order, person, complaint, other."
    )
    limit: int = Field(default=20, ge=1, description="Most topics to show.")


@command(app, ListRequest, "list")
def list_topics(request: ListRequest, console: Console) -> int:
    """The open gaps, those first that cost most people."""
    waiting = _unpublished(request, console)
    put_back = [(one.account_id, one.topic_id) for one in waiting if one.state in OPEN]
    is_all, limit, kind = request.is_all, request.limit, request.kind
    with configured(request.settings())[0].read() as reader:
        found = gaps(reader, request.account, is_all=is_all, limit=limit, kind=kind, put_back=put_back)
    document = {**found.to_json_dict(), "unpublished_decisions": [one.to_json_dict() for one in waiting]}
    console.show({**document, "exit_status": 0}, gaps_shown.gap_lines(found, again(request), waiting))
    return 0


class ShowRequest(TopicRequest):
    """All of a topic."""

    limit: int = Field(default=20, ge=1, description="Most conversations to show.")


@command(app, ShowRequest)
def show(request: ShowRequest, console: Console) -> int:
    """One topic: who asks, how it ends for them, and what answers it."""
    from flows.published.gap_topic import topic_details  # noqa: PLC0415  the list needs nothing of this

    with configured(request.settings())[0].read() as reader:
        details = topic_details(reader, request.topic, request.account, request.limit)
    options = again(request, request.account)
    waiting = [one for one in _unpublished(request, console) if is_of(one, details.topic)]
    document = {**details.to_json_dict(), "unpublished_decisions": [one.to_json_dict() for one in waiting]}
    console.show({**document, "exit_status": 0}, gaps_shown.topic_lines(details, options, waiting))
    return 0


class DecisionRequest(TopicRequest, HomeRequest):
    """A topic, and what is decided of it."""

    note: str | None = Field(default=None, min_length=1, max_length=500, description="Why, or how; up to 500 signs.")


class AssignRequest(DecisionRequest):
    """A topic, and who writes its article."""

    owner: str = Field(min_length=1, max_length=100, description="Who writes the article; up to 100 signs.")


@command(app, AssignRequest)
def assign(request: AssignRequest, console: Console) -> int:
    """Give the article that a topic lacks to somebody to write (rule 8.5)."""
    return _decided(request, console, "assigned", owner=request.owner)


@command(app, DecisionRequest)
def dismiss(request: DecisionRequest, console: Console) -> int:
    """Take a topic off the list, and new topics that are like it (rule 8.5)."""
    return _decided(request, console, "dismissed")


@command(app, DecisionRequest)
def reopen(request: DecisionRequest, console: Console) -> int:
    """Put a topic on the list again, as nobody's (rule 8.5)."""
    return _decided(request, console, "open")


def _decided(request: DecisionRequest, console: Console, state: str, owner: str | None = None) -> int:
    with configured(request.settings())[0].read() as reader:
        _, _, topic = find_topic(reader, request.topic, request.account)
    said = [one_line(text) or None if text else None for text in (owner, request.note)]
    if owner is not None and said[0] is None:
        raise InputError("the owner is empty", where="option --owner", remedy="name who writes the article")
    made = decide(request, topic.account, topic.topic_id, state, owner=said[0], note=said[1])
    has_sources = bool(list(request.settings().configured_sources()))
    lines = gaps_shown.decision_lines(made, topic, again(request), has_sources=has_sources)
    console.show({**made.to_json_dict(), "exit_status": 0}, lines)
    return 0


def _unpublished(request: WarehouseRequest, console: Console) -> list[Decision]:
    """The decisions that no run has published yet; without them where the lake cannot be read, which is said."""
    try:
        return unpublished(request)
    except StorageFailed as error:
        console.say(f"Note: decisions since the publication are not shown: {error}")
        return []


@command(app, TopicRequest)
def draft(request: TopicRequest, console: Console) -> int:
    """The missing article as Markdown: what it has to answer, without answers."""
    from flows.published.gap_draft import draft as gap_draft  # noqa: PLC0415  nor of this

    with configured(request.settings())[0].read() as reader:
        found = gap_draft(reader, request.topic, request.account)
    if not found.topic.is_open:
        console.say("Note: published articles answer this topic; `agent-metrics topics show` says how well.")
    console.say("Note: these are words of shoppers. Numbers, addresses and links are hidden; names may not be.")
    text = found.markdown(_in_language_of(found.account, request, console))
    console.show({**found.to_json_dict(), "exit_status": 0}, [text])
    return 0


def _in_language_of(account: AskedAccount, request: TopicRequest, console: Console) -> Callable[[Text], str]:
    """How texts are written in the language that the settings name for the account, in English where they name none."""
    accounts = request.settings().accounts
    code = next((one.language for one in accounts if one.account_id == account.account_id), None)
    if code is None:
        return str
    try:
        from flows.dashboard.language import language  # noqa: PLC0415  of an extra, and few accounts need it
    except ImportError:
        console.say(f"Note: in English, because other languages need an extra; {how_to_install('dashboard')}")
        return str
    return lambda text: language(code).tell(text, account.local)


@command(app, ListRequest)
def golden(request: ListRequest, console: Console) -> int:
    """Lines of JSON, a question for each gap: to be put to the agent once the article is there."""
    from flows.published.gap_golden import golden_questions  # noqa: PLC0415  nor of this

    with configured(request.settings())[0].read() as reader:
        found = gaps(reader, request.account, is_all=request.is_all, limit=request.limit, kind=request.kind)
        questions = [one.to_json_dict() for one in golden_questions(reader, found)]
    if not questions:
        nothing = "there is no open gap to ask about; --all also asks what articles answer"
        console.say(f"Note: {f'there is no topic of kind {request.kind}' if request.kind else nothing}.")
    lines = (json.dumps(one, ensure_ascii=True) for one in questions)
    console.show({"questions": questions, "exit_status": 0}, lines)
    return 0


class ProductsRequest(AccountRequest):
    """Products whose pages leave questions open."""

    limit: int = Field(default=20, ge=1, description="Most products to show.")


@command(app, ProductsRequest)
def products(request: ProductsRequest, console: Console) -> int:
    """What product pages leave open: products with questions that the agent had no answer to."""
    from flows.published.open_products import open_products  # noqa: PLC0415  nor of this

    with configured(request.settings())[0].read() as reader:
        publication, found = open_products(reader, request.account, request.limit)
    document = {"publication_id": publication.publication_id, "products": [one.to_json_dict() for one in found]}
    console.show({**document, "exit_status": 0}, gaps_shown.product_lines(found, again(request)))
    return 0


class EvaluateRequest(Request):
    """A measurement of the grouping."""

    questions: Path = Field(description="JSON lines: text, topic, is_covered.")
    articles: Path = Field(description="JSON lines: article_id, title, body.")
    embedder: str | None = Field(
        default=None, description="Model that turns texts into vectors, instead of the setting."
    )
    languages: str | None = Field(default=None, description="Only questions of these languages, such as en,de.")
    noise: Noise | None = Field(
        default=None, description="Add typing_errors, no_accents, emoji or mixed_languages to each question."
    )


@command(app, EvaluateRequest)
def evaluate(request: EvaluateRequest, console: Console) -> int:
    """Measure topics and gaps on questions of which both are known."""
    from flows.questions.evaluation import evaluate as measured  # noqa: PLC0415  scikit-learn costs a second

    with console.working():
        chosen = request.embedder or request.settings().topics.embedder
        languages = [one.strip() for one in (request.languages or "").split(",") if one.strip()]
        found = measured(request.questions, request.articles, chosen, languages=languages or None, noise=request.noise)
        figures = found.to_json_dict()
    console.show({**figures, "exit_status": 0}, _figures(figures))
    return 0


@command(app, TopicsRequest)
def regroup(request: TopicsRequest, console: Console) -> int:
    """Group all questions anew, build, check and publish; topics keep their ids where they can."""
    from flows.command.start import TOPICS, start  # noqa: PLC0415  what runs jobs takes longer than to list topics
    from flows.command.working import shown  # noqa: PLC0415

    return shown(console, start(console, TOPICS, request))


def _figures(figures: dict[str, int | float | None]) -> Iterator[RenderableType]:
    table = Table(box=None, pad_edge=False)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in figures.items():
        text = "–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"
        table.add_row(name.replace("_", " "), text)
    yield table
