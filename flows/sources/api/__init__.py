"""What the sources that are asked over HTTP share: a client that keeps within limits, and loading what it gets.

A source is one folder with four parts: `settings.py`, `client.py` (what to ask, in which order, and where to go on
from), `mapping.py` (pure functions from the system's records to rows of `contract/landing.yml`) and `README.md`.
"""

from flows.sources.api.http import Http
from flows.sources.api.lines import priced
from flows.sources.api.loading import Batch, Client, JsonObject, Place, pull
from flows.sources.api.pace import Pace
from flows.sources.api.parts import Known, Part
from flows.sources.api.records import Amount, Flag, Id, Instant, Listed, Loosely, Record, Text, Unknown, Whole
from flows.sources.api.rows import Misshapen, Row, line_ids, listed, parts_of, rows_of

__all__ = [
    "Amount",
    "Batch",
    "Client",
    "Flag",
    "Http",
    "Id",
    "Instant",
    "JsonObject",
    "Known",
    "Listed",
    "Loosely",
    "Misshapen",
    "Pace",
    "Part",
    "Place",
    "Record",
    "Row",
    "Text",
    "Unknown",
    "Whole",
    "line_ids",
    "listed",
    "parts_of",
    "priced",
    "pull",
    "rows_of",
]
