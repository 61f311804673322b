"""Definitions as an engine takes them: queries in its SQL, as of an instant."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from flows.audiences.dialects import DIALECTS
from flows.audiences.reading import Found
from flows.audiences.sql import changes_after, of_segment

VERSION = 3  # of how a definition is understood; raised by hand


def fingerprint(found: Sequence[Found]) -> str:
    """Changes with everything that decides who is in a segment, and with what is published of it."""
    texts = [f"{one.key}:{one.segment.model_dump_json()}" for one in found]
    return hashlib.sha256("\0".join([str(VERSION), *texts]).encode()).hexdigest()[:16]


def queries(one: Found, engine: str, as_of: datetime) -> tuple[str, str | None]:
    """Who is in the segment (`account_id`, `shopper`), and when time alone changes that (`instant`), None for never."""
    dialect = DIALECTS[engine]
    ahead = changes_after(one.segment.definition)
    return (
        dialect.written(of_segment(one.segment.definition), as_of),
        dialect.written(" union all ".join(ahead), as_of) if ahead else None,
    )


def definition_text(one: Found) -> str:
    """The definition as JSON, as it is published."""
    return json.dumps(one.document, ensure_ascii=False)
