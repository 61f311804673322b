"""Audiences: segments of shoppers, from definitions to SQL."""

from flows.audiences.definition import Definition, Segment
from flows.audiences.kept import keep, settled
from flows.audiences.laying import definition_text, fingerprint, moved_between, queries
from flows.audiences.reading import SHIPPED, Found, Misfit, Problem, of_unknown_accounts, read, segments

__all__ = [
    "SHIPPED",
    "Definition",
    "Found",
    "Misfit",
    "Problem",
    "Segment",
    "definition_text",
    "fingerprint",
    "keep",
    "moved_between",
    "of_unknown_accounts",
    "queries",
    "read",
    "segments",
    "settled",
]
