"""How jobs run under Prefect: a step is a task, progress is the run's log, verdict and figures are artifacts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import deployment
from prefect.tasks import Task

from flows.ground.errors import AgentMetricsError, DeliveryFailed
from flows.ground.progress import Lines, Progress
from flows.ground.text import clean
from flows.jobs.calls import RETRY_DELAYS
from flows.jobs.deliveries import Deliveries
from flows.jobs.result import Closed, Result
from flows.published.figures import RATES
from flows.published.recent import recent_reports
from flows.published.report import Report
from flows.settings.requests import HALF_A_DAY, DeliveryRequest, HomeRequest, Request
from flows.sources.pulled import Pulled
from flows.warehouses import configured

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=HomeRequest)
D = TypeVar("D", bound=DeliveryRequest)
SAMPLE_ROWS = 3


class _Sentences(logging.Filter):
    """Our errors say what happened and what to do; the traceback that Prefect logs with them says nothing more."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], AgentMetricsError):
            record.msg, record.args, record.exc_info = str(record.exc_info[1]), (), None
        return True


for name in ("prefect.flow_runs", "prefect.task_runs"):
    logging.getLogger(name).addFilter(_Sentences())


def as_task(step: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call the step as a task of the flow that runs; tried again where the error says that this can help."""

    # NO_CACHE: steps have effects, so equal inputs are not a reason to skip one
    @task(
        name=step.__name__,
        cache_policy=NO_CACHE,
        retries=len(RETRY_DELAYS),
        retry_delay_seconds=RETRY_DELAYS,
        retry_condition_fn=_can_help,
    )
    def adapter() -> T:  # the arguments stay out of Prefect's sight: it would copy and store them
        done = step(*args, **kwargs)
        for warning in done.warnings if isinstance(done, Pulled) else []:
            get_run_logger().warning(clean(warning))
        return done

    return adapter()


def _can_help(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    try:
        state.result()
    except AgentMetricsError as error:
        return error.is_transient
    except Exception:  # a defect of ours: the task fails with it, at once
        return False
    return False


def patient(request: R) -> R:
    """The request of a deployed flow, which waits for its turn: a schedule does not know what else is at work."""
    if deployment.id is None or request.wait is not None:
        return request
    return request.model_copy(update={"wait": HALF_A_DAY})


def cautious(request: D) -> D:
    """The request of a flow that delivers: a dry run, unless the request itself says otherwise."""
    return request if "dry_run" in request.model_fields_set else request.model_copy(update={"dry_run": True})


def progress() -> Progress:
    """Progress as lines of the run's log."""
    return Lines(get_run_logger().info)


@contextmanager
def verdict_shown() -> Iterator[None]:
    """Show the verdict of a gate that closes within; the run fails with it."""
    try:
        yield
    except Closed as closed:
        show_verdict(closed.result)
        raise


def show_verdict(result: Result) -> None:
    """The gate's report as an artifact."""
    if result.checked is None:
        return
    verdict = result.checked.verdict
    lines = [
        f"# The gate is {'open' if verdict.is_open else 'closed'}",
        f"{verdict.passed} of {verdict.total} checks passed (scope {verdict.scope}).",
    ]
    for one in result.not_passed():
        lines += [f"## {_text(one.name)}", f"`{_text(one.table)}`, {one.severity}, {one.outcome}"]
        lines += [f"{one.rows:,} rows, e.g."] + [_code(row) for row in one.sample[:SAMPLE_ROWS]]
        lines += [_code(one.error)] if one.error else ["To look at all of them:", _code(one.sql)]
    create_markdown_artifact(markdown="\n\n".join(lines), key="gate-report", description="What the gate found")


def show_figures(request: Request, result: Result) -> None:
    """The key figures of every account as an artifact, from a warehouse that shows them; rates are between 0 and 1."""
    with result.shows(configured(request.settings())).read() as reader:
        figures = recent_reports(reader)
    rows = [
        {
            "account": one.account,
            "from": one.first.isoformat(),
            "to": one.last.isoformat(),
            "conversations": one.conversations.volume,
            **{rate.words: _told(one, rate.name, rate.of(one.conversations)) for rate in RATES},
            "AI-generated sales": _told(one, "attributed_revenue", f"{one.attributed_revenue:.2f} {one.currency}"),
            "orders": _told(one, "attributed_orders", one.attributed_orders),
            "link clicks": _told(one, "link_clicks", one.link_clicks),
        }
        for one in figures
    ]
    publication_id = result.publication.publication_id if result.publication else None
    create_table_artifact(table=rows, key="key-figures", description=f"Publication {publication_id}")


def show_deliveries(done: Deliveries) -> Deliveries:
    """What was delivered, as an artifact; the run fails where a delivery did, once the others had their turn."""
    rows = [
        {
            "account": one.account,
            "to": one.destination,
            "what": one.key or one.kind,
            "outcome": one.outcome,
            **one.figures,
            "refused": sum(one.refused.values()),
            "why": one.error,
        }
        for one in done.delivered
    ]
    create_table_artifact(table=rows, key="deliveries", description=f"Publication {done.publication.publication_id}")
    if failed := next((one for one in done.delivered if one.exit_status == done.exit_status != 0), None):
        raise DeliveryFailed(failed.error or f"{failed.destination} refused {sum(failed.refused.values())}")
    return done


def _told(of: Report, name: str, value: object) -> object:
    return value if of.is_measured(name) else "not measured"


def _text(text: object) -> str:
    """Strangers' text as Markdown that shows what it says and does nothing."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]()#+-.!|<>&~" else sign for sign in clean(text))


def _code(text: object) -> str:
    """Strangers' text as an indented block, which no fence in it can end."""
    return "\n".join(f"    {clean(line)}" for line in str(text).splitlines())
