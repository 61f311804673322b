"""Segments with their size and rule, what of them is delivered, and a form that makes a new one."""

from __future__ import annotations

from typing import Any

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from flows.audiences import SHIPPED, Definition
from flows.audiences.metrics import METRICS
from flows.audiences.wording import in_words
from flows.audiences.writing import yaml_of
from flows.dashboard import building
from flows.dashboard.look import Look
from flows.dashboard.sections.handoffs import OUTCOMES as OUTCOMES_OF_HANDOFFS
from flows.delivery.health import KINDS, OUTCOMES
from flows.ground.errors import AgentMetricsError, InputError
from flows.ground.sql import literal
from flows.published.products import products
from flows.published.segment_counted import counted
from flows.published.segment_words import words
from flows.published.segments import PublishedSegment, segments

ASKS = building.ASKS
NAMESAKE = "select 1 from metrics.segments where account_id = {} and segment = {}"


def values(look: Look) -> dict[str, Any]:
    account = look.account
    try:
        found, why = segments(look.reader, account.account_id).segments, ""
    except InputError:
        found, why = (
            (),
            look.say("What is published was built by a version that knew no segments; the next run brings them."),
        )
    since = {one.segment: account.local(at) for one in found if (at := one.built_within(look.publication.as_of))}
    try:
        deliveries, undelivered = look.installation.deliveries(account.account_id), ""
    except AgentMetricsError:
        deliveries, undelivered = (), look.say("The deliveries cannot be read now; `agent-metrics status` says why.")
    asked = building.asked(look.query)
    return {
        "segments": [(one, *_said(look, one), rule_of(look, one.parsed())) for one in found],
        "names": {one.segment: _said(look, one)[0] for one in found},
        "since": since,
        "why": why,
        "deliveries": [(one, account.local(one.last_at) if one.last_at else None) for one in deliveries],
        "undelivered": undelivered,
        "outcomes": OUTCOMES,
        "kinds": KINDS,
        "asked": asked,
        "metrics": [(one, look.say(one)) for one in METRICS],
        "words": words(look.reader, account, look.publication.as_of),
        "filters": FILTERS,
        **made(look, asked),
    }


def rule_of(look: Look, definition: Definition | None) -> list[str]:
    """The definition in sentences, with skills, channels and the like called as everywhere on the page."""

    def named(name: str, value: str) -> str:
        if name in {"initial_skill", "final_skill"}:
            return look.skill(value)
        if name in {"product_id", "product_ids"} and look.reader.sees("metrics.products", "title"):
            return products(look.reader, look.account, [value])[value].title or value
        if name == "handoff_outcome":
            return look.say(OUTCOMES_OF_HANDOFFS[value][0]) if value in OUTCOMES_OF_HANDOFFS else value
        if name == "channel":
            return look.say.channel(value)
        return look.say.term(value) if name in {"status", "escalation_reason"} else value

    return [look.tell(one) for one in in_words(definition, named)] if definition else []


def _said(look: Look, one: PublishedSegment) -> tuple[str, str]:
    """Name and description: words of whoever defined it, but of what comes with the package in the language."""
    said = look.say if one.segment in KEYS else str
    return said(one.title), said(one.description or "")


KEYS = {file.stem for file in SHIPPED.glob("*.yml")}
FILTERS = {"channels": "through", "tags": "about", "skills": "with the skill", "products": "with the product"}


def made(look: Look, asked: building.Asked) -> dict[str, Any]:
    """The segment that the form of the address makes, and how many it has."""
    built = _built(look, asked)
    if built.segment is None:
        return {"built": None, "what": look.tell(*built.what)}
    shown: dict[str, Any] = {"built": built, "what": look.tell(*built.what), "count": None, "why_not": ""}
    shown |= {"rule": rule_of(look, built.segment.definition), "yaml": yaml_of(built.segment)}
    shown["namesake"] = _namesake(look, built.key)
    try:
        definition, as_of = built.segment.definition, look.publication.as_of
        shown["count"] = counted(look.reader, look.account.account_id, definition, as_of)
    except InputError:
        shown["why_not"] = look.say("Not counted: only a run can count such a segment.")
    except AgentMetricsError:
        shown["why_not"] = look.say("Not counted: the data cannot be read now.")
    return shown


def _built(look: Look, asked: building.Asked) -> building.Built:
    """The segment of the form, in the words of whoever fills it in."""
    return building.built(asked, name=look.say("New segment"), description=look.say("Made on the page."))


def _namesake(look: Look, key: str) -> str:
    """What is to be known where a segment has this key already: its definition would be replaced."""
    if not look.reader.rows(NAMESAKE.format(literal(look.account.account_id), literal(key))):
        return ""
    name = f"{key}.yml"
    return look.say("There is a segment with the file %(name)s already. Give this one another name.", name=name)


def count(look: Look) -> Response:
    """The segment of the form alone, while somebody chooses."""
    return HTMLResponse(look.say.html("built", look=look, **made(look, building.asked(look.query))))


def definition(look: Look) -> Response:
    """The segment of the form as a file of definitions."""
    built = _built(look, building.asked(look.query))
    if built.segment is None:
        return PlainTextResponse(look.tell(*built.what) or look.say("Nothing is chosen."), status_code=400)
    headers = {"Content-Disposition": f'attachment; filename="{built.key}.yml"'}
    return PlainTextResponse(yaml_of(built.segment), headers=headers, media_type="application/yaml")
