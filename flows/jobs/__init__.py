"""What each verb does, as plain functions that know nothing of Prefect or of a terminal.

A job is one verb at work on one home. Its steps are the parts of it that can be tried again.
"""

from flows.jobs.result import Closed, Result, Unread
from flows.jobs.verbs import build, check, compact, publish, pull, reconcile, rollback, run, topics

__all__ = [
    "Closed",
    "Result",
    "Unread",
    "build",
    "check",
    "compact",
    "publish",
    "pull",
    "reconcile",
    "rollback",
    "run",
    "topics",
]
