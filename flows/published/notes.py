"""What deserves a word about a range of dates: days on which nothing happened and why, and a rate below the usual.

Silence has four reasons: nothing was delivered, the agent is switched off, the agent does not answer, or nobody wrote.
They are told apart by what else came for the account, by its skills, and by how many conversations it usually has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import exp

from flows.ground.saying import Text
from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.figures import Conversations, by_mark, by_status
from flows.published.gaps import data_up_to
from flows.published.intervals import wilson
from flows.warehouses.publication import Publication
from flows.warehouses.reader import Reader

USUAL_DAYS = 28  # before the range: what an account usually has a day
NORM_DAYS = 90  # before the range: the account's own norm of a rate
UNLIKELY = 0.01  # a silence that chance brings less often than this is none of chance
MOST_NOTES = 4
LEAST_OVER = 20  # conversations, for a rate to be judged
WELL_BELOW = 0.05
LEAST_UNANSWERED = 5
A_DAY = timedelta(days=1)

DAYS = f"""
select date, {by_status("sum(conversations)")}, {{marks}}
from metrics.daily_performance
where account_id = {{account}} and date between {{first}} and {{last}}
group by date having sum(conversations) > 0
"""
LAST_BEFORE = """
select max(date) from metrics.daily_performance
where account_id = {account} and conversations > 0 and date < {begin}
"""
USUAL = """
select coalesce(sum(conversations), 0) from metrics.daily_performance
where account_id = {account} and date >= {first} and date < {end}
"""
ANSWERED = """
select started_on, count(*), count(*) filter (where agent_message_count > 0)
from metrics.conversations
where account_id = {account} and started_on between {first} and {last}
group by started_on
"""
NEWEST = """
select max(date), min(date) filter (where conversations > 0) from metrics.daily_performance
where account_id = {account}
"""
# Skills that only messages name are not available either, which says nothing (6.4); a list gives them labels.
SKILLS = """
select count(*) filter (where label <> skill), count(*) filter (where is_available)
from metrics.skills where account_id = {account}
"""


@dataclass(frozen=True)
class Note:
    """`kind` is what it is about: silence, mute or rate. `what` are sentences, `remedy` says what to do."""

    kind: str
    what: tuple[Text, ...]
    remedy: Text


@dataclass(frozen=True)
class _Account:
    """What is known of an account: conversations by date, dates of its newest and its first events, its skills."""

    reader: Reader
    account: PublishedAccount
    publication: Publication
    days: dict[date, Conversations]
    newest: date
    begun: date
    listed: int
    available: int

    @property
    def today(self) -> date:
        return self.account.day_of(self.publication.as_of)

    @property
    def delivered_up_to(self) -> date:
        """The date up to which anything came, for whichever account."""
        return self.account.day_of(data_up_to(self.publication))


def notes(
    reader: Reader, account: PublishedAccount, publication: Publication, first: date, last: date
) -> tuple[Note, ...]:
    """What deserves a word about the local dates `first` to `last`, both included: the weightiest first."""
    values = {"account": literal(account.account_id), "first": literal(first), "last": literal(last)}
    ((newest, begun),) = reader.rows(NEWEST.format(**values))
    if begun is None:
        what = Text.of("No conversation of this account has come yet.")
        remedy = Text.of("See that a source delivers them: `agent-metrics doctor`, `agent-metrics run`.")
        return (Note("silence", (what,), remedy),)
    begins = literal(first - timedelta(days=NORM_DAYS))
    rows = reader.rows(DAYS.format(**values | {"first": begins, "marks": by_mark(reader, in_days=True)}))
    days = {day: Conversations(*map(int, counts)) for day, *counts in rows}
    ((listed, available),) = reader.rows(SKILLS.format(**values))
    known = _Account(reader, account, publication, days, newest, begun, listed, available)
    if last < begun or first > known.today:
        if last < begun:
            what = Text.of("The first conversation came on %(day)s.", day=begun)
            return (Note("silence", (what,), Text.of("Choose later dates.")),)
        return (Note("silence", (Text.of("These dates are yet to come."),), Text.of("Choose earlier dates.")),)
    told = [_silence(known, *stretch) for stretch in _silent(known, max(first, begun), last)]
    told += _mute(reader, values)
    return (*_below_norm(known, first, last), *told)[:MOST_NOTES]


def _silent(known: _Account, first: date, last: date) -> list[tuple[date, date]]:
    """Dates without a conversation, those that follow each other together; today alone is too young to tell."""
    found: list[tuple[date, date]] = []
    for day in (first + timedelta(days=number) for number in range((min(last, known.today) - first).days + 1)):
        if day in known.days:
            continue
        if found and found[-1][1] == day - A_DAY:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    longest = sorted((one for one in found if one[0] != known.today), key=lambda one: one[0] - one[1])
    return sorted(longest[:MOST_NOTES])


def _silence(known: _Account, begin: date, end: date) -> Note:
    """Why nobody wrote; what of it lies before the range, and before there is anything to compare with, counts too."""
    of = literal(known.account.account_id)
    ((before,),) = known.reader.rows(LAST_BEFORE.format(account=of, begin=literal(begin)))
    since = before + A_DAY
    when = _without(begin, end, before if since < begin else None)
    usual_from = max(before - (USUAL_DAYS - 1) * A_DAY, known.begun)
    ((count,),) = known.reader.rows(USUAL.format(account=of, first=literal(usual_from), end=literal(since)))
    usual = int(count) / (since - usual_from).days
    # a date counts when it is over and all of it has come
    delivered, yesterday = known.delivered_up_to, known.today - A_DAY
    silent = max(0, (min(end, delivered - A_DAY) - since).days + 1)
    is_chance = exp(-usual * silent) >= UNLIKELY
    if delivered < min(end, yesterday) and is_chance:
        remedy = Text.of("Look at the sources with `agent-metrics doctor`, then `agent-metrics run`.")
        return Note("silence", (when, Text.of("Nothing was delivered since %(day)s.", day=delivered)), remedy)
    if end >= yesterday and known.listed and not known.available:
        why = Text.of("The agent is switched off: none of its skills is available.")
        return Note("silence", (when, why), Text.of("Switch skills on where the agent is set up."))
    if is_chance:
        remedy = Text.of("With few conversations that happens; a wider range has more.")
        return Note("silence", (when, Text.of("Nobody wrote to the agent.")), remedy)
    number = Decimal(f"{usual:.{0 if usual >= 10 else 1}f}")
    off = Text.of("Usually it is %(number)s a day: the agent was probably switched off.", number=number)
    if known.newest < begin:
        off = Text.of(
            "Usually it is %(number)s a day: the agent is probably switched off, or its source delivers nothing any "
            "more.",
            number=number,
        )
    remedy = Text.of("See whether it answers in the shop, and what `agent-metrics status` says.")
    return Note("silence", (when, off), remedy)


def _without(first: date, last: date, before: date | None) -> Text:
    """That there was no conversation on these dates, nor since the last one `before` them."""
    if before is None:
        if first == last:
            return Text.of("No conversation on %(day)s.", day=first)
        return Text.of("No conversation from %(first)s to %(last)s.", first=first, last=last)
    if first == last:
        return Text.of("No conversation on %(day)s, nor before that since %(before)s.", day=first, before=before)
    return Text.of(
        "No conversation from %(first)s to %(last)s, nor before that since %(before)s.",
        first=first,
        last=last,
        before=before,
    )


def _mute(reader: Reader, values: dict[str, str]) -> list[Note]:
    """Dates on which shoppers wrote and the agent never did."""
    mute = sorted(
        day
        for day, asked, answered in reader.rows(ANSWERED.format(**values))
        if asked >= LEAST_UNANSWERED and not answered
    )
    if not mute:
        return []
    what = Text.of("The agent answered nobody on %(day)s.", day=mute[0])
    if len(mute) > 1:
        what = Text.of(
            "The agent answered nobody from %(first)s to %(last)s, on %(number)s dates.",
            first=mute[0],
            last=mute[-1],
            number=len(mute),
        )
    return [Note("mute", (what,), Text.of("It was probably switched off: see where it is set up."))]


def _below_norm(known: _Account, first: date, last: date) -> tuple[Note, ...]:
    """Of conversations that are over, so that those of today do not make it look bad."""
    resolved, over = _summed(known, first, last)
    usually_resolved, usually_over = _summed(known, first - timedelta(days=NORM_DAYS), first - timedelta(days=1))
    interval = wilson(resolved, over)
    if interval is None or over < LEAST_OVER or usually_over < LEAST_OVER:
        return ()
    norm = usually_resolved / usually_over
    if interval[1] >= norm or norm - resolved / over < WELL_BELOW:
        return ()
    what = Text.of(
        "Of the conversations that are over, %(share)s were resolved; in the %(days)s days before it was %(norm)s.",
        share=resolved / over,
        days=NORM_DAYS,
        norm=norm,
    )
    return (Note("rate", (what,), Text.of("See what the articles do not answer, below.")),)


def _summed(known: _Account, first: date, last: date) -> tuple[int, int]:
    """How many of the conversations were resolved, and how many have ended (rule 6.5)."""
    found = [one for day, one in known.days.items() if first <= day <= last]
    return sum(one.resolved for one in found), sum(one.ended for one in found)
