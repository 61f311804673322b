"""What is told to another system about a shopper: one thing that happened, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal["event", "follow_up", "segment_change", "handoff"]
KLAVIYO, FOLDER = "klaviyo", "folder"  # names of destinations; that of a webhook begins with `webhook:`


@dataclass(frozen=True)
class Message:
    """`message_id` is unique in the account and the same in every run; `name` is the metric that people know.

    `at` is when it happened, in UTC. A message of the past (`is_backfill`) starts nothing over there.
    Without a `profile_id` the shopper is known by an email alone.
    """

    account_id: str
    message_id: str
    kind: Kind
    name: str
    profile_id: str | None
    at: datetime
    email: str | None = None
    phone: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    is_backfill: bool = False
