"""Why a delivery failed, for people: what we say of it can be said in other languages, what strangers say stays.

The ledger has reasons as sentences, `where: what; remedy`, as every error of the project is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from flows.ground.saying import Text, Value

# A text with `words` has words of a stranger in it.
WHAT = (
    "everything was refused",
    "everybody was refused",
    "%(source)s answers %(status)s in spite of 1 try",
    "%(source)s answers %(status)s in spite of %(tries)s tries",
    "%(source)s answers null",
    "%(source)s answers something that is not JSON",
    "%(source)s does not answer (%(error)s)",
    "%(source)s asks to wait for %(minutes)s minutes",
    "the webhook %(name)s answers %(status)s",
    "the webhook %(name)s does not answer (%(error)s)",
    "%(source)s answers %(status)s: %(words)s",
    "could not be written (%(words)s)",
    "there is no profile with this address",
    "there is a list %(name)s already, and this ledger does not know it",
    "every name for the list of %(segment)s is taken",
    "the list of %(segment)s is gone over there",
    "the list of %(segment)s stays as it is, because it would empty the list of its %(members)s members",
    "the list of %(segment)s stays as it is, because it would remove %(removed)s of %(members)s (%(share)s,"
    " %(most)s may be)",
)
REMEDIES = (
    "correct what it names; if that is right, report it",
    "give the private key the scopes %(scopes)s",
    "it is not there any more, or base_url leads elsewhere",
    "it is tried again",
    "it is tried again; see to the network",
    "look at it with --dry-run, then give --confirm",
    "look for the list by its name",
    "make the profile, or set creates_profiles",
    "mend it, then `agent-metrics deliveries replay`",
    "rename it over there, or give --adopt: who is in it stays in it",
    "rename the segment",
    "see to base_url",
    "see to base_url, or to the name of the shop",
    "see to the credentials",
    "see to the disk and its rights",
    "see to the network, or to base_url",
    "see to the private key",
    "see to the scopes of the credentials",
    "the API has changed; report it",
    "the next run goes on where this run stopped",
    "the next sync makes a new one, unless the settings leave the segment out",
    "this is a fault of the project, or the API has changed; report it",
    "what is there already is in its way",
)
TRIED = "%(reason)s (%(tries)s tries)"
WITH_PLACES = ("%(what)s; %(remedy)s", "%(where)s: %(what)s", "%(where)s: %(what)s; %(remedy)s")
COUNTS, SHARES = {"tries", "minutes", "members", "removed"}, {"share", "most"}
WHERE = re.compile(r"(\S+|/[^\n]+?): ")  # an address, or a path
SIGNS = {"source": "[^:]+", "status": r"\d+", "error": r"\w+", "tries": r"[\d,]+"}
GAP = re.compile(r"%\((\w+)\)s")


def told(reason: str) -> Text | str:
    """The reason as a text with its values; as it is where it is not ours."""
    tried = _pattern(TRIED).fullmatch(reason)
    if tried and isinstance(inner := told(tried["reason"]), Text):
        return Text(TRIED, {"reason": inner, "tries": _value("tries", tried["tries"])})
    for what, remedy in _parted(reason):
        if found := _found(what, WHAT):
            return Text(WITH_PLACES[0], {"what": found, "remedy": remedy}) if remedy else found
        if (place := WHERE.match(what)) and (found := _found(what[place.end() :], WHAT)):
            values = {"where": place[1], "what": found, "remedy": remedy or ""}
            return Text(WITH_PLACES[2 if remedy else 1], values)
    return reason


def _parted(reason: str) -> Iterator[tuple[str, Text | None]]:
    """What happened and what to do about it, the longest remedy first; last, all of it without a remedy."""
    for place in re.finditer("; ", reason):
        if remedy := _found(reason[place.end() :], REMEDIES):
            yield reason[: place.start()], remedy
    yield reason, None


def _found(said: str, texts: Sequence[str]) -> Text | None:
    for text in texts:
        if found := _pattern(text).fullmatch(said):
            return Text(text, {name: _value(name, value) for name, value in found.groupdict().items()})
    return None


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """What the text can have become."""
    parts = GAP.split(text)
    gaps = (f"(?P<{name}>{SIGNS.get(name, '.+')})" for name in parts[1::2])
    return re.compile("".join(map("".join, zip(map(re.escape, parts[::2]), [*gaps, ""], strict=True))), re.DOTALL)


def _value(name: str, text: str) -> Value:
    number = text.replace(",", "").removesuffix("%")
    if not number.isascii() or not number.isdecimal():
        return text
    return int(number) if name in COUNTS else int(number) / 100 if name in SHARES else text
