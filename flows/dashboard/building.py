"""A definition of a segment from what somebody chooses on the page, and how many it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import marimo as mo

from flows.audiences import Misfit, Segment
from flows.audiences.keys import key_of
from flows.audiences.metrics import METRICS
from flows.audiences.reading import segment_of
from flows.audiences.wording import in_words
from flows.audiences.writing import yaml_of
from flows.dashboard import shown
from flows.dashboard.shown import html
from flows.ground.errors import AgentMetricsError, InputError
from flows.published.accounts import PublishedAccount
from flows.published.segment_counted import Counted, counted
from flows.published.segment_words import Words, words
from flows.warehouses.publication import Publication
from flows.warehouses.reader import Reader

PLACES = 3  # conditions, all of which have to hold
LONGEST_NAME = 100
# What is chosen, in words, and the properties of events that it asks of: the first that the metric has.
FILTERS = {
    "channels": ("channel",),
    "tags": ("tag",),
    "skills": ("final_skill", "initial_skill"),
    "products": ("product_id", "product_ids"),
}
Asked = dict[str, Any]


@dataclass(frozen=True)
class Built:
    """What was chosen as a segment, with its key; else, or besides, what is wrong or still missing."""

    segment: Segment | None
    key: str
    what: str


def controls(reader: Reader, account: PublishedAccount, publication: Publication) -> mo.ui.dictionary:
    """All choices; `built` reads them."""
    known = words(reader, account, publication.as_of)
    conditions = {f"{place}": _condition(place, known) for place in range(PLACES)}
    return mo.ui.dictionary(
        {
            "name": mo.ui.text(label="Name", placeholder="Good customers", max_length=LONGEST_NAME, debounce=400),
            **conditions,
            "holds_back": mo.ui.checkbox(value=True, label="hold back who waits for a person"),
        }
    )


def _condition(place: int, known: Words) -> mo.ui.dictionary:
    nothing = {"…": ""}
    return mo.ui.dictionary(
        {
            "did": mo.ui.dropdown(
                options={"did": "did", "did not": "did not"},
                value="did",
                label="and" if place else "Shoppers who",
                allow_select_none=False,
            ),
            "metric": mo.ui.dropdown(
                options={**nothing, **{name: name for name in METRICS}},
                value="…",
                label="what",
                allow_select_none=False,
            ),
            "times": mo.ui.number(value=1, start=1, stop=10_000, step=1, label="times or more"),
            "days": mo.ui.number(value=30, start=0, stop=3_650, step=1, label="in the last … days (0: ever)"),
            "channels": _several("through", {shown.channel(one): one for one in known.channels}),
            "tags": _several("about", known.tags),
            "skills": _several("with the skill", known.skills),
            "products": _several("with the product", known.products),
        }
    )


def _several(label: str, options: dict[str, str]) -> mo.ui.multiselect:
    return mo.ui.multiselect(options=options, label=label)


def built(asked: Asked) -> Built:
    """The segment that was chosen."""
    name = str(asked["name"] or "").strip()
    chosen = [one for place in range(PLACES) if (one := asked[f"{place}"])["metric"]]
    if not chosen:
        return Built(None, "", "")
    lacking = sorted({f"“{one['metric']}” has no {what}" for one in chosen for what in _lacking(one)})
    if lacking:
        return Built(None, "", f"{'; '.join(lacking)}: take that choice back, or choose something else.")
    key = key_of(name) or "new_segment"
    groups = [{"conditions": [_asked(one)]} for one in chosen]
    document = {
        "name": name or "New segment",
        "description": "Made on the page.",
        "suppress_open_handoffs": bool(asked["holds_back"]),
        "definition": {"condition_groups": groups},
    }
    try:
        return Built(segment_of(Path(f"{key}.yml"), document), key, "" if name else "It has no name yet.")
    except Misfit as misfit:
        return Built(None, "", "; ".join(one.what for one in misfit.problems))


def shown_segment(reader: Reader, account: PublishedAccount, publication: Publication, asked: Asked) -> Any:
    """The segment in words, how many it has, and its file to keep; nothing where nothing was chosen."""
    found = built(asked)
    if found.segment is None:
        return mo.Html(html("nothing", what=found.what)) if found.what else None
    count, why = _counted(reader, account, publication, found.segment)
    text = yaml_of(found.segment)
    told = html(
        "built",
        rule=in_words(found.segment.definition),
        count=count,
        why=why,
        missing=found.what,
        key=found.key,
        as_of=account.local(publication.as_of),
    )
    save = mo.download(text.encode(), filename=f"{found.key}.yml", label="Save as a file")
    return mo.vstack(
        [
            mo.Html(told),
            mo.ui.text_area(value=text, rows=10, max_length=None, full_width=True),
            mo.hstack([mo.Html(html("copy")), save], justify="start"),
        ]
    )


def laid_out(asked: mo.ui.dictionary) -> Any:
    """The choices: a line for each condition."""
    conditions = []
    for place in range(PLACES):
        condition: Any = asked[f"{place}"]
        conditions.append(mo.hstack(list(condition.elements.values()), justify="start", align="end", wrap=True))
    first = mo.hstack([asked["name"], asked["holds_back"]], justify="start", align="end", wrap=True)
    return mo.vstack([first, *conditions])


def _counted(
    reader: Reader, account: PublishedAccount, publication: Publication, segment: Segment
) -> tuple[Counted | None, str]:
    try:
        return counted(reader, account.account_id, segment.definition, publication.as_of), ""
    except InputError as error:
        return None, str(error)
    except AgentMetricsError as error:
        return None, error.what


def _asked(one: Asked) -> Asked:
    """A condition as definitions write it; numbers that somebody emptied are as they began."""
    is_wanted = one["did"] == "did"
    times, days = int(one["times"] or 1), int(one["days"] or 0)
    frame = {"operator": "in-the-last", "unit": "day", "quantity": days} if days else {"operator": "alltime"}
    return {
        "type": "profile-metric",
        "metric": one["metric"],
        "measurement_filter": {
            "type": "numeric",
            "operator": "greater-than-or-equal" if is_wanted else "equals",
            "value": times if is_wanted else 0,
        },
        "timeframe_filter": frame,
        "metric_filters": list(_filters(one)),
    }


def _filters(one: Asked) -> Iterator[Asked]:
    known = METRICS[one["metric"]].properties
    for what, names in FILTERS.items():
        if not one[what]:
            continue
        name = next(name for name in names if name in known)
        is_list = known[name].type == "list"
        kind = {"type": "list", "operator": "contains-any"} if is_list else {"type": "string", "operator": "in"}
        yield {"property": name, "filter": {**kind, "value": list(one[what])}}


def _lacking(one: Asked) -> Iterator[str]:
    """What was chosen and the events do not have."""
    known = METRICS[one["metric"]].properties
    for what, names in FILTERS.items():
        if one[what] and not any(name in known for name in names):
            yield what.removesuffix("s")
