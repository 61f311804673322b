"""What people see: each function gives one part of the page."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

import marimo as mo
import pandas as pd

from flows.dashboard import cards, charts, shown
from flows.dashboard.periods import Period, text_of
from flows.dashboard.shown import html
from flows.dashboard.stack import Stack
from flows.dashboard.visit import Visit
from flows.delivery.handoffs.book import Entry
from flows.delivery.health import KINDS, OUTCOMES, Health
from flows.ground.errors import AgentMetricsError, InputError
from flows.published import handoffs as published_handoffs
from flows.published.accounts import PublishedAccount
from flows.published.conversations import Conversation
from flows.published.events import EVENTS, Event
from flows.published.evidence import SalesTotals, SoldLine
from flows.published.figures import MARKS, Figures
from flows.published.filters import Filters
from flows.published.gap_draft import draft
from flows.published.gaps import AskedTopic
from flows.published.open_gaps import ClosedTopic, OpenGap, closed_topics, open_gaps
from flows.published.open_products import OpenProduct, open_products
from flows.published.performance import Bar, filled, unit_of
from flows.published.segments import segments
from flows.published.thread import thread
from flows.published.waiting import WAITING, WaitingHandoff, Waits
from flows.warehouses.publication import Publication
from flows.warehouses.reader import Reader

MOST_GAPS, MOST_CLOSURES, MOST_REFUSED, MOST_PRODUCTS = 8, 5, 20, 5
HANDOFFS = {  # rule 13.2: what each outcome is called, and what it means
    "answered": ("Answered", "a person wrote or joined"),
    "waiting": ("Waiting", "nobody has answered yet"),
    "lost": ("Lost", "accepted, an email is known, and neither a ticket nor a person came"),
    "no_person": ("Got nobody", "asked for a person, and there was none to come"),
    "nobody_there": ("Solved without a word", "the ticket was solved, and nobody wrote to the shopper"),
    "declined": ("Declined", "the shopper did not want a person"),
    "no_answer": ("Offer not answered", "the shopper said neither yes nor no"),
    "not_known": ("Not known", "the team has a ticket or an event, and no source tells what came of it"),
}
HANDOFF_REASONS = {
    "not_signed_in": "nobody knows who the shopper is",
    "no_email": "no email address is known",
    "outside_hours": "outside business hours",
}
NO_HANDOFFS = "What is published was built by a version that knew no hand-offs; the next run brings them."


def standing(visit: Visit) -> tuple[Publication | None, tuple[PublishedAccount, ...], AgentMetricsError | None]:
    """What the visitor looks at; nothing, and why, where there is nothing to look at."""
    try:
        return visit.publication(), visit.accounts(), None
    except AgentMetricsError as error:
        return None, (), error


def problem(error: AgentMetricsError | None, accounts: Sequence[PublishedAccount]) -> mo.Html | None:
    """What keeps the page from showing anything."""
    if error is None and accounts:
        return None
    what = str(error) if error else "No account is published that you may see."
    return mo.Html(html("problem", what=what))


def news(newest: Publication | None, publication: Publication | None, renew: Any) -> mo.Html | None:
    """A word about a publication that is newer than the one that is looked at."""
    if newest is None or (publication and newest.publication_id == publication.publication_id):
        return None
    return mo.Html(html("news", published_at=newest.published_at, button=renew))


def freshness(publication: Publication, account: PublishedAccount) -> mo.Html:
    return mo.Html(
        html(
            "header",
            publication=publication,
            account=account,
            ago=_ago(publication.published_at),
        )
    )


def key_figures(
    now: Figures,
    was: Figures,
    account: PublishedAccount,
    *,
    period: Period,
    bars: tuple[Bar, ...],
    rows: Any,
) -> mo.Html:
    found = cards.cards(now, was, account.currency, filled(bars, period.first, period.last))
    return mo.Html(html("cards", cards=found, period=period, earlier=text_of(*period.before), rows=rows.elements))


def chart_title(period: Period) -> mo.Html:
    return title("chart", f"Conversations per {unit_of(period.first, period.last)}, {period}")


def chart(
    stack: Stack,
    by: str,
    account: PublishedAccount,
    publication: Publication,
    choose: Callable[[Bar], None],
) -> Any:
    """The chart; a click on a bar gives it to `choose`."""
    if not stack.pieces:
        return mo.Html(html("nothing", what="No conversation started on these dates."))
    today, until = account.day_of(publication.as_of), account.local(publication.as_of)
    drawn = charts.conversations(stack, by, today, shown.clock(until))

    def clicked(selected: pd.DataFrame) -> None:
        if len(selected) == 1:  # all of them are not a choice
            choose(stack.pieces[int(selected["number"].iloc[0])].bar)

    return mo.ui.altair_chart(drawn, chart_selection=True, legend_selection=False, on_change=clicked)


def audiences(reader: Reader, account: PublishedAccount) -> mo.Html:
    """The segments of the account, how large they are, whom they reach, and their rules in words."""
    try:
        found = segments(reader, account.account_id)
    except InputError as error:
        return mo.Html(html("audiences", segments=(), since={}, as_of=None, empty=f"{error.what}; {error.remedy}."))
    empty = "No segment is defined: none came with the package, and the folder of definitions has none."
    as_of = found.publication.as_of
    since = {one.segment: account.local(at) for one in found.segments if (at := one.built_within(as_of))}
    return mo.Html(html("audiences", segments=found.segments, since=since, as_of=account.local(as_of), empty=empty))


def deliveries(account: PublishedAccount, found: Callable[[str], Sequence[Health]]) -> mo.Html:
    """What of the account is delivered to other systems, and how that is; nothing where nothing is switched on."""
    try:
        given = found(account.account_id)
    except AgentMetricsError as error:
        return mo.Html(html("nothing", what=str(error)))
    if not given:
        return mo.Html("")
    last = {one: account.local(one.last_at) for one in given if one.last_at}
    return mo.Html(html("deliveries", given=given, last=last, outcomes=OUTCOMES, kinds=KINDS))


def handoffs(reader: Reader, account: PublishedAccount, period: Period, channels: tuple[str, ...], by: str) -> mo.Html:
    """What came of the hand-offs of the period, as a whole and by something."""
    asked = (account.account_id, period.first, period.last, channels)
    found = published_handoffs.handoffs(reader, *asked)
    if found is None:
        return mo.Html(html("nothing", what=NO_HANDOFFS))
    groups = published_handoffs.handoffs_by(reader, *asked, by=by)
    always = ("answered", *WAITING, "no_person")
    names = {outcome: name for outcome, (name, _) in HANDOFFS.items()}
    meanings = {outcome: meaning for outcome, (_, meaning) in HANDOFFS.items()}
    outcomes = html("handoffs", found=found, period=period, names=names, meanings=meanings, always=always)
    grouped = html("handoffs_by", groups=groups, by=by, has_hours=found.has_business_hours)
    return mo.Html(html("halves", left=mo.Html(outcomes), right=mo.Html(grouped)))


def refused(
    account: PublishedAccount, channels: tuple[str, ...], found: Callable[[str], Sequence[Entry]], *, with_reasons: bool
) -> mo.Html:
    """Hand-offs of which no ticket was taken, and why: what a helpdesk says may hold an address, as texts do."""
    try:
        given = [one for one in found(account.account_id) if not channels or one.channel in channels]
    except AgentMetricsError as error:
        return mo.Html(html("nothing", what=str(error)))
    if not given:
        return mo.Html("")
    rows = [(one, account.local(one.accepted_at)) for one in given[:MOST_REFUSED]]
    values = {"rows": rows, "total": len(given), "account": account, "with_reasons": with_reasons}
    return mo.Html(html("refused", **values))


def waiting(
    rows: Sequence[WaitingHandoff],
    *,
    waits: Waits,
    account: PublishedAccount,
    publication: Publication,
    buttons: Any,
    turn: Any,
) -> mo.Html:
    """Who waits for a person, and since when, as of the publication."""
    waited = [(one, int((publication.as_of - one.since).total_seconds() // 60)) for one in rows]
    names = {outcome: name for outcome, (name, _) in HANDOFFS.items()}
    values = {"names": names, "reasons": HANDOFF_REASONS, "buttons": buttons, "turn": turn}
    return mo.Html(html("waiting", rows=waited, waits=waits, account=account, **values))


def gaps(
    reader: Reader, account: PublishedAccount, buttons: Callable[[list[str], list[str]], Any]
) -> tuple[mo.Html, Any]:
    """What articles and product pages do not answer, and the buttons in it, which `buttons` makes for these topics and
    products: two for each topic, one for each product.
    """
    try:
        asked, found = open_gaps(reader, account.account_id, MOST_GAPS)
    except AgentMetricsError as error:  # published by a version that knew no topics
        return mo.Html(html("nothing", what=str(error))), buttons([], [])
    products = _open_products(reader, account)
    made = buttons([one.topic.topic_id for one in found], [one.product_id for one in products])
    rows = [
        {
            "topic_id": one.topic.topic_id,
            "question": one.question,
            "label": _label(one),
            "people": one.topic.people,
            "handed_off": one.topic.handed_off_conversation_count,
            "recent": one.topic.questions_last_28_days,
            "trend": _trend(one.topic),
            "rests_on": one.topic.rests_on,
            "work": _work(one.topic),
            "note": one.topic.note,
            "buttons": (made[2 * at], made[2 * at + 1]),
        }
        for at, one in enumerate(found)
    ]
    empty = "Every topic is answered by an article." if asked.question_count else "Nobody has asked anything yet."
    closures = [_closure(one, account) for one in closed_topics(reader, account.account_id, MOST_CLOSURES)]
    shown_gaps = html(
        "topics",
        topics=rows,
        products=list(zip(products, made[2 * len(found) :], strict=True)) if products else [],
        closures=closures,
        empty=empty,
        gap_count=asked.gap_count - asked.dismissed_gap_count,
        dismissed_count=asked.dismissed_gap_count,
        topic_count=asked.topic_count,
        unassigned_share=asked.unassigned_share,
    )
    return mo.Html(shown_gaps), made


def _open_products(reader: Reader, account: PublishedAccount) -> tuple[OpenProduct, ...]:
    try:
        return open_products(reader, account.account_id, MOST_PRODUCTS)[1]
    except AgentMetricsError:  # published by a version that knew no products of questions
        return ()


def drafted(reader: Reader, account: PublishedAccount, topic: str | None, close: Any) -> Any:
    """The draft of the article that a topic lacks, to copy."""
    if not topic:
        return None
    try:
        text = draft(reader, topic, account.account_id).markdown()
    except AgentMetricsError as error:
        return mo.vstack([mo.Html(html("nothing", what=str(error))), close])
    save = mo.download(text.encode(), filename="article.md", label="Save as a file")
    return mo.vstack(
        [
            mo.Html(html("draft", commands=[f"agent-metrics topics {one}" for one in _decisions(topic, account)])),
            mo.ui.text_area(value=text, rows=16, max_length=None, full_width=True),
            mo.hstack([mo.Html(html("copy")), save, close], justify="start"),
        ]
    )


def conversation_list(
    rows: Sequence[Conversation],
    *,
    at: int,
    total: int,
    account: PublishedAccount,
    filters: Filters,
    buttons: Any,
    turn: Any,
) -> mo.Html:
    csv = f"conversations.csv?{urlencode({'account': account.account_id, **filters.to_query()})}"
    empty = "No conversation of these dates meets all filters." if total == 0 else ""
    return mo.Html(
        html(
            "conversations",
            rows=rows,
            first=at + 1,
            last=at + len(rows),
            total=total,
            account=account,
            buttons=buttons,
            turn=turn,
            csv=csv if total else None,
            empty=empty,
        )
    )


def opened(reader: Reader, account: PublishedAccount, conversation: str | None, close: Any) -> Any:
    """The whole thread of the conversation that is open."""
    if not conversation:
        return None
    try:
        found = thread(reader, account, conversation)
    except AgentMetricsError as error:
        return mo.vstack([mo.Html(html("nothing", what=str(error))), close])
    texts = reader.sees("metrics.messages", "text")
    return mo.Html(html("thread", thread=found, account=account, texts=texts, close=close))


def feed(
    found: Sequence[Event],
    counts: Sequence[tuple[date, int]],
    account: PublishedAccount,
    publication: Publication,
    *,
    event: str,
    buttons: Any,
    turn: Any,
) -> Any:
    """An event: how often on each date, and its activity feed."""
    total = sum(count for _, count in counts)
    rows = [{**vars(one), "properties": _properties(one)} for one in found]
    listed = mo.Html(
        html("events", name=EVENTS[event], total=total, events=rows, account=account, buttons=buttons, turn=turn)
    )
    if not total:
        return listed
    until = shown.clock(account.local(publication.as_of))
    return mo.vstack([charts.per_day(counts, account.day_of(publication.as_of), until), listed])


def sales(
    lines: Sequence[SoldLine], totals: SalesTotals, account: PublishedAccount, *, buttons: Any, turn: Any
) -> mo.Html:
    return mo.Html(html("sales", lines=lines, totals=totals, account=account, buttons=buttons, turn=turn))


def filters(asked: Any, clear: Any) -> Any:
    """The filters: those of every day in a row, the others on demand."""
    first = [asked[name] for name in ("search", "profile", "statuses", "tags", "channels", "order")]
    others = ["skill", "least_messages", "most_messages", "updated_from", "updated_to", "is_sold", "is_clicked"]
    others += MARKS.values()
    more = mo.hstack([asked[name] for name in others], justify="start", align="end", wrap=True)
    row = mo.hstack([*first, clear], justify="start", align="end", wrap=True)
    return mo.vstack([row, mo.accordion({"More filters": more})])


def narrowed(error: AgentMetricsError | None, filters: Filters, period: Period) -> mo.Html | None:
    """What is wrong with the filters; else what narrows the list and no control shows."""
    if error is not None:
        return mo.Html(html("wrong", what=str(error)))
    is_narrower = (filters.first, filters.last) != (period.first, period.last)
    dates = text_of(filters.first, filters.last) if is_narrower else ""
    is_asked = filters.topic or filters.product or dates
    return mo.Html(html("narrowed", topic=filters.topic, product=filters.product, dates=dates)) if is_asked else None


def beside(listed: mo.Html, opened: Any) -> Any:
    """The open thread beside the list; above it where there is no room."""
    return listed if opened is None else mo.Html(html("beside", listed=listed, opened=opened))


def title(name: str, text: str) -> mo.Html:
    return mo.Html(html("title", name=name, text=text))


def _properties(event: Event) -> list[tuple[str, str]]:
    values = {
        "first skill": event.initial_skill,
        "last skill": event.final_skill,
        "tag": event.tag,
        "reason": event.escalation_reason,
        "products": ", ".join(one.title or one.product_id for one in event.products),
    }
    return [(name, value) for name, value in values.items() if value]


def _label(gap: OpenGap) -> str:
    """The label, where it says more than the question."""
    label = gap.topic.label or ""
    return "" if label.casefold().strip("?! .") in (gap.question or "").casefold() else label


def _work(topic: AskedTopic) -> str:
    """Who writes the article, where somebody does."""
    return f"assigned to {topic.owner or 'somebody'}" if topic.state == "assigned" else ""


def _decisions(topic: str, account: PublishedAccount) -> tuple[str, str]:
    of = f"{shlex.quote(topic)} --account {shlex.quote(account.account_id)}"
    return f"assign {of} --owner NAME", f"dismiss {of}"


def _trend(topic: AskedTopic) -> str:
    return "" if topic.trend is None else shown.change(topic.questions_last_28_days, topic.questions_28_days_before)


def _closure(one: ClosedTopic, account: PublishedAccount) -> dict[str, Any]:
    found = one.closure
    change = shown.points(found.handoff_rate_after, found.handoff_rate_before)
    if found.change_low is not None and found.change_high is not None:
        change += f" ({100 * found.change_low:+.0f} to {100 * found.change_high:+.0f})".replace("-", "−")
    return {
        "topic_id": one.topic_id,
        "label": one.label,
        "article": found.article_title or found.article_id,
        "closed_on": account.day_of(found.closed_at),
        "reopened_on": account.day_of(found.reopened_at) if found.reopened_at else None,
        "before": f"{found.handed_off_before:,} of {found.conversations_before:,}",
        "after": f"{found.handed_off_after:,} of {found.conversations_after:,}",
        "change": change,
    }


def _ago(instant: datetime) -> str:
    minutes = int((datetime.now(UTC) - instant).total_seconds() // 60)
    if minutes < 2:
        return "just now"
    if minutes < 120:
        return f"{minutes} minutes ago"
    return f"{minutes // 60} hours ago" if minutes < 48 * 60 else f"{minutes // 1440} days ago"
