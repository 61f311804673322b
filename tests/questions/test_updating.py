"""What a build remembers of questions, and how little it does again (rules 8.2 and 8.3)."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from flows.ground.errors import InputError
from flows.ground.progress import Silent
from flows.questions import account, coverage, state, tables, updating, versions
from flows.questions.beside import Beside
from flows.questions.coverage import Article
from flows.questions.dismissed import Event, alike, standing
from flows.questions.state import State, views
from flows.questions.updating import update

SHIPPING = ["Do you ship to Norway?", "do you ship to Norway", "Can you ship to Norway?"]
PASSWORD = ["I forgot my password", "How do I reset my password?", "I forgot my password, help"]
NORWAY = ("norway", "Shipping to Norway", "Yes, we ship to Norway. It takes five days.")
FIRST = datetime(2026, 6, 1, tzinfo=UTC)


class Shop:
    """An account's messages and articles as a build shows them, and the state that the builds leave."""

    def __init__(self, folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.folder, self.connection, self.day = folder, connection, 0
        connection.execute("create table messages (account_id text, conversation_id text, position bigint, text text)")
        connection.execute("create table articles (account_id text, article_id text, title text, body text)")
        connection.execute("create view all_asked as from messages")
        connection.execute("create view published_articles as from articles")
        connection.execute("create view accounts as select distinct account_id from messages")
        connection.execute(
            "create table topic_decisions (account_id text, topic_id text, state text, decided_at timestamptz)"
        )
        connection.execute("create table titled_products (account_id text, product_id text, title text)")
        self.known = 0

    def asks(self, *conversations: Sequence[str] | str, of: str = "shop") -> None:
        """A conversation for each text, or for each list of texts."""
        (count,) = self.connection.execute("select count(distinct conversation_id) from messages").fetchall()[0]
        for number, texts in enumerate(conversations, count):
            for position, text in enumerate([texts] if isinstance(texts, str) else texts, 1):
                self.connection.execute(
                    "insert into messages values (?, ?, ?, ?)", [of, f"c{number:05}", position, text]
                )

    def publishes(self, *articles: tuple[str, str, str]) -> None:
        self.connection.execute("delete from articles")
        for article in articles:
            self.connection.execute("insert into articles values ('shop', ?, ?, ?)", article)

    def sells(self, *products: tuple[str, str]) -> None:
        """Products by id and title, and no others."""
        self.connection.execute("delete from titled_products")
        for product in products:
            self.connection.execute("insert into titled_products values ('shop', ?, ?)", product)

    def decides(self, topic: str | None, state: str) -> None:
        values = [topic, state, FIRST + timedelta(days=self.day - 1, hours=1)]
        self.connection.execute("insert into topic_decisions values ('shop', ?, ?, ?)", values)

    def updated(self, *, regroup: bool = False, embedder: str = "wordllama") -> State:
        """The state after a build, a day later than the one before."""
        changed = f"select * from messages where conversation_id >= 'c{self.known:05}'"
        self.connection.execute(f"create or replace view changed_asked as {changed}")
        as_of, self.day = FIRST + timedelta(days=self.day), self.day + 1
        state = update(self.folder, self.connection, as_of=as_of, embedder=embedder, regroup=regroup, progress=Silent())
        (self.known,) = self.connection.execute("select count(distinct conversation_id) from messages").fetchall()[0]
        return state

    def rows(self, asked: str) -> list[tuple[Any, ...]]:
        """A query over the tables of the newest version, named without their `topic_`."""
        version = max(int(one.name) for one in self.folder.iterdir() if one.name.isdigit())
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            for table, query in views(self.folder / str(version), lambda file: f"'{file}'").items():
                connection.execute(f"create view {table.removeprefix('topic_')} as {query}")
            return connection.execute(asked).fetchall()

    def topic_of(self, text: str) -> str | None:
        (found,) = self.rows(
            f"""select case when nearness >= 1 then topic_id end
            from texts join exemplars using (account_id, exemplar_key) where text_key = '{account.key(text)}'"""
        )
        topic: str | None = found[0]
        return topic


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with duckdb.connect() as connection:
        yield Shop(tmp_path / "topics", connection)


@pytest.mark.parametrize("score", [*itertools.permutations([0.7244, 0.4065, 0.2875, 0.3258])])
def test_the_score_of_a_topic_is_the_same_in_whatever_order_it_is_added_up(
    shop: Shop, score: tuple[float, ...]
) -> None:
    """Two builds of the same rows gave 0.4360 and 0.4361."""
    state.lay(shop.connection, shop.folder, State())
    shop.connection.execute("create view changed_asked as from all_asked")
    with Beside() as beside:
        built = tables.Tables(shop.connection, 1, FIRST, {}, beside, "wordllama")
        built.open(everything=False)
        shop.connection.execute("insert into new_topic_names (account_id, topic_id) values ('shop', 'topic')")
        some = {"exemplar_key": ["a", "b", "c", "d"], "topic_id": ["topic"] * 4, "best_article_id": ["norway"] * 4}
        built.test("shop", [], are_known=False, **some, coverage_score=score, text=["?"] * 4, questions=[1] * 4)
    assert shop.connection.execute("select coverage_score from new_topic_names").fetchall() == [(0.4361,)]


def test_new_questions_join_topics_and_nothing_else_moves_8_2(shop: Shop) -> None:
    shop.asks(*SHIPPING, *PASSWORD)
    shop.updated()
    before = shop.rows("select topic_id, label from names order by all")
    shop.asks("Do you ship to Norway ?")
    state = shop.updated()
    assert state.version == 2
    assert shop.rows("select topic_id, label from names order by all") == before
    assert shop.topic_of("Do you ship to Norway ?") == shop.topic_of(SHIPPING[0]) != shop.topic_of(PASSWORD[0])
    assert shop.rows("select distinct updated_in from texts union select distinct updated_in from exemplars") == [(0,)]


def test_what_differs_in_its_numbers_and_its_case_is_one_exemplar_8_2(shop: Shop) -> None:
    """Copies filled the exemplars, and each wording became a topic of its own."""
    same = ["Where is order 17?", "where is order 4711?", "Hello,\nWhere is order 3?\n\nThanks"]
    shop.asks(*same, same[0], *SHIPPING)
    shop.updated()
    asked = "select questions from exemplars where text ilike '%where is order%'"
    assert shop.rows(asked) == [(4,)]
    assert shop.rows("select count(*), count(distinct exemplar_key), min(nearness) from texts") == [(6, 4, 1.0)]
    assert len({shop.topic_of(text) for text in same}) == 1
    shop.asks("WHERE IS ORDER 99?")
    shop.updated()
    assert shop.rows(asked) == [(4,)]
    assert shop.topic_of("WHERE IS ORDER 99?") == shop.topic_of(same[0])


def test_one_product_is_asked_about_as_another_8_2(shop: Shop) -> None:
    """The name of a product is the longest part of such a question, so that every product was a topic of its own."""
    shop.sells(("p1", "Fjell 65 Rucksack"), ("p2", "Nordkap 2 Tent"), ("p3", "Socks"))
    same = ["When is the Fjell 65 Rucksack back?", "when is the nordkap 2 tent back?"]
    shop.asks(*same, "When is the Socks back?", *SHIPPING)
    shop.updated()
    assert shop.rows("select questions from exemplars where text ilike 'when is%' order by 1") == [(1,), (2,)]
    shop.asks("When is the Nordkap 2 Tent  back?")
    shop.updated()
    assert len({shop.topic_of(text) for text in (*same, "When is the Nordkap 2 Tent  back?")}) == 1
    assert shop.rows("select questions from exemplars where text ilike '%socks%'") == [(1,)]


def test_other_processes_find_what_this_one_finds_8_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is much to do, texts are read, accounts grouped and questions placed by processes of their own."""
    found, words = [], ["rug", "lamp", "sofa", "mug", "desk"]
    for many in (10**9, 1):
        monkeypatch.setattr(tables, "MANY", many)
        monkeypatch.setattr(tables, "VERY_MANY", many)
        monkeypatch.setattr(updating, "VERY_MANY", many)
        monkeypatch.setattr(tables, "AT_ONCE", 7)
        monkeypatch.setattr(updating, "AT_ONCE", 20)
        with duckdb.connect() as connection:
            shop = Shop(tmp_path / str(many), connection)
            for account in ("shop", "other"):
                shop.asks(*(f"{text} with a {word}" for text in (*SHIPPING, *PASSWORD) for word in words), of=account)
            shop.publishes(NORWAY)
            shop.updated()
            found.append([shop.rows(f"from {table} order by all") for table in ("texts", "exemplars", "names")])
    assert found[0] == found[1]
    assert len(found[0][0]) == 2 * 6 * len(words)


def test_what_was_seen_before_makes_no_new_version_8_2(shop: Shop) -> None:
    shop.asks(*SHIPPING, *PASSWORD)
    assert shop.updated().version == 1
    shop.asks("Do you ship to Norway?", "Thanks!")
    assert shop.updated().version == 2  # the thanks are new
    shop.asks("Thanks!", "I forgot my password")
    assert shop.updated().version == 2


def test_texts_of_the_past_stay_in_their_file_8_2(shop: Shop) -> None:
    """The table of all texts was written whole in each run: at a million conversations that took longer than the run's
    own questions.
    """
    many = [f"{text} {end}" for text in (*SHIPPING, *PASSWORD) for end in ("please", "now", "today", "at once")]
    shop.asks(*many)
    shop.updated()
    shop.asks("Do you ship to Norway by air?")
    shop.updated()
    assert shop.folder.joinpath("1/topic_texts.parquet").samefile(shop.folder / "2/topic_texts.parquet")
    assert shop.rows("select count(*), count(distinct text_key), count(exemplar_key) from texts") == [(25, 25, 25)]
    assert shop.topic_of("Do you ship to Norway by air?") == shop.topic_of(many[0])
    shop.asks("Do you ship to Norway by air?", "Thanks!", "Bye", "Do you ship to Norway by sea?")
    shop.updated()  # one in eight has changed: all are written
    assert [file.name for file in sorted(shop.folder.glob("3/topic_texts*"))] == ["topic_texts.parquet"]
    assert shop.rows("select count(*), count(distinct text_key), count(exemplar_key) from texts") == [(28, 28, 26)]


def test_a_file_system_without_hard_links_will_do(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every delivery after the first one would have failed there."""

    def refused(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("flows.questions.state.os.link", refused)
    shop.asks(*[f"{text} {number} times?" for text in (*SHIPPING, *PASSWORD) for number in ("two", "three", "four")])
    shop.updated()
    shop.asks("Do you ship to Norway by air?")
    shop.updated()
    assert [file.name for file in sorted(shop.folder.glob("2/topic_texts*"))] == [
        "topic_texts.parquet",
        "topic_texts_since.parquet",
    ]
    assert shop.rows("select count(*) from texts") == [(19,)]


def test_the_same_questions_give_the_same_topics_8_2(tmp_path: Path) -> None:
    found = []
    for folder in ("one", "two"):
        with duckdb.connect() as connection:
            shop = Shop(tmp_path / folder, connection)
            texts = [*SHIPPING, *PASSWORD, "Where is my parcel?", "Where is my parcel"]
            shop.asks(*(texts if folder == "one" else reversed(texts)))
            shop.updated()
            found.append(
                [shop.rows(f"from {table} order by all") for table in ("texts", "exemplars", "names", "coverage")]
            )
    assert found[0] == found[1]


def test_a_small_account_is_grouped_anew_as_it_grows_and_keeps_its_ids_8_2(shop: Shop) -> None:
    shop.asks(*SHIPPING)
    shop.updated()
    norway = shop.topic_of(SHIPPING[0])
    shop.asks(*PASSWORD)
    assert shop.updated().accounts["shop"].grouped == 6
    assert shop.topic_of(SHIPPING[0]) == norway
    assert shop.topic_of(PASSWORD[0]) not in {None, norway}
    assert shop.rows("from changes") == []


def test_grouping_anew_keeps_ids_also_when_another_embedder_is_set_8_2(shop: Shop) -> None:
    shop.asks(*SHIPPING, *PASSWORD)
    shop.updated()
    topics = shop.rows("select topic_id from names order by all")
    assert shop.updated(regroup=True).version == 2
    assert shop.rows("select topic_id from names order by all") == topics
    assert shop.updated(embedder="tests.questions.test_updating:letters").embedder.endswith("letters")
    assert {topic for (topic,) in topics} & {topic for (topic,) in shop.rows("select topic_id from names")}


def letters(texts: Sequence[str]) -> list[list[float]]:
    """An embedder: how often each letter is used."""
    return [[text.count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]


@pytest.mark.parametrize("embedder", ["nothing", "no_such_module:f", "os:no_such_function", "os:sep", "builtins:len"])
def test_an_embedder_that_is_none_is_said_to_be_none(shop: Shop, embedder: str) -> None:
    shop.asks(*SHIPPING)
    with pytest.raises(InputError, match=r"embedder|function"):
        shop.updated(embedder=embedder)


def test_an_article_that_comes_or_goes_turns_its_topic_alone_8_3(shop: Shop) -> None:
    shop.asks(*SHIPPING, *PASSWORD)
    shop.updated()
    turns = "select topic_id, day(changed_at), is_covered, article_id from coverage order by topic_id, changed_at"
    norway, password = shop.topic_of(SHIPPING[0]), shop.topic_of(PASSWORD[0])
    shop.publishes(NORWAY)
    shop.updated()
    shop.publishes()
    shop.updated()
    shop.updated()
    assert {topic: [row[1:] for row in shop.rows(turns) if row[0] == topic] for topic in (norway, password)} == {
        norway: [(1, False, None), (2, True, "norway"), (3, False, None)],
        password: [(1, False, None)],
    }
    assert shop.rows("select distinct best_article_id, coverage_score from exemplars") == [(None, 0.0)]


class Scores:
    """Texts tested against articles with scores that are said here, one exemplar for each topic, a day each time."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.day = folder, 0
        self.known: dict[str, str] | None = None

    def tested(self, articles: dict[str, str], **scores: tuple[str | None, float]) -> None:
        """The nearest article of each topic, and its score."""
        self.day += 1
        as_of = FIRST + timedelta(days=self.day)
        with duckdb.connect() as connection, Beside() as beside:
            before = state.read(self.folder)
            state.lay(connection, self.folder, before)
            connection.execute("create view changed_asked as select null as account_id where false")
            built = tables.Tables(connection, before.version + 1, as_of, {}, beside, "wordllama")
            for table in (*state.TABLES.keys() - {state.TEXTS},):
                connection.execute(f"create temp table new_{table} as from {table}")
            connection.execute("delete from new_topic_names")
            connection.executemany(
                "insert into new_topic_names (account_id, topic_id) values ('shop', ?)", [[one] for one in scores]
            )
            built.test(
                "shop",
                [Article(one, body, body) for one, body in articles.items()],
                are_known=articles == self.known,
                exemplar_key=list(scores),
                topic_id=list(scores),
                best_article_id=[best for best, _ in scores.values()],
                coverage_score=[score for _, score in scores.values()],
                text=["?"] * len(scores),
                questions=[1] * len(scores),
            )
            connection.execute("create temp table new_texts as from texts_since")
            connection.execute("create temp view new_topic_texts as from topic_texts")
            state.write(connection, self.folder, before, State(before.version + 1), anew=True)
        self.known = articles

    def turns(self, topic: str) -> list[tuple[object, ...]]:
        """Day, whether covered, by which article: how the topic was first seen, and each turn."""
        file = self.folder / str(self.day) / "topic_coverage.parquet"
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            rows = f"select day(changed_at) - 1, is_covered, article_id from '{file}' where topic_id = '{topic}'"
            return connection.execute(f"{rows} order by 1").fetchall()


@pytest.fixture
def scores(tmp_path: Path) -> Scores:
    return Scores(tmp_path / "topics")


def test_a_score_that_moves_by_itself_turns_nothing_8_3(scores: Scores) -> None:
    """An article about repairs made a gap of the tumble dryer, of which every question had an answer: its score fell
    from 0.51 to 0.49, and what conversations had told until then counted no more.
    """
    scores.tested({"dryer": "x"}, topic=("dryer", 0.51))
    scores.tested({"dryer": "x", "repairs": "y"}, topic=("dryer", 0.49))
    scores.tested({"dryer": "x", "repairs": "y"}, topic=("dryer", 0.7))
    scores.tested({"dryer": "x", "repairs": "y"}, topic=("repairs", 0.2))
    scores.tested({"dryer": "x", "repairs": "y"}, topic=("repairs", 0.8))
    assert scores.turns("topic") == [(1, True, "dryer")]


def test_an_article_that_goes_or_becomes_another_turns_what_it_covered_8_3(scores: Scores) -> None:
    scores.tested({"a": "x", "b": "x"}, gone=("a", 0.9), other=("b", 0.9), still=("b", 0.9))
    scores.tested({"b": "now otherwise"}, gone=(None, 0.1), other=("b", 0.1), still=("b", 0.6))
    assert scores.turns("gone") == [(1, True, "a"), (2, False, None)]
    assert scores.turns("other") == [(1, True, "b"), (2, False, "b")]
    assert scores.turns("still") == [(1, True, "b")]
    scores.tested({"b": "and again", "c": "x"}, gone=("c", 0.9), other=("b", 0.9), still=("b", 0.6))
    assert scores.turns("gone")[2:] == [(3, True, "c")]
    assert scores.turns("other")[2:] == [(3, True, "b")]


def test_an_article_that_comes_after_a_score_has_fallen_by_itself_covers_anew_8_3(scores: Scores) -> None:
    """Nothing had turned when it fell; without a turn the topic would never be closed by the article."""
    scores.tested({"a": "x"}, topic=("a", 0.2))
    scores.tested({"a": "x", "b": "x"}, topic=("b", 0.9))
    scores.tested({"a": "x", "b": "x"}, topic=("b", 0.4))
    scores.tested({"a": "x", "b": "x", "c": "x"}, topic=("c", 0.9))
    assert scores.turns("topic") == [(1, False, "a"), (2, True, "b"), (4, True, "c")]


def test_articles_are_tested_again_by_a_version_that_does_it_otherwise_8_3(shop: Shop) -> None:
    shop.asks(*SHIPPING, *PASSWORD)
    shop.publishes(NORWAY)
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr(versions, "COVERAGE", 0)
        earlier.setattr(coverage, "FEW_LINE", 0.99)
        shop.updated()
        shop.updated()
    topics = shop.rows("select topic_id from names order by all")
    covered = "select count(*) from exemplars where coverage_score >= 0.5"
    assert shop.rows(covered) == [(0,)]
    shop.updated()
    assert shop.rows(covered) == [(len(SHIPPING),)]
    assert shop.rows("select topic_id from names order by all") == topics


def test_a_second_look_as_of_the_same_instant_replaces_the_first_8_3(shop: Shop) -> None:
    shop.asks(*SHIPPING)
    shop.updated()
    shop.publishes(NORWAY)
    shop.day = 0
    shop.updated()
    assert shop.rows("select day(changed_at), is_covered from coverage") == [(1, True)]


def test_only_what_asks_or_opens_a_conversation_is_grouped_8_1(shop: Shop) -> None:
    shop.asks(["Hi", "refund policy", "the blue one"], ["Do you ship to Norway?", "refund terms"])
    shop.updated()
    grouped = dict(shop.rows("select text_key, exemplar_key is not null from texts"))
    texts = ["Hi", "refund policy", "the blue one", "Do you ship to Norway?", "refund terms"]
    assert [grouped[account.key(text)] for text in texts] == [False, True, False, True, False]


def test_a_question_like_no_other_is_in_no_topic_and_is_known_8_2(shop: Shop) -> None:
    shop.asks(*SHIPPING, "Ist der Elefant im Porzellanladen versichert?")
    shop.updated()
    assert shop.topic_of("Ist der Elefant im Porzellanladen versichert?") is None
    assert len(shop.rows("from names")) == 1


def test_texts_of_strangers_are_read_whatever_they_are(shop: Shop) -> None:
    texts = [
        "?" * 50_000,
        "where is '; drop table messages; --?",
        "<script>alert(1)</script> can I pay later?",
        "🦊 ?",
        "\x1b[31m why?",
    ]
    shop.asks(*texts, *texts, "\u202e?", "Ω?", "为什么？")
    shop.publishes(("a", "", ""), ("b", "'; --", "<b>" * 1_000))
    shop.updated()
    assert shop.rows("select count(*) from texts") == [(8,)]


def test_a_run_that_is_cut_off_leaves_the_version_before(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.asks(*SHIPPING)
    shop.updated()
    shop.asks(*PASSWORD)
    known = shop.known
    with monkeypatch.context() as context:
        context.setattr("flows.questions.state.write_durably", _killed)
        with pytest.raises(KeyboardInterrupt):
            shop.updated()
    shop.known = known
    assert shop.updated().version == 2
    assert shop.topic_of(PASSWORD[0]) is not None


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("file", ["state.json", "1/topic_texts.parquet", "1/topic_names.parquet"])
def test_what_is_damaged_is_grouped_anew_and_said(shop: Shop, file: str, caplog: pytest.LogCaptureFixture) -> None:
    """A damaged file of a version ended every build from then on; its texts were believed where it could be read."""
    shop.asks(*SHIPPING, *PASSWORD)
    shop.updated()
    (shop.folder / file).write_bytes((shop.folder / file).read_bytes()[:-9])
    assert shop.updated().version == 2
    assert "damaged" in caplog.text
    assert shop.topic_of(SHIPPING[1]) == shop.topic_of(SHIPPING[0]) != shop.topic_of(PASSWORD[0])


def test_a_question_is_read_again_when_products_get_other_titles_8_4(shop: Shop) -> None:
    """A text was read once: of a product that came to the catalogue later it would never have been said to speak."""
    about = "select about, product_id, updated_in from texts where text_key = '{}'"
    text = "Does the Fjord Rain Jacket have pockets?"
    shop.asks(text, *SHIPPING)
    shop.updated()
    assert shop.rows(about.format(account.key(text))) == [("knowledge", None, 0)]
    shop.sells(("7", "Fjord Rain Jacket"))
    assert shop.updated().version == 2
    assert shop.rows(about.format(account.key(text))) == [("product", "7", 2)]
    assert shop.rows(about.format(account.key(SHIPPING[0]))) == [("knowledge", None, 0)]
    assert shop.updated().version == 2  # the same titles: nothing is looked at again
    shop.sells(("7", "Storm Jacket"), ("8", "Fjord Rain Jacket"))
    shop.updated()
    assert shop.rows(about.format(account.key(text))) == [("product", "8", 3)]
    shop.sells()
    shop.updated()
    assert shop.rows(about.format(account.key(text))) == [("knowledge", None, 4)]


def test_models_see_it_when_all_is_grouped_anew_in_the_run_that_brings_other_titles_8_4(shop: Shop) -> None:
    text = "Does the Fjord Rain Jacket have pockets?"
    shop.asks(text, *SHIPPING)
    shop.updated()
    shop.sells(("7", "Fjord Rain Jacket"))
    shop.updated(regroup=True)
    told = f"select about, product_id, updated_in from texts where text_key = '{account.key(text)}'"
    assert shop.rows(told) == [("product", "7", 2)]


def test_small_talk_is_about_nothing_8_4(shop: Shop) -> None:
    shop.asks("Hello!", "Can I talk to a human?", *SHIPPING)
    shop.updated()
    assert shop.rows("select distinct kind, about from texts order by all") == [
        ("asks", "knowledge"),
        ("asks", "person"),
        ("small_talk", None),
    ]


def test_a_new_topic_that_is_like_a_dismissed_one_says_so_8_5(shop: Shop) -> None:
    """What a support lead does not want came back under another id with the next grouping."""
    shop.asks(*SHIPPING, *PASSWORD)
    shop.updated()
    unwanted = shop.topic_of(SHIPPING[0])
    shop.decides(unwanted, "dismissed")
    shop.asks(*SHIPPING)
    shop.updated(regroup=True)
    assert shop.topic_of(SHIPPING[0]) == unwanted
    assert shop.rows("select * from changes") == []


def test_what_would_have_joined_a_dismissed_topic_is_like_it_8_5() -> None:
    places = np.array([[1, 0, 0], [0.8, 0.6, 0], [0.8, 0.6, 0], [0, 0, 1], [0, 1, 0]], dtype=np.float32)
    topics = ["gone", "near", "near", "far", "other"]
    questions = np.array([1, 7, 3, 1, 1])

    def found(new: set[str], *, gone: set[str], floor: float = 0.7) -> list[tuple[str, str, str | None]]:
        changes = alike(places, questions, topics, new, gone, floor=floor)
        return [(one.change, one.topic_id, one.other_topic_id) for one in changes]

    assert found({"near", "far"}, gone={"gone"}) == [("alike", "gone", "near")]
    assert found({"near", "far"}, gone={"gone"}, floor=0.81) == []
    assert found({"near", "far"}, gone=set()) == []
    places[2] = [0, 0, 1]  # 7 of its 10 questions are near, then 6 of 9
    assert found({"near"}, gone={"gone"}) == [("alike", "gone", "near")]
    questions[1], questions[2] = 6, 3
    assert found({"near"}, gone={"gone"}) == []


def test_a_decision_stands_where_its_questions_went_as_in_the_models_8_5() -> None:
    events = [
        Event(1, "a", state="dismissed"),
        Event(2, "a", other_topic_id="b"),
        Event(3, "b", other_topic_id="c"),
        Event(4, "a", state="open"),
        Event(5, "d", other_topic_id="c"),
        Event(6, "e", state="assigned"),
        Event(6, "e", other_topic_id="a"),
    ]
    assert standing(events) == {"a": "open", "b": "dismissed", "c": "dismissed", "e": "assigned"}
