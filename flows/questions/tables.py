"""The tables of the next version while they are made, in DuckDB: `new_<table>` beside those of the version before."""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from flows.ground.sql import literal
from flows.questions import context, kinds, state, understanding, wording
from flows.questions.beside import Beside, here
from flows.questions.continuity import TopicChange
from flows.questions.coverage import Article
from flows.questions.dismissed import Event, standing
from flows.questions.kinds import About, Titles
from flows.questions.understanding import Understood

TYPES = {
    "follows_up": pa.bool_(),
    "in_group": pa.int64(),
    "questions": pa.int64(),
    "nearness": pa.float64(),
    "coverage_score": pa.float64(),
}
AT_ONCE = 20_000  # texts to understand
MANY = 10_000  # of them, from which on there is so much to group that it is worth processes of their own
VERY_MANY = 50_000  # of them, from which on the texts are worth them, too
FEW = 1_000  # rows of Python's that are not worth Arrow, from which DuckDB reads only with pandas
LINE = 0.5  # of a coverage score, as in the models
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Tables:
    """What a build sees and remembers: `version` is the one that is made, `titles` those of the products by account,
    `beside` what does much work, `changed` whether there is anything new, `is_anew` whether the texts of an account
    were forgotten first.
    """

    connection: DuckDBPyConnection
    version: int
    as_of: datetime
    titles: Mapping[str, Titles]
    beside: Beside
    embedder: str
    changed: bool = False
    is_anew: bool = False

    def open(self, *, everything: bool) -> None:
        """Begin with what was remembered, and with the questions that have no exemplar yet: of the conversations that
        changed, or of all.
        """
        for table in state.TABLES.keys() - {state.TEXTS}:
            self.connection.execute(f"create or replace temp table new_{table} as select * from {table}")
        self.connection.execute("create or replace temp table new_texts as select * from texts_since")
        self.connection.execute("create or replace temp table forgotten (account_id text)")
        self.connection.execute(
            "create or replace temp view known_texts as select * from kept_texts anti join forgotten using (account_id)"
        )
        self.connection.execute(
            f"create or replace temp view new_topic_texts as {state.over('known_texts', 'new_texts')}"
        )
        self.connection.execute(
            "create or replace temp table unplaced (account_id text, text_key text, text text, questions bigint)"
        )
        self.connection.execute(
            "create or replace temp table placed (text_key text, exemplar_key text, nearness double)"
        )
        self._look_at("all_asked" if everything else "changed_asked")
        self._find_unplaced("anti join placed_texts using (account_id, text_key)")

    def forget(self, account: str) -> None:
        """Let go what is remembered of an account's texts: they are to be understood anew."""
        self.changed = self.is_anew = True
        self.connection.execute(f"insert into forgotten values ({literal(account)})")
        self.connection.execute(f"delete from new_texts where account_id = {literal(account)}")

    def ask_for_all(self, account: str) -> None:
        """Have all questions of one account as those to place."""
        self._look_at(f"(select * from all_asked where account_id = {literal(account)})")
        self.connection.execute(f"delete from unplaced where account_id = {literal(account)}")
        self._find_unplaced("")

    def name_products(self, account: str) -> None:
        """Say anew which questions of an account name a product, after the titles of its products have changed."""
        self._look_at(f"(select * from all_asked where account_id = {literal(account)})")
        rows = self.connection.execute(
            """select text_key, any_value(text), any_value(about), any_value(product_id)
            from (select account_id, text_key, text from scope union select account_id, text_key, text from asked)
            join new_topic_texts using (account_id, text_key) where about is not null group by text_key"""
        ).fetchall()
        titles = self.titles.get(account, Titles())
        named = [row for row in rows if row[3] is not None or titles.named_in(row[1])]
        abouts = [(row[0], row[2:], self._about(account, row[1])) for row in named]
        moved = [(key, now) for key, before, now in abouts if (now.kind, now.product_id) != before]
        if not moved:
            return
        self.changed = True
        self._insert("moved", text_key=[key for key, _ in moved], **_of_abouts([now for _, now in moved]))
        self.connection.execute(
            f"""create or replace temp table said_anew as
            select texts.* replace (
                moved.about as about, moved.product_id as product_id, {self.version} as updated_in
            )
            from (select * from new_topic_texts where account_id = {literal(account)}) as texts
            join moved using (text_key)"""
        )
        self.connection.execute(
            """delete from new_texts as texts using said_anew as anew
            where texts.account_id = anew.account_id and texts.text_key = anew.text_key"""
        )
        self.connection.execute("insert into new_texts by name from said_anew")

    def _about(self, account: str, text: str) -> About:
        return understanding.about(text, self.titles.get(account, Titles()))

    def articles(self) -> dict[str, list[Article]]:
        """The published articles of each account."""
        found: dict[str, list[Article]] = defaultdict(list)
        for account, *article in self.connection.execute("select * from published_articles order by all").fetchall():
            found[account].append(Article(*article))
        return found

    def accounts(self) -> dict[str, tuple[int, int]]:
        """By account that is there: distinct questions in all, and those of them without an exemplar."""
        rows = self.connection.execute(
            """select account_id, count(*), count(*) filter (where is_new)
            from (
                select account_id, false as is_new from new_topic_texts where exemplar_key is not null
                union all select account_id, true from unplaced
            ) semi join accounts using (account_id)
            group by 1 order by 1"""
        ).fetchall()
        return {account: (asked, new) for account, asked, new in rows}

    def queue(self, account: str) -> int:
        """Put the questions of an account that have no exemplar in a row; how many there are."""
        self.connection.execute(
            f"""create or replace temp table queue as
            select row_number() over (order by text_key) - 1 as number, * from unplaced
            where account_id = {literal(account)}"""
        )
        ((count,),) = self.connection.execute("select count(*) from queue").fetchall()
        return int(count)

    def queued(self, start: int, count: int) -> tuple[list[str], list[str], list[int]]:
        """Keys, texts, and how often each was asked, of so many in the queue, which is in the order of the keys."""
        query = f"""select text_key, text, questions from queue
            where number between {start} and {start + count - 1} order by number"""
        rows = self.connection.execute(query).fetchall()
        keys, texts, questions = _columns(rows, 3)
        return keys, texts, questions

    def votes(self, account: str, keys: Sequence[str]) -> list[int]:
        """What questions of an account say of the kind of their topic (rule 8.4, kinds.vote)."""
        self._insert("of_keys", text_key=keys)
        query = f"""select text_key, about from of_keys join new_topic_texts using (text_key)
            where account_id = {literal(account)}"""
        found = dict(self.connection.execute(query).fetchall())
        return [kinds.vote(found.get(key)) for key in keys]

    def exemplars(self, account: str) -> tuple[list[str], list[str], list[int], list[str | None]]:
        """Keys, texts, how often each was asked, and topics, in the order of the keys."""
        query = f"""select exemplar_key, text, questions, topic_id from topic_exemplars
            where account_id = {literal(account)} order by exemplar_key"""
        keys, texts, questions, topics = _columns(self.connection.execute(query).fetchall(), 4)
        return keys, texts, questions, topics

    def moved(
        self, account: str, keys: Sequence[str], questions: Sequence[int], in_group: Sequence[int | None]
    ) -> dict[tuple[str | None, int | None], int]:
        """Questions by the topic that they were in and the group that they are in, None for none."""
        self._insert("moved", text_key=keys, questions=questions, in_group=in_group)
        rows = self.connection.execute(
            f"""select old.topic_id, moved.in_group, sum(moved.questions)::bigint
            from moved
            left join (
                select texts.text_key, topic_id
                from topic_texts as texts join topic_exemplars using (account_id, exemplar_key)
                where account_id = {literal(account)} and nearness >= 1
            ) as old using (text_key)
            group by 1, 2"""
        ).fetchall()
        return {(topic, group): count for topic, group, count in rows}

    def put(self, keys: Sequence[str], exemplar_keys: Sequence[str], nearness: NDArray[np.float64]) -> None:
        """Say of which exemplar each of these texts is."""
        self._insert("put", text_key=keys, exemplar_key=exemplar_keys, nearness=np.round(nearness, 4).tolist())
        self.connection.execute("insert into placed by name from put")

    def place(self, account: str) -> None:
        """Remember what was said of texts of an account; those of which nothing was said wait for another run."""
        self.changed = True
        self.connection.execute(
            f"""create or replace temp table placed_anew as
            select texts.account_id, text_key, texts.kind, texts.follows_up, texts.about, texts.product_id,
                placed.exemplar_key, placed.nearness,
                case
                    when old.text_key is null then texts.updated_in
                    when (old.exemplar_key, old.nearness, old.about, old.product_id)
                        is not distinct from (placed.exemplar_key, placed.nearness, texts.about, texts.product_id)
                    then old.updated_in else {self.version}
                end as updated_in
            from placed
            join (select * from new_topic_texts where account_id = {literal(account)}) as texts using (text_key)
            left join (select * from topic_texts where account_id = {literal(account)}) as old using (text_key)"""
        )
        self.connection.execute(
            """delete from new_texts as texts using placed_anew as placed
            where texts.account_id = placed.account_id and texts.text_key = placed.text_key"""
        )
        self.connection.execute("insert into new_texts by name from placed_anew")
        self.connection.execute(
            f"""delete from unplaced using placed
            where unplaced.account_id = {literal(account)} and unplaced.text_key = placed.text_key"""
        )
        self.connection.execute("delete from placed")

    def close(self) -> set[str]:
        """End with the questions that wait for another run; the accounts that have such. Those that had a place before
        all was forgotten have lost it, which the models are to see.
        """
        self.connection.execute(
            f"""update new_texts as texts set updated_in = {self.version}
            from unplaced join forgotten using (account_id)
            where texts.account_id = unplaced.account_id and texts.text_key = unplaced.text_key"""
        )
        self.connection.execute("delete from new_topic_waiting")
        self.connection.execute(
            """insert into new_topic_waiting by name
            select account_id, sum(questions)::bigint as questions from unplaced group by account_id"""
        )
        return {
            account for (account,) in self.connection.execute("select account_id from new_topic_waiting").fetchall()
        }

    def name(self, account: str, names: Mapping[str, tuple[str, str]]) -> None:
        """The topics that live: label and representative question by id."""
        self.connection.execute(f"delete from new_topic_names where account_id = {literal(account)}")
        self._insert(
            "named",
            topic_id=list(names),
            label=[label for label, _ in names.values()],
            representative_question=[question for _, question in names.values()],
        )
        self.connection.execute(
            f"insert into new_topic_names by name select {literal(account)} as account_id, * from named"
        )

    def dismissed(self, account: str, changes: Sequence[TopicChange]) -> dict[str, str]:
        """The state of the account's topics of which something was decided, after these changes (rule 8.5)."""
        decided = self.connection.execute(
            f"""select epoch_us(decided_at), topic_id, state from topic_decisions
            where account_id = {literal(account)} and decided_at <= {literal(self.as_of)}"""
        ).fetchall()
        if not decided:
            return {}
        changed = self.connection.execute(
            f"""select epoch_us(changed_at), topic_id, other_topic_id from new_topic_changes
            where account_id = {literal(account)}"""
        ).fetchall()
        now = (self.as_of - EPOCH) // timedelta(microseconds=1)
        return standing(
            [
                *(Event(at, topic, state=state) for at, topic, state in decided),
                *(Event(at, topic, other_topic_id=other) for at, topic, other in changed),
                *(Event(now, one.topic_id, other_topic_id=one.other_topic_id) for one in changes),
            ]
        )

    def record(self, account: str, changes: Sequence[TopicChange]) -> None:
        """What became of topics."""
        self._insert(
            "recorded",
            change_id=[f"{self.version}-{number}" for number in range(len(changes))],
            change=[one.change for one in changes],
            topic_id=[one.topic_id for one in changes],
            other_topic_id=[one.other_topic_id for one in changes],
        )
        self.connection.execute(
            f"""insert into new_topic_changes by name
            select {literal(account)} as account_id, {literal(self.as_of)} as changed_at, * from recorded"""
        )

    def test(self, account: str, articles: Sequence[Article], *, are_known: bool, **columns: Sequence[Any]) -> None:
        """What the articles have for an account's exemplars, whose columns these are, and so for its topics.

        `are_known`: the account was tested against the same articles before.
        """
        self.changed = True
        self._know(account, articles, are_known=are_known)
        self._insert("tested", **columns)
        self.connection.execute(f"delete from new_topic_exemplars where account_id = {literal(account)}")
        self.connection.execute(
            f"""insert into new_topic_exemplars by name
            select {literal(account)} as account_id, tested.*,
                case
                    when old.exemplar_key is null then 0
                    when (old.topic_id, old.best_article_id, old.coverage_score)
                        is not distinct from (tested.topic_id, tested.best_article_id, tested.coverage_score)
                    then old.updated_in else {self.version} end as updated_in
            from tested
            left join (select * from topic_exemplars where account_id = {literal(account)}) as old
                using (exemplar_key)"""
        )
        self.connection.execute(
            f"""update new_topic_names as names set
                best_article_id = found.best_article_id, coverage_score = found.coverage_score
            from (
                select topic_id, round(sum(score) / sum(questions), 4) as coverage_score,
                    arg_max(best_article_id, (score, best_article_id)) as best_article_id
                from (
                    select topic_id, best_article_id,
                        sum(cast(coverage_score as decimal(9, 4)) * questions) as score, sum(questions) as questions
                    from tested group by all
                ) group by all
            ) as found
            where names.account_id = {literal(account)} and names.topic_id = found.topic_id"""
        )
        self._record_turns(account)

    def _know(self, account: str, articles: Sequence[Article], *, are_known: bool) -> None:
        """Remember the texts of an account's articles, and as of when each of them was first tested. What an earlier
        version was tested against, and did not note, is known since ever.
        """
        seen_at = EPOCH if are_known else self.as_of
        self._insert(
            "tested_articles",
            article_id=[one.article_id for one in articles],
            digest=[hashlib.sha256(repr(one).encode("utf-8", "replace")).hexdigest()[:16] for one in articles],
        )
        self.connection.execute(f"delete from new_topic_articles where account_id = {literal(account)}")
        self.connection.execute(
            f"""insert into new_topic_articles by name
            select {literal(account)} as account_id, tested.*, coalesce(before.seen_at, {literal(seen_at)}) as seen_at
            from tested_articles as tested
            left join (select * from topic_articles where account_id = {literal(account)}) as before
                using (article_id, digest)"""
        )

    def _record_turns(self, account: str) -> None:
        """Topics that are new, that an article came to cover, or that lost the article which covered them (8.3). A
        score that moved for another reason turns nothing.
        """
        now = literal(self.as_of)
        self.connection.execute(  # what a run as of this instant, or of a later one, saw before is seen anew
            f"delete from new_topic_coverage where account_id = {literal(account)} and changed_at >= {now}"
        )
        self.connection.execute(
            f"""insert into new_topic_coverage by name
            with last_seen as (
                select topic_id, arg_max(is_covered, changed_at) as was_covered,
                    arg_max(article_id, changed_at) as article_id
                from new_topic_coverage where account_id = {literal(account)} group by topic_id
            ),
            before as (
                select topic_id, coverage_score >= {LINE} as was_near
                from topic_names where account_id = {literal(account)}
            ),
            stay as (
                select article_id, seen_at < {now} as is_as_before
                from new_topic_articles where account_id = {literal(account)}
            )
            select {literal(account)} as account_id, names.topic_id, {now} as changed_at,
                names.coverage_score >= {LINE} as is_covered, names.best_article_id as article_id
            from new_topic_names as names
            left join last_seen using (topic_id)
            left join before using (topic_id)
            left join stay as best on best.article_id = names.best_article_id
            left join stay as covering on covering.article_id = last_seen.article_id
            where names.account_id = {literal(account)} and case
                when was_covered is null then true
                when names.coverage_score >= {LINE} then not (was_covered and coalesce(was_near, true))
                    and not best.is_as_before
                else was_covered and not coalesce(covering.is_as_before, false)
            end"""
        )

    def _look_at(self, messages: str) -> None:
        """Have the messages of `messages` in scope, what every text in it is, and the questions among them as they are
        read (as int_questions finds them): `asked`.
        """
        self.connection.execute(
            f"""create or replace temp table scope as
            select account_id, conversation_id, position, text, md5(text) as text_key
            from {messages} where text <> ''"""
        )
        self._understand("scope")
        self.connection.execute(
            f"""create or replace temp table asked as
            with told as (
                select
                    scope.*, kind, follows_up, about, min(position) over thread as first_position,
                    max(case when not follows_up and about is distinct from 'other' then position end) over (
                        thread order by position rows between unbounded preceding and 1 preceding
                    ) as earlier_position
                from scope join new_topic_texts using (account_id, text_key)
                where kind <> 'small_talk'
                window thread as (partition by account_id, conversation_id)
            )

            select account_id, text, md5(text) as text_key
            from (
                select
                    told.account_id,
                    case when told.follows_up and earlier.text is not null
                        then concat(left(earlier.text, {context.EARLIER}), '{wording.JOINED}', told.text) else told.text
                    end as text
                from told
                left join told as earlier
                    on told.account_id = earlier.account_id
                    and told.conversation_id = earlier.conversation_id
                    and told.earlier_position = earlier.position
                where told.kind = 'asks' or told.position = told.first_position
            ) as questions"""
        )
        self._understand("asked")

    def _understand(self, texts: str) -> None:
        """Remember what the texts of a table are that nobody has seen yet."""
        self.connection.execute(
            f"""create or replace temp table unknown as
            select row_number() over (order by account_id, text_key) - 1 as number, *
            from (
                select account_id, text_key, any_value(text) as text from {texts}
                anti join new_topic_texts using (account_id, text_key) group by all
            ) order by number"""
        )
        ((count,),) = self.connection.execute("select count(*) from unknown").fetchall()
        if count >= MANY:
            self.beside.start(understanding.prepare, self.embedder)
        begun = self.beside.call if count >= VERY_MANY else here
        are_asked, are_many = texts == "asked", count > wording.MANY
        keys: deque[tuple[list[str], list[str]]] = deque()

        def begin(start: int) -> Callable[[], list[Understood]]:
            query = f"""select account_id, text_key, text from unknown
                where number between {start} and {start + AT_ONCE - 1} order by number"""
            rows = self.connection.execute(query).fetchall()
            accounts, text_keys, texts_ = _columns(rows, 3)
            keys.append((accounts, text_keys))
            titles = {account: self.titles[account] for account in set(accounts) & self.titles.keys()}
            call = understanding.understood
            return begun(call, accounts, texts_, titles, are_asked=are_asked, are_many=are_many)

        for found in self.beside.each(partial(begin, start) for start in range(0, count, AT_ONCE)):
            accounts, text_keys = keys.popleft()
            self._insert(
                "kinds",
                account_id=accounts,
                text_key=text_keys,
                kind=[one.kind for one in found],
                follows_up=[one.follows_up for one in found],
                **_of_abouts([one.about for one in found]),
            )
            self.connection.execute("insert into new_texts by name select *, 0 as updated_in from kinds")
            self.changed = True

    def _find_unplaced(self, but: str) -> None:
        """The questions that are asked."""
        self.connection.execute(
            f"""insert into unplaced
            with placed_texts as (
                select account_id, text_key from new_topic_texts where exemplar_key is not null
            )

            select account_id, text_key, any_value(text), count(*) as questions
            from asked {but}
            group by account_id, text_key"""
        )

    def _insert(self, table: str, **columns: Sequence[Any]) -> None:
        """A temporary table of Python's values, a list for each column."""
        types = {name: TYPES.get(name, pa.string()) for name in columns}
        rows = list(zip(*columns.values(), strict=True))
        if len(rows) <= FEW:
            definitions = ", ".join(f"{name} {kind}" for name, kind in types.items())
            self.connection.execute(f"create or replace temp table {table} ({definitions})")
            values = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
            if rows:
                self.connection.execute(f"insert into {table} values {values}")
            return
        values = pa.table({name: pa.array(column, types[name]) for name, column in columns.items()})
        self.connection.register("values_of_python", values)
        self.connection.execute(f"create or replace temp table {table} as select * from values_of_python")
        self.connection.unregister("values_of_python")


def _literal(value: Any) -> str:
    return literal(None if value is None else str(value))  # which the column reads


def _of_abouts(abouts: Sequence[About | None]) -> dict[str, list[str | None]]:
    """The columns of topic_texts that say what texts are about; null of small talk."""
    return {
        "about": [one.kind if one else None for one in abouts],
        "product_id": [one.product_id if one else None for one in abouts],
    }


def _columns(rows: Sequence[tuple[Any, ...]], count: int) -> list[list[Any]]:
    """The columns of rows."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(count)]
