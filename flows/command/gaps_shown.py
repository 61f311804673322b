"""What people read of topics and gaps: every text of strangers is cleaned, and cut where it would fill the screen."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from flows.command.fitted import Column, Fitted, columns
from flows.command.lines import line
from flows.ground.text import clean, counted
from flows.lake.decisions import Decision
from flows.published.gaps import AskedAccount, AskedTopic, Gaps, data_up_to

if TYPE_CHECKING:  # the list of topics reads none of them
    from flows.published.gap_topic import Closure, PublishedTopicChange, TopicDetails
    from flows.published.open_products import OpenProduct

ACCOUNTS_SHOWN = 20
LONG, SHORT, NOTE, EXAMPLE = 100, 40, 500, 200  # characters of a text
BAR = 40  # characters of the longest


def gap_lines(found: Gaps, options: str, waiting: Sequence[Decision] = ()) -> Iterator[RenderableType]:
    """Accounts and their topics, the costliest first, and the next command, with the `options` of this one.

    `waiting` are decisions that no run has published yet.
    """
    shown = [one for one in found.accounts if one.question_count] or list(found.accounts)
    for account in shown[:ACCOUNTS_SHOWN]:
        yield _account_line(account, data_up_to(found.publication))
    if len(shown) > ACCOUNTS_SHOWN:
        yield f"… and {len(shown) - ACCOUNTS_SHOWN:,} more accounts; --account shows one of them"
    for account in shown[:ACCOUNTS_SHOWN]:
        if account.topic_count and not account.published_articles:
            yield f"{_cut(account.account_id)} has no published article: what the agent answered decides what is a gap."
    yield ""
    if not found.topics:
        yield from _why_nothing(found, options)
        return
    days = {one.account_id: one.day_of for one in found.accounts}
    listed = {one: days[one.account](one.decided_at) for one in found.topics if one.is_put_back and one.decided_at}
    yield _Topics(found.topics, tuple(waiting), listed)
    yield ""
    dismissed = 0 if found.is_all else sum(one.dismissed_gap_count for one in found.accounts)
    if waiting:
        decisions = f"{counted(len(waiting), 'decision')} since this publication"
        yield line("*", f"{decisions}; the next `agent-metrics run{options}` publishes what was decided")
    if dismissed:
        yield line("Dismissed", f"{counted(dismissed, 'gap')}; `agent-metrics topics list --all{options}` shows them")
    if len(found.topics) < found.topic_count:
        yield line("Shown", f"{len(found.topics):,} of {found.topic_count:,}; --limit shows more")
    first = found.topics[0]
    is_elsewhere = any(one.topic_id == first.topic_id for one in found.topics[1:])
    account_option = f" --account {shlex.quote(first.account)}" if is_elsewhere else ""
    yield line("Next", f"agent-metrics topics show {shlex.quote(first.topic_id)}{account_option}{options}")


def _account_line(one: AskedAccount, until: datetime) -> str:
    name = f" ({_cut(one.name)})" if one.name else ""
    unassigned = "" if one.unassigned_share is None else f", {one.unassigned_share:.1%} of them in no topic"
    if one.ungrouped_question_count:
        unassigned += f", {one.ungrouped_question_count:,} not grouped yet (the next run goes on)"
    fresh = f"data up to {one.local(until):%Y-%m-%d %H:%M} ({clean(one.timezone)})"
    gaps = f"{counted(one.open_gap_count, 'open gap')} among {counted(one.topic_count, 'topic')}"
    return f"{_cut(one.account_id)}{name}: {fresh}, {counted(one.question_count, 'question')}{unassigned}, {gaps}"


def _why_nothing(found: Gaps, options: str) -> Iterator[str]:
    questions = sum(one.question_count for one in found.accounts)
    topics = sum(one.topic_count for one in found.accounts)
    if not found.accounts:
        yield "No account is published yet."
        yield line("Next", "agent-metrics run, with a source that delivers accounts and conversations")
    elif not questions:
        yield "There are no topics, because no shopper has asked a question yet."
        yield line("Next", "agent-metrics run, once there are conversations in which shoppers ask")
    elif ungrouped := sum(one.ungrouped_question_count for one in found.accounts):
        grouped = "No open gap was found so far" if topics else "There are no topics yet"
        yield f"{grouped}: {counted(ungrouped, 'question')} of {questions:,} are not grouped yet."
        yield line("Next", f"agent-metrics run{options}, which goes on with them")
    elif not topics:
        yield "There are no topics, because no questions are near enough to each other yet."
        yield line("Next", "agent-metrics run, once there are more of them")
    elif any(one.dismissed_gap_count for one in found.accounts):
        yield "There is no open gap: the agent or an article answers every topic that is not dismissed."
        yield line("Next", f"agent-metrics topics list --all{options}")
    else:
        yield "There is no open gap: the agent or an article answers every topic."
        yield line("Next", f"agent-metrics topics list --all{options}")


@dataclass(frozen=True)
class _Topics:
    """The table of topics. A narrow terminal gets fewer columns: `topics show` tells the others."""

    topics: tuple[AskedTopic, ...]
    waiting: tuple[Decision, ...] = ()
    listed: Mapping[AskedTopic, date] = field(default_factory=dict)  # when a person put those there that are not gaps

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        values: dict[str, tuple[int, Callable[[AskedTopic], str | Text]]] = {  # when each is left out, and what it says
            "account": (0, lambda one: _cell(one.account)),
            "topic": (0, lambda one: _cell(one.topic_id)),
            "label": (0, lambda one: _cell(one.label)),
            "people": (0, lambda one: f"{one.people:,}"),
            "questions": (8, lambda one: f"{one.question_count:,}"),
            "conversations": (10, lambda one: f"{one.conversation_count:,}"),
            "unanswered": (0, lambda one: "–" if one.unanswered is None else f"{one.unanswered:,}"),
            "share, 95 %": (9, lambda one: _between(one) or "–"),
            "handed off": (7, lambda one: f"{one.handed_off_conversation_count:,}"),
            "at stake": (6, lambda one: "–" if one.sales_at_stake is None else f"{one.sales_at_stake:,.0f}"),
            "28 days": (4, trend),
            "last asked": (5, lambda one: str(one.last_asked_on)),
            "score": (11, lambda one: f"{one.coverage_score:.2f}"),
            "nearest article": (2, lambda one: _cell(one.nearest_or_why)),
            "kind": (3, lambda one: one.kind or ""),
            "state": (1, lambda one: Text(self._stands(one))),
            "note": (12, lambda one: _cell(one.note)),
        }
        needless = {
            "account": len({one.account for one in self.topics}) < 2,
            "kind": all(one.kind in (None, "knowledge") for one in self.topics),
            "note": not any(one.note for one in self.topics),
        }
        texts = ("account", "label", "nearest article", "state", "note")
        yield Fitted(
            [
                Column(
                    name,
                    [value(one) for one in self.topics],
                    spare,
                    is_right=name not in (*texts, "topic", "kind"),
                    may_wrap=name in texts,
                )
                for name, (spare, value) in values.items()
                if not needless.get(name)
            ]
        )

    def _stands(self, one: AskedTopic) -> str:
        """Where the work stands, with a star where no run has published it yet, and why it is listed at all."""
        state = next((f"{_work(its.state, its.owner)} *" for its in self.waiting if is_of(its, one)), _state(one))
        by = f", listed by a decision of {self.listed[one]}" if one in self.listed else ""
        return f"{_cut(state)}{by}"


def product_lines(found: tuple[OpenProduct, ...], options: str) -> Iterator[RenderableType]:
    """Products with unanswered questions, and the next command, with the `options` of this one."""
    if not found:
        yield "No question about a product is known to have gone unanswered."
        yield line("Next", f"agent-metrics topics list{options}")
        return
    has_several = len({one.account for one in found}) > 1
    shown = [
        Column("account", [_cell(one.account) for one in found], may_wrap=True),
        Column("product", [_cell(one.title or one.product_id) for one in found], may_wrap=True),
        Column("unanswered", [f"{one.unanswered_count:,}" for one in found], is_right=True),
        Column("questions", [f"{one.question_count:,}" for one in found], 1, is_right=True),
        Column("example", [Text(_cut(one.question, EXAMPLE)) for one in found], may_wrap=True),
        Column("thread", [_cell(one.conversation_id) for one in found], 2),
    ]
    yield Fitted(shown[0 if has_several else 1 :])
    yield ""
    yield line("Next", f"agent-metrics dashboard{options}, which shows the threads")


def is_of(decision: Decision, topic: AskedTopic) -> bool:
    """Whether it was decided of this topic."""
    return (decision.account_id, decision.topic_id) == (topic.account, topic.topic_id)


def _state(one: AskedTopic) -> str:
    if one.state is None:
        return "gap" if one.is_gap else "answered" if one.kind in (None, "knowledge") else ""
    return _work(one.state, one.owner)


def _work(state: str, owner: str | None) -> str:
    return f"{state} to {owner}" if state == "assigned" and owner else state


def decision_lines(made: Decision, topic: AskedTopic, options: str, *, has_sources: bool) -> Iterator[str]:
    """What was decided, and what makes it count: a run, which asks the sources of the settings, or those of --path."""
    names = {"assigned": "Assigned", "dismissed": "Dismissed", "open": "Reopened"}
    to = f", to {_cut(made.owner)}" if made.owner else ""
    yield line(names[made.state], f"{_cut(topic.label)}, {clean(topic.topic_id)}, {_cut(topic.account)}{to}")
    if made.note:
        yield line("Note", _cut(made.note, LONG))
    how = f"agent-metrics run{'' if has_sources else ' --path FOLDER'}{options}"
    yield line("Next", f"{how}, which publishes it from an as-of of now on; `topics list` shows it already")


def trend(one: AskedTopic) -> str:
    """Questions of the last 28 days, and how much they are above those of the 28 days before."""
    recent = f"{one.questions_last_28_days:,}"
    if one.trend is not None:
        return f"{recent} ({100 * one.trend:+,.0f} %)"
    return f"{recent} (new)" if one.questions_last_28_days else recent


def topic_lines(of: TopicDetails, options: str, waiting: Sequence[Decision] = ()) -> Iterator[RenderableType]:
    """All of one topic, and the next command, with the `options` of this one.

    `waiting` are decisions of this topic that no run has published yet.
    """
    one, account = of.topic, of.account
    name = f" ({_cut(account.name)})" if account.name else ""
    until = f"{account.local(data_up_to(of.publication)):%Y-%m-%d %H:%M} ({clean(account.timezone)})"
    yield f"{_cut(one.label)}, {clean(one.topic_id)}, {_cut(account.account_id)}{name}, data up to {until}"
    yield ""
    yield line("Stands", f"“{_cut(of.representative_question, LONG)}” stands for it")
    volume = f"{counted(one.question_count, 'question')} in {counted(one.conversation_count, 'conversation')}"
    dates = f"{account.day_of(one.first_asked_at)} to {one.last_asked_on}"
    yield line("People", f"{counted(one.people, 'person', 'people')}, {volume}, {dates}")
    yield line("28 days", trend(one))
    ended = ((status, "not measured" if count is None else f"{count:,}") for status, count in of.statuses.items())
    yield line("Ended", ", ".join(f"{status} {count}" for status, count in ended))
    if one.unanswered is not None:
        of_all = f"{one.unanswered:,}{_of(one.unanswered, one.conversation_count)}"
        interval = f", 95 % interval {_between(one)}" if _between(one) else ""
        yield line("Unanswered", f"{of_all}{interval}")
    if one.sales_at_stake is not None:
        between = f"95 % interval {one.sales_at_stake_low:,.2f} to {one.sales_at_stake_high:,.2f}"
        yield line("At stake", f"{account.currency} {one.sales_at_stake:,.2f} of sales, {between}")
    likest = one.best_article_title or one.best_article_id
    likest = f" (the likest: {_cut(likest, LONG)})" if likest and not one.nearest else ""
    yield line("Article", f"{_cut(one.nearest_or_why, LONG)}{likest}, score {one.coverage_score:.2f}")
    is_known = one.kind in (None, "knowledge")
    yield line("Gap" if one.is_gap else "Answered" if is_known else "Kind", of.why)
    if of.usual_unanswered_share is not None and is_known:
        yield line("", f"Usual in this account: {of.usual_unanswered_share:.1%} of judged conversations.")
    yield from _work_lines(of, waiting)
    for closure in of.closures:
        yield from _closure_lines(closure, account)
    yield from (line("Changed", _change(change, one.topic_id, account)) for change in of.changes)
    yield ""
    most = max(count for _, count in of.weeks) or 1
    yield "Questions in the seven days up to"
    for day, count in of.weeks:
        yield f"{day}  {count:>9,}  {'█' * -(-BAR * count // most)}".rstrip()
    yield ""
    yield _conversations(of)
    if len(of.conversations) < one.conversation_count:
        yield f"{len(of.conversations):,} of {one.conversation_count:,} conversations, the newest; --limit shows more"
    yield ""
    sales = f"{account.currency} {of.attributed_revenue:,.2f} in {counted(of.attributed_orders, 'order')}"
    yield line("Bought", f"{sales}, which these conversations brought all the same")
    draft = f"draft {shlex.quote(one.topic_id)}{options} > draft.md"
    yield line("Next", f"agent-metrics topics {draft if one.is_open else f'list{options}'}")


def _work_lines(of: TopicDetails, waiting: Sequence[Decision]) -> Iterator[str]:
    one = of.topic
    if one.state is not None:
        since = f", decided on {of.account.day_of(one.decided_at)}" if one.decided_at else ""
        listed = ": so it is listed, though it is not a gap" if one.is_put_back else ""
        like = f", because it is like {clean(one.like_topic_id)}" if one.like_topic_id else ""
        yield line("Work", f"{_cut(_work(one.state, one.owner), LONG)}{since}{like}{listed}")
    if one.note:
        yield line("Note", _cut(one.note, NOTE))
    for decision in waiting:
        yield line("*", f"{_cut(_work(decision.state, decision.owner), LONG)}, which the next run publishes")
        if decision.note:
            yield line("", _cut(decision.note, NOTE))


def _closure_lines(one: Closure, account: AskedAccount) -> Iterator[str]:
    title = _cut(one.article_title or one.article_id, LONG)
    until = f", until {account.day_of(one.reopened_at)}" if one.reopened_at else ""
    yield line("Closed", f"by {title} on {account.day_of(one.closed_at)}{until}")
    before = _rate(one.handed_off_before, one.conversations_before)
    after = _rate(one.handed_off_after, one.conversations_after)
    yield line("", f"handed off before: {before}; after: {after}")
    if one.handoff_rate_change is not None and one.change_low is not None and one.change_high is not None:
        change = f"{100 * one.handoff_rate_change:+.1f} points"
        interval = f"95 % interval {100 * one.change_low:+.1f} to {100 * one.change_high:+.1f}"
        chance = "; it may be chance" if one.change_low <= 0 <= one.change_high else ""
        yield line("", f"change: {change}, {interval}{chance}")


def _change(one: PublishedTopicChange, topic_id: str, account: AskedAccount) -> str:
    day, other = account.day_of(one.changed_at), clean(one.other_topic_id)
    if one.change == "ended":
        return f"ended on {day}"
    if one.change == "alike":
        source = clean(one.topic_id)
        return f"{other} was like it on {day}" if one.topic_id == topic_id else f"was like {source} on {day}"
    if one.topic_id == topic_id:
        return f"{other} came out of it on {day}" if one.change == "split" else f"went into {other} on {day}"
    source = clean(one.topic_id)
    return f"came out of {source} on {day}" if one.change == "split" else f"{source} went into it on {day}"


def _conversations(of: TopicDetails) -> Fitted:
    rows = []
    for one in of.conversations:
        asked = f"{of.account.local(one.asked_at):%Y-%m-%d %H:%M}"
        bought = f"{of.account.currency} {one.attributed_revenue:,.2f}" if one.attributed_revenue else "–"
        question = Text(" … ".join(_cut(turn, LONG) for turn in (one.turn_before, one.question) if turn) or "–")
        rows.append((Text(clean(one.conversation_id)), asked, clean(one.status), question, bought))
    spare = {"conversation": 0, "asked": 2, "status": 1, "question": 0, "bought": 3}
    return columns(rows, spare, may_wrap=("question",), right=("bought",))


def _between(one: AskedTopic) -> str:
    """The interval of the unanswered share, with as many places as the share: rounded alike, it contains it."""
    if one.unanswered_share_low is None or one.unanswered_share_high is None:
        return ""
    return f"{100 * one.unanswered_share_low:.1f} to {100 * one.unanswered_share_high:.1f} %"


def _cell(text: str | None) -> Text:
    return Text(_cut(text))  # not a string: Rich would make pictures of names between colons


def _cut(text: str | None, longest: int = SHORT) -> str:
    """One line of what a stranger wrote; a dash where there is nothing, or nothing that this reader may see."""
    shown = clean(" ".join((text or "").split())) or "–"
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def _rate(part: int, whole: int) -> str:
    return f"{part / whole:.1%} ({part:,} of {whole:,})" if whole else "nobody asked"


def _of(part: int, whole: int) -> str:
    return f" of {whole:,} ({part / whole:.1%})" if whole else ""
