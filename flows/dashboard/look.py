"""What one answer shows: one publication, an account, a range of dates, and the addresses that lead on from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from urllib.parse import urlencode

from flows.dashboard.access import Access, AllowedReader
from flows.dashboard.language import NAMES, Language, first_weekday, language, preferred
from flows.dashboard.periods import NAMES as RANGES
from flows.dashboard.periods import START, Period, chosen, from_query
from flows.delivery.handoffs.book import Entry
from flows.delivery.health import Health
from flows.delivery.reasons import told
from flows.ground.checked import Checked
from flows.ground.errors import InputError
from flows.ground.saying import Text
from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount, accounts
from flows.published.performance import channels_of, delivered_until
from flows.warehouses import Warehouse
from flows.warehouses.publication import Publication, Published, read_published
from flows.warehouses.reader import Reader

SECTIONS = {  # section -> what it is called, in the order of the nav; its path is its key, and `.` of the first
    "overview": "Overview",
    "conversations": "Conversations",
    "knowledge": "Knowledge",
    "audiences": "Audiences",
    "hand-offs": "Hand-offs",
    "sales": "Sales",
    "events": "Events",
    "data": "Data quality",
}
KEPT = ("account", "dates", "channel", "language")  # of the address, from section to section
LONGEST = 2000  # characters of a value in an address
MOST_NAMED, LONGEST_NAME = 5, 40  # names of an address that are said to be of no use, and characters of each
SKILLS = "select skill, label from metrics.skills where account_id = {} order by label, skill"
Query = Mapping[str, str]


class NothingToSee(InputError):
    """In the language of the visitor."""


@dataclass(frozen=True)
class Installation:
    """What the page knows of the installation that it belongs to, beside what is published.

    `deliveries` tells how those of an account are, `refused` which of its hand-offs a helpdesk did not take;
    `languages` has the language of accounts for which one is set; `checked` tells what the gate said last.
    """

    deliveries: Callable[[str], Sequence[Health]] = field(default=lambda _account: ())
    refused: Callable[[str], Sequence[Entry]] = field(default=lambda _account: ())
    languages: Mapping[str, str] = field(default_factory=dict)
    checked: Callable[[], Checked | None] = field(default=lambda: None)


@dataclass(frozen=True)
class Look:
    """A visitor's look at a section. `wrong` says what in the address could not be shown as it was asked for."""

    section: str
    query: Query
    reader: Reader
    access: Access
    published: Published
    accounts: tuple[PublishedAccount, ...]
    account: PublishedAccount
    period: Period
    channel: str
    say: Language
    installation: Installation
    wrong: tuple[str, ...] = ()

    @property
    def publication(self) -> Publication:
        return self.published.newest

    @property
    def today(self) -> date:
        """The date, in the account's zone, up to which there can be something."""
        return self.account.day_of(self.publication.as_of)

    @property
    def channels(self) -> tuple[str, ...]:
        """The one that is chosen; none for all of them."""
        return (self.channel,) if self.channel else ()

    @cached_property
    def week(self) -> int:
        """The weekday on which the account's weeks begin, from Monday as 0."""
        return first_weekday(self.account.timezone)

    @property
    def until(self) -> str:
        """What is said of a range that is not over: up to when its figures go; nothing of one that is."""
        until = delivered_until(self.account, self.publication)
        day, local = self.account.day_of(until), self.account.local(until)
        if self.period.last < day:
            return ""
        if day == self.today:
            return self.say("until %(clock)s", clock=self.say.clock(local))
        return self.say("the data end on %(instant)s", instant=self.say.instant(local))

    def tell(self, *texts: Text | str) -> str:
        """The texts in the visitor's language, instants on the account's clock."""
        return " ".join(self.say.tell(one, self.account.local) for one in texts)

    def reason(self, why: Text | str) -> str:
        """Why something was not delivered; words of strangers stay as they are and are marked as such."""
        found = told(why) if isinstance(why, str) else why
        return self.say("in its own words: “%(words)s”", words=found) if isinstance(found, str) else self.tell(found)

    @property
    def of_the_shop(self) -> Language:
        """The language of what the shop itself publishes: the account's, where one is set, else the visitor's."""
        return language(self.installation.languages.get(self.account.account_id) or self.say.code)

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """The ranges of dates that can be chosen."""
        return tuple(RANGES.items())

    @cached_property
    def known_channels(self) -> tuple[str, ...]:
        return channels_of(self.reader, self.account)

    @cached_property
    def skills(self) -> Mapping[str, str]:
        """The account's skills as people call them, by that."""
        rows = self.reader.rows(SKILLS.format(literal(self.account.account_id)))
        return {skill: label if label and label != skill else self.say.term(skill) for skill, label in rows}

    def skill(self, name: str | None) -> str:
        """What people call a skill, also one that is not listed any more."""
        return self.skills.get(name or "") or self.say.term(name)

    @cached_property
    def at(self) -> int | None:
        """The first row of the list that is shown, from 0; None where the address says no number."""
        text = self.query.get("at", "0")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None

    def to(self, section: str, **more: str | None) -> str:
        """The address of a section, with the same account, dates and channel."""
        kept = {name: self.query[name] for name in KEPT if name in self.query}
        return address(section, {**kept, "account": self.account.account_id, **more})

    def here(self, **changes: str | None) -> str:
        """The address of this section with changes; None takes a part off. Lists begin anew, unless `at` is given."""
        return address(self.section, {**self.query, "account": self.account.account_id, "at": None, **changes})

    def hidden(self, *changed: str) -> list[tuple[str, str]]:
        """What a form has to send along, so that the address keeps everything but what it changes."""
        return [(name, value) for name, value in self.query.items() if name not in changed and name != "at"]


