"""What a build does about topics: new questions join their topics, articles are looked at again where they changed.

Everything is grouped anew where somebody asks for it, where texts are understood in another way than before (another
embedder, another version), and by itself as long as an account is small: whenever its distinct questions are half as
many again as when they were grouped last. Otherwise the work is that of the new questions.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from pathlib import Path
from time import monotonic

import numpy as np
from duckdb import DuckDBPyConnection

from flows.ground.progress import Progress
from flows.questions import account, embedders, kinds, neighbours, state, versions, wording
from flows.questions.account import Exemplars
from flows.questions.continuity import continued, topic_id
from flows.questions.coverage import Article
from flows.questions.dismissed import alike
from flows.questions.neighbours import Neighbours
from flows.questions.state import AccountState, State
from flows.questions.tables import Tables

GROWTH = 1.5
AT_ONCE = 50_000  # questions
FEWER_AT_ONCE = 5_000  # where an embedder takes milliseconds for a text
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

    `connection` has the view `topic_decisions` (account_id, topic_id, state, decided_at) and the views
    `changed_asked` and `all_asked` (account_id, conversation_id, position, text: messages of visitors, those of
    conversations that changed and all of them; every conversation whole), `published_articles` (account_id,
    article_id, title, body) and `titled_products` (account_id, product_id, title). After `longest_wait` seconds no
    account and no further questions are begun: the state says that work is left, and the next update goes on. Each
    does some of it. Raises InputError where the embedder is wrong.
    """
    until = monotonic() + longest_wait
    old, spaces = state.read(folder), folder / "spaces"
    state.lay(connection, folder, old)
    products = _products(connection)
    titles = {name: kinds.titles(of_account) for name, of_account in products.items()}
    tables = Tables(connection, old.version + 1, as_of, titles)
    is_known = old.method() == versions.grouping(embedder)
    tables.open(everything=not is_known or any(one.waits for one in old.accounts.values()))
    articles = tables.articles()
    method = versions.grouping(embedder)
    grouped = {name: one if one.method else replace(one, method=old.method()) for name, one in old.accounts.items()}
    at_once = AT_ONCE if embedder == embedders.DEFAULT else FEWER_AT_ONCE
    begun: dict[str, _Begun] = {}
    left: set[str] = set()
    progress.start("topics")
    for name, (asked, unplaced) in tables.accounts().items():
        before, digest = grouped.get(name), _digest(articles[name])
        is_understood = before is not None and before.method == method and not regroup
        sold = _digest_of_titles(products.get(name, []))
        if before and is_understood and before.titles != sold:
            tables.name_products(name)
            before = grouped[name] = replace(before, titles=sold)
        has_grown = before is None or (asked <= account.MOST and asked >= GROWTH * before.grouped)
        if before and is_understood and not has_grown and not unplaced and digest == before.articles:
            continue
        if begun and monotonic() >= until:
            later = before or AccountState(0, "")
            grouped[name] = replace(later, method=method if is_understood else ANEW)
            left.add(name)
            continue
        progress.advance(1, what=f"questions of {name}")
        if before is None or has_grown or not is_understood:
            if before and not is_understood:
                tables.forget(name)
            tables.ask_for_all(name)
            begun[name] = _group(tables, name, articles[name], embedder, spaces, at_once=at_once)
            grouped[name] = AccountState(asked, digest, begun[name].space, sold, method)
        else:
            is_tested = digest == before.articles
            begun[name] = _go_on(tables, name, articles[name], embedder, spaces, is_tested=is_tested)
            grouped[name] = replace(before, articles=digest, space=begun[name].space)
    for number, (name, one) in enumerate(begun.items()):
        if number == 0 or monotonic() < until:
            _place(tables, name, one, until, at_once)
    progress.finish()
    left |= tables.close()
    grouped = {name: replace(one, waits=name in left) for name, one in grouped.items()}
    if not tables.changed and grouped == old.accounts and old.version:
        return old
    new = State(old.version + 1, embedder, versions.GROUPING, grouped)
    state.write(connection, folder, old, new, anew=tables.is_anew)
    neighbours.sweep(spaces, {one.space for one in grouped.values()})
    return new


@dataclass(frozen=True)
class _Begun:
    """An account that is grouped, of which questions may have no place yet: the keys of its exemplars, what finds the
    nearest of them, and the name under which that is kept.
    """

    keys: Sequence[str]
    near: Neighbours
    space: str


