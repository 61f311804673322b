"""How a step is called: in this process, or as a Prefect task (`under_prefect`); the retries are the same."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

from flows.ground.errors import AgentMetricsError

RETRY_DELAYS = [5.0, 30.0, 120.0]  # seconds between the tries of a step that failed for a transient reason

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger("agent_metrics")


class Call(Protocol):
    """Calls a step with its arguments and returns what the step returns."""

    def __call__(self, step: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...


def directly(step: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call the step in this process; again after a while where the error says that this can help."""
    for delay in RETRY_DELAYS:
        try:
            return step(*args, **kwargs)
        except AgentMetricsError as error:
            if not error.is_transient:
                raise
            log.warning("%s; trying again in %g s", error, delay)
            time.sleep(delay)
    return step(*args, **kwargs)
