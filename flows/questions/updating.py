"""What a build does about topics: new questions join their topics, articles are looked at again where they changed.

Everything is grouped anew where somebody asks for it, where texts are understood in another way than before (another
embedder, other words), and by itself as long as an account is small: whenever its distinct questions are half as many
again as when they were grouped last. Otherwise the work is that of the new questions.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from flows.progress import Progress
from flows.questions import account, state, wording
from flows.questions.account import Exemplars
from flows.questions.continuity import Change, continued, topic_id
from flows.questions.coverage import Article
from flows.questions.state import AccountState, State

GROWTH = 1.5
TYPES = {"in_group": pa.int64(), "questions": pa.int64(), "nearness": pa.float64(), "coverage_score": pa.float64()}
QUESTION = "kind = 'asks' or position = first_position"  # as in int_questions


def update(
    folder: Path, connection: DuckDBPyConnection, *, as_of: datetime, embedder: str, regroup: bool, progress: Progress
) -> State:
    """Bring the state in `folder` up to the candidate, as of an aware instant; the state as it is then.

    `connection` has the views `changed_asked` and `all_asked` (account_id, conversation_id, position, text: messages of
    visitors, those of conversations that changed and all of them; every conversation whole) and `published_articles`
    (account_id, article_id, title, body). Raises InputError where the embedder is wrong.
    """
    old = state.read(folder)
    state.lay(connection, folder, old)
    is_other = old.version > 0 and (old.embedder, old.wording) != (embedder, wording.VERSION)
    work = _Work(connection, old.version + 1, as_of, embedder)
    work.open(from_nothing=regroup or is_other or old.version == 0)
    articles = work.articles()
    grouped = dict(old.accounts)
    progress.start("topics")
    for name, (asked, unplaced) in work.accounts().items():
        before = old.accounts.get(name)
        digest = _digest(articles[name])
        is_small = asked <= account.MOST
        again = work.is_from_nothing or before is None or (is_small and asked >= GROWTH * before.grouped)
        if not again and not unplaced and before is not None and digest == before.articles:
            continue
        progress.advance(1, what=f"questions of {name}")
        if again:
            work.group(name, articles[name])
            grouped[name] = AccountState(asked, digest)
        else:
            assert before is not None  # noqa: S101  else it is grouped
            work.go_on(name, articles[name], is_tested=digest == before.articles)
            grouped[name] = replace(before, articles=digest)
    progress.finish()
    if not work.changed and old.version:
        return old
    new = State(old.version + 1, embedder, wording.VERSION, grouped)
    state.write(connection, folder, new)
    return new


def method(embedder: str) -> str:
    """Names how texts are understood: where it changes, every question is looked at again."""
    return f"{embedder} {wording.VERSION}"


@dataclass
class _Work:
    connection: DuckDBPyConnection
    version: int
    as_of: datetime
    embedder: str
    is_from_nothing: bool = False
    changed: bool = False

    def open(self, *, from_nothing: bool) -> None:
        """Find the distinct texts, say what kind each is, and which of the questions have no exemplar yet."""
        self.is_from_nothing = from_nothing
        for table in state.TABLES:
            nothing = " limit 0" if from_nothing and table == "topic_texts" else ""
            self.connection.execute(f"create or replace temp table new_{table} as select * from {table}{nothing}")
        self.connection.execute(
            f"""create or replace temp table scope as
            select account_id, conversation_id, position, text, md5(text) as text_key
            from {"all_asked" if from_nothing else "changed_asked"} where text <> ''"""
        )
        self._classify()
        self.connection.execute(
            f"""create or replace temp table unplaced as
            with told as (
                select scope.*, kind, min(position) over (partition by account_id, conversation_id) as first_position
                from scope join new_topic_texts using (account_id, text_key) where kind <> 'small_talk'
            )
            select account_id, text_key, any_value(text) as text, count(*) as questions
            from told
            anti join (select * from new_topic_texts where exemplar_key is not null) using (account_id, text_key)
            where {QUESTION} group by all"""
        )

    def _classify(self) -> None:
        unknown = self.connection.execute(
            """select account_id, text_key, any_value(text) from scope
            anti join new_topic_texts using (account_id, text_key) group by all"""
        ).fetchall()
        if unknown:
            kinds = [wording.kind(text) for _, _, text in unknown]
            accounts, keys, _ = [list(column) for column in zip(*unknown, strict=True)]
            self._insert("kinds", account_id=accounts, text_key=keys, kind=kinds)
            self.connection.execute(
                "insert into new_topic_texts by name select account_id, text_key, kind, 0 as updated_in from kinds"
            )
            self.changed = True

    def articles(self) -> dict[str, list[Article]]:
        """The published articles of each account."""
        found: dict[str, list[Article]] = defaultdict(list)
        for name, *article in self.connection.execute("select * from published_articles order by all").fetchall():
            found[name].append(Article(*article))
        return found

    def accounts(self) -> dict[str, tuple[int, int]]:
        """By account: distinct questions in all, and those of them without an exemplar."""
        rows = self.connection.execute(
            """select account_id, count(*), count(*) filter (where is_new)
            from (
                select account_id, false as is_new from new_topic_texts where exemplar_key is not null
                union all select account_id, true from unplaced
            ) group by 1 order by 1"""
        ).fetchall()
        return {name: (asked, new) for name, asked, new in rows}

    def group(self, name: str, articles: list[Article]) -> None:
        """Group an account's questions from nothing."""
        if not self.is_from_nothing:
            self._ask_for_all(name)
        rows = self.connection.execute(
            "select text_key, text, questions from unplaced where account_id = ? order by text_key", [name]
        ).fetchall()
        keys, texts, questions = [list(column) for column in zip(*rows, strict=True)]
        count = min(len(rows), account.MOST)
        exemplars = account.made(texts[:count], np.array(questions[:count], dtype=np.int64), self.embedder)
        index, nearness = exemplars.nearest(texts[count:])
        index = np.concatenate([np.arange(count), index])
        nearness = np.concatenate([np.ones(count), nearness])
        names = exemplars.names()
        groups = sorted(names)
        number = {group: one for one, group in enumerate(groups)}
        in_group = [
            None if exemplars.is_loose[at] or near < 1 else number[int(exemplars.groups[at])]
            for at, near in zip(index, nearness, strict=True)
        ]
        fresh = [topic_id(name, keys[names[group].representative]) for group in groups]
        ids, changes = continued(self._moved(name, keys, questions, in_group), fresh)
        topics = [
            None if loose else ids[number[int(group)]]
            for group, loose in zip(exemplars.groups, exemplars.is_loose, strict=True)
        ]
        self._place(name, keys, [keys[at] for at in index], nearness)
        named = ((id_, names[group]) for id_, group in zip(ids, groups, strict=True))
        self._name(name, {id_: (found.label, wording.gist(texts[found.representative])) for id_, found in named})
        self._record(name, changes)
        self._test(name, keys[:count], exemplars, topics, articles)

    def go_on(self, name: str, articles: list[Article], *, is_tested: bool) -> None:
        """New questions join the topics of an account; its topics are tested anew unless `is_tested`."""
        rows = self.connection.execute(
            """select exemplar_key, text, questions, topic_id from topic_exemplars
            where account_id = ? order by exemplar_key""",
            [name],
        ).fetchall()
        keys, texts, questions, topics = [list(column) for column in zip(*rows, strict=True)]
        exemplars = account.again(texts, questions, topics, self.embedder)
        new = self.connection.execute(
            "select text_key, text from unplaced where account_id = ? order by text_key", [name]
        ).fetchall()
        if new:
            index, nearness = exemplars.nearest([text for _, text in new])
            self._place(name, [key for key, _ in new], [keys[at] for at in index], nearness)
        if not is_tested:
            self._test(name, keys, exemplars, topics, articles)

    def _ask_for_all(self, name: str) -> None:
        """Have all questions of one account as those to place."""
        self.connection.execute(
            """create or replace temp table scope as
            select account_id, conversation_id, position, text, md5(text) as text_key
            from all_asked where text <> '' and account_id = ?""",
            [name],
        )
        self._classify()
        self.connection.execute("delete from unplaced where account_id = ?", [name])
        self.connection.execute(
            f"""insert into unplaced
            with told as (
                select scope.*, kind, min(position) over (partition by conversation_id) as first_position
                from scope join new_topic_texts using (account_id, text_key) where kind <> 'small_talk'
            )
            select account_id, text_key, any_value(text), count(*) from told where {QUESTION} group by 1, 2"""
        )

    def _moved(
        self, name: str, keys: list[str], questions: list[int], in_group: list[int | None]
    ) -> dict[tuple[str | None, int | None], int]:
        self._insert("placed", text_key=keys, questions=questions, in_group=in_group)
        rows = self.connection.execute(
            """select old.topic_id, placed.in_group, sum(placed.questions)::bigint
            from placed
            left join (
                select texts.text_key, topic_id
                from topic_texts as texts join topic_exemplars using (account_id, exemplar_key)
                where account_id = ? and nearness >= 1
            ) as old using (text_key)
            group by 1, 2""",
            [name],
        ).fetchall()
        return {(topic, group): count for topic, group, count in rows}

    def _place(self, name: str, keys: list[str], exemplar_keys: list[str], nearness: Any) -> None:
        """Say of which exemplar each text is; what is no question any more is of none."""
        self.changed = True
        self._insert("placed", text_key=keys, exemplar_key=exemplar_keys, nearness=np.round(nearness, 4).tolist())
        self.connection.execute(
            f"""update new_topic_texts as texts set
                exemplar_key = placed.exemplar_key,
                nearness = placed.nearness,
                updated_in = case
                    when old.exemplar_key is null then texts.updated_in
                    when old.exemplar_key = placed.exemplar_key and old.nearness = placed.nearness then old.updated_in
                    else {self.version} end
            from placed left join (select * from topic_texts where account_id = $name) as old using (text_key)
            where texts.account_id = $name and texts.text_key = placed.text_key""",
            {"name": name},
        )

    def _name(self, name: str, names: dict[str, tuple[str, str]]) -> None:
        self.connection.execute("delete from new_topic_names where account_id = ?", [name])
        self._insert(
            "named",
            topic_id=list(names),
            label=[label for label, _ in names.values()],
            representative_question=[question for _, question in names.values()],
        )
        self.connection.execute("insert into new_topic_names by name select ? as account_id, * from named", [name])

    def _record(self, name: str, changes: list[Change]) -> None:
        self._insert(
            "recorded",
            change_id=[f"{self.version}-{number}" for number in range(len(changes))],
            change=[one.change for one in changes],
            topic_id=[one.topic_id for one in changes],
            other_topic_id=[one.other_topic_id for one in changes],
        )
        self.connection.execute(
            """insert into new_topic_changes by name
            select ? as account_id, ?::timestamptz as changed_at, * from recorded""",
            [name, self.as_of.isoformat()],
        )

    def _test(
        self, name: str, keys: list[str], exemplars: Exemplars, topics: list[str | None], articles: list[Article]
    ) -> None:
        """Hold the articles against an account's exemplars and topics."""
        self.changed = True
        coverage = exemplars.coverage(articles)
        self._insert(
            "tested",
            exemplar_key=keys,
            topic_id=topics,
            best_article_id=[articles[best].article_id if best >= 0 else None for best in coverage.best],
            coverage_score=np.round(coverage.score, 4).tolist(),
            text=list(exemplars.texts),
            questions=exemplars.questions.tolist(),
        )
        values = {"name": name, "as_of": self.as_of.isoformat()}
        self.connection.execute("delete from new_topic_exemplars where account_id = $name", {"name": name})
        self.connection.execute(
            f"""insert into new_topic_exemplars by name
            select $name as account_id, tested.*,
                case
                    when old.exemplar_key is null then 0
                    when (old.topic_id, old.best_article_id, old.coverage_score)
                        is not distinct from (tested.topic_id, tested.best_article_id, tested.coverage_score)
                    then old.updated_in else {self.version} end as updated_in
            from tested
            left join (select * from topic_exemplars where account_id = $name) as old using (exemplar_key)""",
            {"name": name},
        )
        self.connection.execute(
            """update new_topic_names as names set
                best_article_id = found.best_article_id, coverage_score = found.coverage_score
            from (
                select topic_id, round(sum(score) / sum(questions), 4) as coverage_score,
                    arg_max(best_article_id, (score, best_article_id)) as best_article_id
                from (
                    select topic_id, best_article_id,
                        sum(coverage_score * questions) as score, sum(questions) as questions
                    from tested group by all
                ) group by all
            ) as found
            where names.account_id = $name and names.topic_id = found.topic_id""",
            {"name": name},
        )
        self.connection.execute(  # what a run as of this instant, or of a later one, saw before is seen anew
            "delete from new_topic_coverage where account_id = $name and changed_at >= $as_of::timestamptz", values
        )
        self.connection.execute(
            """insert into new_topic_coverage by name
            select $name as account_id, names.topic_id, $as_of::timestamptz as changed_at,
                names.coverage_score >= 0.5 as is_covered, names.best_article_id as article_id
            from new_topic_names as names
            left join (
                select topic_id, arg_max(is_covered, changed_at) as was_covered
                from new_topic_coverage where account_id = $name group by topic_id
            ) using (topic_id)
            where names.account_id = $name and was_covered is distinct from (names.coverage_score >= 0.5)""",
            values,
        )

    def _insert(self, table: str, **columns: list[Any]) -> None:
        """A temporary table of Python's values, a list for each column."""
        values = pa.table({name: pa.array(column, TYPES.get(name, pa.string())) for name, column in columns.items()})
        self.connection.register("values_of_python", values)
        self.connection.execute(f"create or replace temp table {table} as select * from values_of_python")
        self.connection.unregister("values_of_python")


def _digest(articles: list[Article]) -> str:
    return hashlib.sha256(repr(articles).encode("utf-8", "replace")).hexdigest()[:16]