def _place(tables: Tables, name: str, begun: _Begun, until: float, at_once: int) -> None:
    """Questions join the topics of their account, so many at once, as long as there is time."""
    count = tables.queue(name)
    for start in range(0, count, at_once):
        if start and monotonic() >= until:
            break
        keys, texts, questions = tables.queued(start, at_once)
        asked = account.wordings(texts, questions)
        index, nearness = begun.near.nearest(asked.forms)
        tables.put(keys, [begun.keys[at] for at in index[asked.which]], nearness[asked.which])
    if count:
        tables.place(name)


def _group(tables: Tables, name: str, articles: list[Article], embedder: str, spaces: Path, *, at_once: int) -> _Begun:
    """Group an account's questions from nothing; topics that go on keep their ids (rule 8.2). Of very many questions
    the first `at_once` in the order of their keys, which is no order of anything else, stand for all.
    """
    tables.queue(name)
    keys, texts, questions = tables.queued(0, at_once)
    asked = account.wordings(texts, questions)
    count = min(len(asked.forms), account.MOST)
    chosen = asked.first[:count].tolist()
    exemplars = account.made([texts[at] for at in chosen], asked.questions[:count], embedder)
    near = exemplars.neighbours()
    index, nearness = near.nearest(asked.forms[count:])
    index = np.concatenate([np.arange(count), index])[asked.which]
    nearness = np.concatenate([np.ones(count), nearness])[asked.which]
    exemplar_keys = [keys[at] for at in chosen]

    names = exemplars.names()
    number = {group: one for one, group in enumerate(sorted(names))}
    of_exemplar = [
        None if is_loose else number[group]
        for group, is_loose in zip(exemplars.groups.tolist(), exemplars.is_loose.tolist(), strict=True)
    ]
    in_group = [of_exemplar[at] if near >= 1 else None for at, near in zip(index, nearness, strict=True)]
    fresh = [topic_id(name, exemplar_keys[names[group].representative]) for group in number]
    moved = tables.moved(name, keys, questions, in_group)
    known = {topic for topic, _ in moved}
    ids, changes = continued(moved, fresh)

    tables.put(keys, [exemplar_keys[at] for at in index], nearness)
    tables.place(name)
    named = ((id_, names[group]) for id_, group in zip(ids, number, strict=True))
    tables.name(name, {id_: (found.label, wording.gist(exemplars.texts[found.representative])) for id_, found in named})
    topics = [None if group is None else ids[group] for group in of_exemplar]
    decided = tables.dismissed(name, changes)
    if dismissed := {topic for topic, state in decided.items() if state == "dismissed"} & set(ids):
        new = set(ids) - known - decided.keys()
        changes += alike(exemplars.places, exemplars.questions, topics, new, dismissed, floor=near.floor)
    tables.record(name, changes)
    _test(tables, name, exemplars, articles, keys=exemplar_keys, topics=topics)
    space = neighbours.name_of(embedder, exemplar_keys, topics)
    neighbours.keep(spaces / space, near)
    return _Begun(exemplar_keys, near, space)


def _go_on(
    tables: Tables, name: str, articles: list[Article], embedder: str, spaces: Path, *, is_tested: bool
) -> _Begun:
    """Have what new questions of an account are placed with; its topics are tested anew unless `is_tested`."""
    keys, texts, questions, topics = tables.exemplars(name)
    space = neighbours.name_of(embedder, keys, topics)
    near = neighbours.kept(spaces / space, texts, embedder)
    if near is None:
        near = account.placed(texts, topics, embedder)
        neighbours.keep(spaces / space, near)
    if not is_tested:
        exemplars = account.again(texts, questions, topics, near)
        _test(tables, name, exemplars, articles, keys=keys, topics=topics)
    return _Begun(keys, near, space)


def _test(
    tables: Tables,
    name: str,
    exemplars: Exemplars,
    articles: Sequence[Article],
    *,
    keys: Sequence[str],
    topics: Sequence[str | None],
) -> None:
    """Hold the articles against an account's exemplars (rule 8.3)."""
    found = exemplars.coverage(articles)
    tables.test(
        name,
        exemplar_key=keys,
        topic_id=topics,
        best_article_id=[articles[best].article_id if best >= 0 else None for best in found.best],
        coverage_score=np.round(found.score, 4).tolist(),
        text=exemplars.texts,
        questions=exemplars.questions.tolist(),
    )


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
