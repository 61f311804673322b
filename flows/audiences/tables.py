"""The tables of docs/segments.md: what segments can ask of, and those that come along."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from flows.audiences.definition import FILTERS
from flows.audiences.metrics import METRICS, PROFILE, Property
from flows.audiences.reading import SHIPPED, read

MARK = re.compile(r"(<!-- generated: (\w+)[^>]* -->\n).*?(<!-- end -->)", re.DOTALL)


def with_tables(page: str) -> str:
    """The page with its tables as they are now; they stand between `<!-- generated: name -->` and `<!-- end -->`."""
    return MARK.sub(lambda found: f"{found[1]}{chr(10).join(TABLES[found[2]]())}\n{found[3]}", page)


def _shipped() -> Iterator[str]:
    yield _row("key", "name", "who is in it, and what for", "held back while they wait for a person")
    yield "|---|---|---|---|"
    for file in sorted(SHIPPED.glob("*.yml")):
        one = read(file).segment
        yield _row(f"`{file.stem}`", one.name, one.description, "yes" if one.suppress_open_handoffs else "no")


def _metrics() -> Iterator[str]:
    yield _row("metric", "an event is", "its time", "its value", "Klaviyo has it")
    yield "|---|---|---|---|---|"
    for one in METRICS.values():
        value = f"`{one.value}`" if one.value else ""
        yield _row(f"**{one.name}**", one.about, f"`{one.at}`", value, "yes" if one.klaviyo else "no")


def _properties() -> Iterator[str]:
    alike: list[tuple[list[str], Mapping[str, Property]]] = []
    for one in METRICS.values():
        if alike and alike[-1][1] == one.properties:
            alike[-1][0].append(one.name)
        else:
            alike.append(([one.name], one.properties))
    yield from _of_kinds({"; ".join(names): properties for names, properties in alike})


def _profile() -> Iterator[str]:
    yield from _of_kinds({"the profile": PROFILE})


def _of_kinds(of: Mapping[str, Mapping[str, Property]]) -> Iterator[str]:
    yield _row("of", "property", "filter", "in Klaviyo", "note")
    yield "|---|---|---|---|---|"
    for name, properties in of.items():
        for place, (key, one) in enumerate(properties.items()):
            klaviyo = f"`{one.klaviyo}`" if one.klaviyo else ""
            yield _row("" if place else f"**{name}**", f"`{key}`", FILTERS[one.type], klaviyo, one.about)


TABLES: Mapping[str, Callable[[], Iterator[str]]] = {
    "shipped": _shipped,
    "metrics": _metrics,
    "properties": _properties,
    "profile": _profile,
}


def _row(*cells: str) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"
