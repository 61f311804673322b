"""What each verb does, as plain functions that know nothing of Prefect or of a terminal.

A job is one verb at work on one home. Its steps are the parts of it that can be tried again.
"""

from flows.jobs.result import Closed, Result, Unread, Verified
from flows.jobs.verbs import build, check, compact, publish, pull, reconcile, repair, rollback, run, topics, verify

__all__ = [
    "Closed",
    "Result",
    "Unread",
    "Verified",
    "build",
    "check",
    "compact",
    "publish",
    "pull",
    "reconcile",
    "repair",
    "rollback",
    "run",
    "topics",
    "verify",
]