def address(section: str, query: Mapping[str, str | None]) -> str:
    """As seen from any other section, without what is empty."""
    given = {name: value for name, value in query.items() if value}
    path = "./" if section == "overview" else section
    return f"{path}?{urlencode(given)}" if given else path


def language_of(query: Query, accepted: str) -> Language:
    """The language of a visitor to whom no account is shown."""
    return language(query.get("language") or preferred(accepted))


def _is_sound(value: str) -> bool:
    return len(value) <= LONGEST and "\0" not in value


@contextmanager
def look(
    warehouse: Warehouse,
    access: Access,
    section: str,
    query: Query,
    *,
    asks: frozenset[str],
    accepted: str,
    installation: Installation,
) -> Iterator[Look]:
    """A look at the newest publication; `accepted` is the browser's header of languages.

    `asks` names the parts of an address that the section reads, beside those of every section. Others are left out
    of `query`, and said.

    Raises NothingPublished before the first publication, NothingToSee where nothing is published that the visitor may
    see, and StorageFailed or WarehouseFailed where it cannot be read.
    """
    given, known_parts = query, asks.union(KEPT)
    query = {name: value for name, value in given.items() if name in known_parts and _is_sound(value)}
    with warehouse.read() as whole:
        reader = AllowedReader(whole, access)
        published = read_published(reader)
        known = tuple(one for one in accounts(reader) if access.sees_account(one.account_id))
        if published is None or not known:
            say = language_of(query, accepted)
            what = "No account is published that you may see." if published else "Nothing is published yet."
            raise NothingToSee(say(what))
        account = next((one for one in known if one.account_id == query.get("account")), known[0])
        wanted = query.get("language") or installation.languages.get(account.account_id) or preferred(accepted)
        say = language(wanted)
        wrong = []
        if useless := [name[:LONGEST_NAME] for name in given if name not in query]:
            names = say.either(f"“{name}”" for name in useless[:MOST_NAMED])
            wrong.append(say("Left out, because it means nothing here: %(names)s in the address.", names=names))
        if query.get("account", account.account_id) != account.account_id:
            wrong.append(
                say("There is no account “%(name)s”; this is %(other)s.", name=query["account"], other=account.title)
            )
        if query.get("language", say.code) not in NAMES:
            wrong.append(say("The page does not know the language “%(name)s”.", name=query["language"]))
            query["language"] = ""  # links and forms lead on without what was wrong
        today, week = account.day_of(published.newest.as_of), first_weekday(account.timezone)
        try:
            period = from_query(query.get("dates", START), today, week)
        except InputError:
            period = chosen(START, today)
            said = say("“%(name)s” is not a range of dates; these are the last 30 days.", name=query["dates"])
            wrong.append(said)
        channel = query.get("channel", "")
        if channel and channel not in channels_of(reader, account):
            wrong.append(say("There is no channel “%(name)s”; these are all channels.", name=channel))
            channel = ""
        shown = {**query, "account": account.account_id, "dates": period.to_query(), "channel": channel}
        kept = {name: value for name, value in shown.items() if value}
        yield Look(
            section, kept, reader, access, published, known, account, period, channel, say, installation, tuple(wrong)
        )
