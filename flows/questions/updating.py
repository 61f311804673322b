"""What a build does about topics: new questions join their topics, articles are looked at again where they changed.

Everything is grouped anew where somebody asks for it, where texts are understood in another way than before (another
embedder, another version), and by itself as long as an account is small: whenever its distinct questions are half as
many again as when they were grouped last. Otherwise the work is that of the new questions.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from math import inf
from pathlib import Path
from time import monotonic

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from flows.ground.progress import Progress
from flows.questions import account, embedders, kinds, neighbours, state, understanding, versions, wording
from flows.questions.account import Grouped
from flows.questions.beside import Beside, here
from flows.questions.continuity import continued, topic_id
from flows.questions.coverage import Article, Coverage
from flows.questions.dismissed import alike
from flows.questions.state import AccountState, State
from flows.questions.tables import VERY_MANY, Tables

GROWTH = 1.5
AT_ONCE = 50_000  # questions
FEWER_AT_ONCE = 5_000  # where an embedder takes milliseconds for a text
Joined = tuple[NDArray[np.int64], NDArray[np.float64]]
ANEW = "anew"  # the method of an account that is to be grouped anew


def update(
    folder: Path,
    connection: DuckDBPyConnection,
    *,
    as_of: datetime,
    embedder: str,
    regroup: bool,
    progress: Progress,
    longest_wait: float = inf,
) -> State:
    """Bring the state in `folder` up to the candidate, as of an aware instant; the state as it is then.

    `connection` has the views `accounts` (account_id), `topic_decisions` (account_id, topic_id, state, decided_at),
    `changed_asked` and `all_asked` (account_id, conversation_id, position, text: messages of visitors, those of
    conversations that changed and all of them; every conversation whole), `published_articles` (account_id,
    article_id, title, body) and `titled_products` (account_id, product_id, title). What is remembered of an account
    that is not there stays as it is: it may come back. After `longest_wait` seconds no account and no further
    questions are begun: the state says that work is left, and the next update goes on. Each does some of it. Raises
    InputError where the embedder is wrong.
    """
    embedders.named(embedder)
    old, spaces = state.read(folder), folder / "spaces"
    state.lay(connection, folder, old)
    products = _products(connection)
    titles = {name: kinds.titles(of_account) for name, of_account in products.items()}
    method = versions.grouping(embedder)
    accounts = {name: one if one.method else replace(one, method=old.method()) for name, one in old.accounts.items()}
    waited = {name: one.waits for name, one in old.accounts.items()}
    with Beside() as beside:
        tables = Tables(connection, old.version + 1, as_of, titles, beside, embedder)
        tables.open(everything=old.method() != method or any(waited.values()))
        until = monotonic() + longest_wait  # to tell which messages ask, which the tables did, is no part of it
        work = _Work(tables, spaces, embedder, method, regroup, until, tables.articles(), products, accounts, waited)
        progress.start("topics")
        work.group(progress)
        work.place()
        progress.finish()
    left = work.left | tables.close()
    accounts = {
        name: replace(one, waits=(waited.get(name) or old.version + 1) if name in left else 0)
        for name, one in work.accounts.items()
    }
    if not tables.changed and accounts == old.accounts and old.version:
        return old
    new = State(old.version + 1, embedder, versions.GROUPING, accounts)
    state.write(connection, folder, old, new, anew=tables.is_anew)
    neighbours.sweep(spaces, {one.space for one in accounts.values()})
    return new


@dataclass(frozen=True)
class _Asked:
    """An account that is to be grouped from nothing: how many distinct questions it has, and of those that are grouped
    the keys, the texts, how often each was asked, and what it says of the kind of its topic.
    """

    account: str
    count: int
    keys: Sequence[str]
    texts: Sequence[str]
    questions: Sequence[int]
    votes: Sequence[int]


@dataclass(frozen=True)
class _Exemplars:
    """Exemplars of an account: their keys, texts, how often each was asked, and topics."""

    keys: Sequence[str]
    texts: Sequence[str]
    questions: Sequence[int]
    topics: Sequence[str | None]


@dataclass(frozen=True)
class _Begun:
    """An account that is grouped, of which questions may have no place yet: the keys of its exemplars, and the name
    under which their space is kept.
    """

    keys: Sequence[str]
    space: str


@dataclass
class _Work:
    """What is done about accounts: `accounts` says how each stands, `waited` since which version it waits, 0 where it
    does not; `begun` are those that are grouped, `left` those for which there was no time; `products` have the id and
    title of each product.
    """

    tables: Tables
    spaces: Path
    embedder: str
    method: str
    regroup: bool
    until: float
    articles: dict[str, list[Article]]
    products: dict[str, list[tuple[str, str]]]
    accounts: dict[str, AccountState]
    waited: dict[str, int]
    begun: dict[str, _Begun] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)

    @property
    def at_once(self) -> int:
        return AT_ONCE if self.embedder == embedders.DEFAULT else FEWER_AT_ONCE

    def group(self, progress: Progress) -> None:
        """Have all accounts grouped: from nothing, beside each other, where that is to be; as long as there is time."""
        waiting: deque[_Asked] = deque()

        def anew() -> Iterator[Callable[[], Callable[[], Grouped]]]:
            for name, (count, unplaced) in sorted(self.tables.accounts().items(), key=lambda one: self._turn(one[0])):
                before = self._before(name)
                if not self._is_anew(before, count):
                    if not unplaced and before.articles == _digest(self.articles[name]):
                        continue
                    if not self._is_time(name, waiting):
                        continue
                    progress.advance(1, what=f"questions of {name}")
                    self._go_on(name, before)
                elif self._is_time(name, waiting):
                    progress.advance(1, what=f"questions of {name}")
                    waiting.append(self._asked(name, before, count))
                    yield partial(self._begin, waiting[-1])

        for found in self.tables.beside.each(anew()):
            asked = waiting.popleft()
            self.begun[asked.account] = _Begun(*self._remember(asked, found))

    def place(self) -> None:
        """All questions join the topics of their accounts, as long as there is time."""
        for number, name in enumerate(sorted(self.begun, key=self._turn)):
            if number == 0 or monotonic() < self.until:
                self._place(name)

    def _turn(self, name: str) -> tuple[float, str]:
        """The account that waits longest comes first, so that none waits for ever while others have new questions."""
        return self.waited.get(name) or inf, name

    def _before(self, name: str) -> AccountState:
        """How an account stood before, with products as they are now."""
        before = self.accounts.get(name) or AccountState(0, "")
        sold = _digest_of_titles(self.products.get(name, []))
        if self._is_understood(before) and before.titles != sold:
            self.tables.name_products(name)
            before = self.accounts[name] = replace(before, titles=sold)
        return before

    def _is_understood(self, before: AccountState) -> bool:
        return before.method == self.method and not self.regroup

    def _is_anew(self, before: AccountState, count: int) -> bool:
        has_grown = count <= account.MOST and count >= GROWTH * before.grouped
        return has_grown or not self._is_understood(before)

    def _is_time(self, name: str, waiting: Collection[_Asked]) -> bool:
        """Whether there is time for an account, as there is for the first; it is left where there is none."""
        if not (self.begun or waiting) or monotonic() < self.until:
            return True
        before = self.accounts.get(name) or AccountState(0, "")
        self.accounts[name] = before if self._is_understood(before) else replace(before, method=ANEW)
        self.left.add(name)
        return False

    def _asked(self, name: str, before: AccountState, count: int) -> _Asked:
        if name in self.accounts and not self._is_understood(before):
            self.tables.forget(name)
        self.tables.ask_for_all(name)
        self.tables.queue(name)
        keys, texts, questions = self.tables.queued(0, self.at_once)
        return _Asked(name, count, keys, texts, questions, self.tables.votes(name, keys))

    def _begin(self, asked: _Asked) -> Callable[[], Grouped]:
        name = asked.account
        return self.tables.beside.call(
            account.grouped,
            asked.texts,
            asked.questions,
            asked.votes,
            articles=self.articles[name],
            titles=self._titles(name),
            embedder=self.embedder,
            space=self._half_made(name),
        )

    def _titles(self, name: str) -> list[str]:
        return [title for _, title in self.products.get(name, [])]

    def _half_made(self, name: str) -> Path:
        """Where an account's space is until its topics have their ids."""
        return self.spaces / f"new-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:24]}"

    def _remember(self, asked: _Asked, found: Grouped) -> tuple[list[str], str]:
        """Remember how an account's questions were grouped from nothing; topics that go on keep their ids (rule 8.2).
        Of very many questions the first in the order of their keys, which is no order of anything else, stood for all.
        Returns the keys of its exemplars and the name of its space.
        """
        tables, name, keys = self.tables, asked.account, asked.keys
        texts = [asked.texts[at] for at in found.chosen]
        exemplar_keys = [keys[at] for at in found.chosen]
        number = {group: one for one, group in enumerate(sorted(found.names))}
        of_exemplar = [
            None if is_loose else number[group]
            for group, is_loose in zip(found.groups.tolist(), found.is_loose.tolist(), strict=True)
        ]
        in_group = [
            of_exemplar[at] if near >= 1 else None for at, near in zip(found.index, found.nearness, strict=True)
        ]
        fresh = [topic_id(name, exemplar_keys[found.names[group].representative]) for group in number]
        moved = tables.moved(name, keys, asked.questions, in_group)
        known = {topic for topic, _ in moved}
        ids, changes = continued(moved, fresh)

        tables.put(keys, [exemplar_keys[at] for at in found.index], found.nearness)
        tables.place(name)
        named = ((id_, found.names[group]) for id_, group in zip(ids, number, strict=True))
        tables.name(name, {id_: (one.label, wording.gist(texts[one.representative])) for id_, one in named})
        topics = [None if group is None else ids[group] for group in of_exemplar]
        decided = tables.dismissed(name, changes)
        if dismissed := {topic for topic, state in decided.items() if state == "dismissed"} & set(ids):
            new = set(ids) - known - decided.keys()
            changes += alike(found.places, found.questions, topics, new, dismissed, floor=found.floor)
        tables.record(name, changes)
        self._test(name, _Exemplars(exemplar_keys, texts, found.questions.tolist(), topics), found.coverage)
        space = neighbours.name_of(self.embedder, exemplar_keys, topics)
        neighbours.move(self._half_made(name), self.spaces / space)
        digest, sold = _digest(self.articles[name]), _digest_of_titles(self.products.get(name, []))
        self.accounts[name] = AccountState(asked.count, digest, space, sold, self.method)
        return exemplar_keys, space

    def _go_on(self, name: str, before: AccountState) -> None:
        """Have what new questions of an account are placed with; its topics are tested anew where articles changed."""
        exemplars = _Exemplars(*self.tables.exemplars(name))
        space = neighbours.name_of(self.embedder, exemplars.keys, exemplars.topics)
        near = neighbours.kept(self.spaces / space, exemplars.texts, self.embedder)
        if near is None:
            near = account.placed(exemplars.texts, exemplars.topics, self.embedder, self._titles(name))
            neighbours.keep(self.spaces / space, near)
        digest = _digest(self.articles[name])
        if digest != before.articles:
            again = account.again(exemplars.texts, exemplars.questions, exemplars.topics, near)
            self._test(name, exemplars, again.coverage(self.articles[name]))
        self.begun[name] = _Begun(exemplars.keys, space)
        self.accounts[name] = replace(before, articles=digest, space=space)

    def _test(self, name: str, exemplars: _Exemplars, found: Coverage) -> None:
        """Remember how articles answer an account's exemplars (rule 8.3)."""
        articles = self.articles[name]
        before = self.accounts.get(name)
        self.tables.test(
            name,
            articles,
            are_known=before is not None and before.articles == _digest(articles),
            exemplar_key=exemplars.keys,
            topic_id=exemplars.topics,
            best_article_id=[articles[best].article_id if best >= 0 else None for best in found.best],
            coverage_score=np.round(found.score, 4).tolist(),
            text=exemplars.texts,
            questions=exemplars.questions,
        )

    def _place(self, name: str) -> None:
        """Questions join the topics of their account, so many at once."""
        begun, count = self.begun[name], self.tables.queue(name)
        if count >= VERY_MANY:
            self.tables.beside.start(understanding.prepare, self.embedder)
        call = self.tables.beside.call if count >= VERY_MANY else here
        waiting: deque[list[str]] = deque()

        def to_place() -> Iterator[Callable[[], Callable[[], Joined]]]:
            for start in range(0, count, self.at_once):
                if start and monotonic() >= self.until:
                    return
                keys, texts, _ = self.tables.queued(start, self.at_once)
                waiting.append(keys)
                yield partial(call, account.joined, texts, self.spaces / begun.space)

        for index, nearness in self.tables.beside.each(to_place()):
            self.tables.put(waiting.popleft(), [begun.keys[at] for at in index], nearness)
        if count:
            self.tables.place(name)


def _products(connection: DuckDBPyConnection) -> dict[str, list[tuple[str, str]]]:
    """The id and title of each account's products."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    rows = connection.execute("select account_id, product_id, title from titled_products order by all").fetchall()
    for name, product, title in rows:
        found[name].append((product, title))
    return found


def _digest_of_titles(products: list[tuple[str, str]]) -> str:
    return hashlib.sha256(repr(products).encode("utf-8", "replace")).hexdigest()[:16]


def _digest(articles: list[Article]) -> str:
    """Of the articles and of the way in which they are tested."""
    return hashlib.sha256(f"{versions.COVERAGE} {articles!r}".encode("utf-8", "replace")).hexdigest()[:16]
