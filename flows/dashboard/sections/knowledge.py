"""What the articles and product pages do not answer, the draft of an article, and what articles have changed."""

from __future__ import annotations

import json
import shlex
from typing import Any

from starlette.responses import PlainTextResponse, Response

from flows.dashboard import rows
from flows.dashboard.look import Look
from flows.ground.errors import AgentMetricsError, InputError
from flows.published.gap_draft import Draft, draft
from flows.published.gaps import AskedAccount
from flows.published.open_gaps import ClosedTopic, OpenGap, closed_topics, open_gaps
from flows.published.open_products import OpenProduct, open_products

ASKS = frozenset({"draft", "shape", "at"})
MOST, MOST_PRODUCTS, MOST_CLOSURES = 1000, 10, 20


def values(look: Look) -> dict[str, Any]:
    of = look.account.account_id
    try:
        asked, found = gaps_of(look, MOST)
    except AgentMetricsError as error:
        return {"asked": None, "why": without_topics(look, error), **drafted(look)}
    at = rows.offset(look, len(found))
    return {
        "asked": asked,
        "gap_count": asked.open_gap_count,
        "gaps": found[at : at + rows.PAGE],
        "part": rows.part(look, len(found), rows.PAGE),
        "products": _products(look),
        "closures": [_closure(look, one) for one in closed_topics(look.reader, of, MOST_CLOSURES)],
        **drafted(look),
    }


def without_topics(look: Look, error: AgentMetricsError) -> str:
    """Why there are no topics to show."""
    if not isinstance(error, InputError):
        return look.say("The topics cannot be read now.")
    return look.say("What is published was built by a version that knew no topics; the next run brings them.")


def drafted(look: Look) -> dict[str, Any]:
    """The draft of the article that the topic of the address lacks, for the panel; else why there is none."""
    topic = look.query.get("draft")
    if not topic:
        return {"draft": None, "no_draft": ""}
    try:
        found = draft(look.reader, topic, look.account.account_id)
    except InputError:
        return {"draft": None, "no_draft": _no_draft(look)}
    except AgentMetricsError:
        return {"draft": None, "no_draft": look.say("This draft cannot be made now.")}
    of = f"{shlex.quote(topic)} --account {shlex.quote(look.account.account_id)}"
    commands = [f"agent-metrics topics {one}" for one in (f"assign {of} --owner NAME", f"dismiss {of}")]
    text = _markdown(look, found)
    return {"draft": found, "no_draft": "", "draft_text": text, "commands": commands, "shapes": SHAPES}


def _no_draft(look: Look) -> str:
    if not look.reader.sees("metrics.messages", "text"):
        return look.say("A draft is made of messages of shoppers, which you may not see.")
    return look.say("The newest publication has no such topic.")


# What takes articles: the body is HTML in helpdesks, and plain text in Klaviyo (POST /api/agent-knowledge).
SHAPES = {"markdown": "Markdown", "klaviyo": "Klaviyo (JSON)", "zendesk": "Zendesk (JSON)", "gorgias": "Gorgias (JSON)"}


def article(look: Look) -> Response:
    """The draft as a file, as Markdown or as a helpdesk takes articles."""
    shape = look.query.get("shape", "markdown")
    topic = look.query.get("draft", "")
    try:
        if shape not in SHAPES:
            return PlainTextResponse(look.say("There is no shape “%(name)s”.", name=shape), status_code=400)
        found = draft(look.reader, topic, look.account.account_id)
    except InputError:
        return PlainTextResponse(_no_draft(look), status_code=400)
    is_text = shape == "markdown"
    headers = {"Content-Disposition": f'attachment; filename="article.{"md" if is_text else "json"}"'}
    content = _markdown(look, found) if is_text else _json(look, found, shape)
    return PlainTextResponse(content, headers=headers, media_type="text/markdown" if is_text else "application/json")


def _markdown(look: Look, found: Draft) -> str:
    return found.markdown(lambda text: look.of_the_shop.tell(text, look.account.local))


def _json(look: Look, found: Draft, shape: str) -> str:
    say = look.of_the_shop
    body, locale = say.html("article", draft=found), str(say.locale).replace("_", "-")
    snippet = {"source_type": "snippet", "title": found.title, "content": _markdown(look, found)}
    documents: dict[str, dict[str, Any]] = {
        "klaviyo": {"data": {"type": "agent-knowledge", "attributes": {"source": snippet}}},
        "zendesk": {"article": {"title": found.title, "body": body, "locale": locale.lower(), "draft": True}},
        "gorgias": {
            "translation": {"title": found.title, "content": body, "locale": locale, "excerpt": "", "slug": ""}
        },
    }
    return json.dumps(documents[shape], ensure_ascii=False, indent=2)


def gaps_of(look: Look, limit: int) -> tuple[AskedAccount, tuple[OpenGap, ...]]:
    """The open gaps that were asked about on the look's dates and channel."""
    period = look.period
    return open_gaps(
        look.reader,
        look.account.account_id,
        limit,
        first=period.first,
        last=period.last,
        channels=look.channels,
    )


def _products(look: Look) -> tuple[OpenProduct, ...] | None:
    """Of the conversations to which the link of each product leads: those that started on the look's dates."""
    dates = (look.period.first, look.period.last)
    asked = (look.reader, look.account.account_id, MOST_PRODUCTS)
    try:
        return open_products(*asked, dates=dates, channels=look.channels)[1]
    except AgentMetricsError:  # published by a version that knew no products of questions
        return None


def _closure(look: Look, one: ClosedTopic) -> dict[str, Any]:
    found, say = one.closure, look.say
    change = say.points(found.handoff_rate_after, found.handoff_rate_before)
    if found.change_low is not None and found.change_high is not None:
        change += f" ({say.points(found.change_low, 0.0)} … {say.points(found.change_high, 0.0)})"
    return {
        "topic": one,
        "article": found.article_title or found.article_id,
        "closed_on": look.account.day_of(found.closed_at),
        "reopened_on": look.account.day_of(found.reopened_at) if found.reopened_at else None,
        "before": (found.handed_off_before, found.conversations_before),
        "after": (found.handed_off_after, found.conversations_after),
        "change": change,
    }
