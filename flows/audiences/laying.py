"""Definitions as an engine takes them: queries in its SQL, as of an instant."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from flows.audiences.dialects import DIALECTS
from flows.audiences.reading import Found
from flows.audiences.sql import changes_after, moved, of_segment

VERSION = 3  # of how a definition is understood; raised by hand
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fingerprint(found: Sequence[Found]) -> str:
    """Changes with everything that decides who is in a segment, and with what is published of it."""
    texts = [f"{one.key}:{one.segment.model_dump_json()}" for one in found]
    return hashlib.sha256("\0".join([str(VERSION), *texts]).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Queries:
    """A definition in SQL: who is in the segment (`account_id`, `shopper`), of all shoppers, and of those whose rows
    stand under the bare names of the tables; and when time alone changes that (`instant`), None for never.

    `digest` changes with the accounts and with the SQL, but not with as-of.
    """

    whole: str
    narrow: str
    ahead: str | None
    digest: str


def queries(one: Found, engine: str, as_of: datetime) -> Queries:
    dialect = DIALECTS[engine]
    bare = replace(dialect, metrics="", intermediate="")
    query, ahead = of_segment(one.segment.definition), changes_after(one.segment.definition)
    said = [repr(one.segment.accounts), dialect.written(query, EPOCH)]
    return Queries(
        whole=dialect.written(query, as_of),
        narrow=bare.written(query, as_of),
        ahead=dialect.written(" union all ".join(ahead), as_of) if ahead else None,
        digest=hashlib.sha256("\0".join(said).encode()).hexdigest()[:16],
    )


def moved_between(found: Sequence[Found], engine: str, previous_as_of: datetime, as_of: datetime) -> list[str]:
    """Queries of shoppers (`account_id`, `shopper`) whom time alone may have moved into a segment or out of it."""
    dialect = DIALECTS[engine]
    return [dialect.written(query, as_of, previous_as_of) for query in moved(one.segment.definition for one in found)]


def definition_text(one: Found) -> str:
    """The definition as JSON, as it is published."""
    return json.dumps(one.document, ensure_ascii=False)
