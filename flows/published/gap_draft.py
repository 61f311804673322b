"""A draft of the article that a topic lacks: what it has to answer, in the shoppers' words. It invents no answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from flows.ground.errors import InputError
from flows.ground.saying import Text
from flows.ground.sql import literal
from flows.ground.text import one_line
from flows.published.gap_lookup import find_topic
from flows.published.gap_wordings import HIDDEN, without_names, wordings
from flows.published.gaps import AskedAccount, AskedTopic, visible
from flows.questions.context import follows_up
from flows.questions.forms import Sold, sold
from flows.warehouses.reader import Reader

MOST_QUESTIONS, MOST_NAMES = 12, 5
TEXTS = 1000  # read of a topic: those asked most, then the newest
READ, LONGEST = 900, 300  # characters of a question, before and after what is hidden

QUESTIONS = """
select substr(messages.text, 1, {read}) as text, count(*) as asked, string_agg(distinct {name}, ' ') as names
from metrics.knowledge_gap_questions as questions
inner join metrics.messages
    on messages.account_id = questions.account_id and messages.message_id = questions.message_id
left join metrics.conversations
    on conversations.account_id = questions.account_id and conversations.conversation_id = questions.conversation_id
left join metrics.profiles
    on profiles.account_id = questions.account_id and profiles.profile_id = conversations.profile_id
where questions.account_id = {account} and questions.topic_id = {topic} and {of_its_kind} and messages.text is not null
group by substr(messages.text, 1, {read})
order by count(*) desc, max(questions.asked_at) desc, substr(messages.text, 1, {read})
limit {limit}
"""
TITLES = "select title from metrics.products where account_id = {account} and title is not null"
URLS = "select url from metrics.articles where account_id = {account} and article_id = {article}"

# Lengths are bounded: a text of a stranger must not keep this busy.
# What may name a person or an order: addresses, links, numbers of four digits and more, telephone numbers.
PRIVATE = re.compile(
    r"[^\s@]{1,64}@[^\s@]+|\b[a-z][a-z0-9+.-]{0,30}://\S+|\bwww\.\S+|\b(?:[\w-]{1,63}\.){1,8}[a-z]{2,}/\S*"
    r"|\+?\d(?:[\s().\/-]{0,2}\d){6,}|\d{4,}",
    re.IGNORECASE,
)
MARKS = re.compile(r"([\\`*_\[\]~$])")
PICTURE = re.compile(r":(?=[\w+-]+:)")  # a name of one between colons
AT_THE_START = re.compile(r"^(\d{1,9})(?=[.)])|^(?=[-+#])")  # a list or a heading
HARMLESS_URL = re.compile(r"https?://[\w.~:/?#@!$&'*+,;=%-]+")


@dataclass(frozen=True)
class Question:
    """A question in a shopper's words, without what may name a person, and how often it was asked."""

    text: str
    times_asked: int
    such_as: tuple[str, ...] = ()  # products or places of which it was asked, where there are several


@dataclass(frozen=True)
class NearestArticle:
    article_id: str
    title: str | None
    url: str | None
    coverage_score: float


@dataclass(frozen=True)
class Draft:
    """What an article on the topic has to answer. `nearest_article` is one to extend instead, None if none is near."""

    account: AskedAccount
    topic: AskedTopic
    title: str
    questions: tuple[Question, ...]
    nearest_article: NearestArticle | None

    def to_json_dict(self) -> dict[str, Any]:
        """Texts are plain, not Markdown."""
        return {
            "title": self.title,
            "topic_id": self.topic.topic_id,
            "questions": [asdict(one) for one in self.questions],
            "nearest_article": asdict(self.nearest_article) if self.nearest_article else None,
        }

    def markdown(self, tell: Callable[[Text], str] = str) -> str:
        """The draft in the words of `tell`, by default English ones."""
        parts = [f"# {escaped(self.title)}", tell(self._asked())]
        if (article := self.nearest_article) is not None:
            url = f": <{article.url}>" if article.url and HARMLESS_URL.fullmatch(article.url) else ""
            name = escaped(one_line(article.title or article.article_id))
            parts.append(
                tell(
                    Text.of("Extend this article rather than write a new one: %(article)s", article=f"**{name}**{url}")
                )
            )
        lines = "\n".join(f"- {escaped(one.text)}{_times(one, tell)}" for one in self.questions)
        parts += [f"## {tell(Text.of('Questions to answer'))}", *([lines] if lines else [])]
        return "\n\n".join([*parts, f"## {tell(Text.of('Answer'))}"])

    def _asked(self) -> Text:
        topic = self.topic
        handed_off = topic.handed_off_conversation_count
        return Text.of(
            "%(people)s asked since %(day)s: %(questions)s in %(conversations)s, of which %(handed_off)s.",
            people=Text.many(topic.people, "%(count)s person", "%(count)s people"),
            day=self.account.day_of(topic.first_asked_at),
            questions=Text.many(topic.question_count, "%(count)s question", "%(count)s questions"),
            conversations=Text.many(topic.conversation_count, "%(count)s conversation", "%(count)s conversations"),
            handed_off=Text.many(handed_off, "%(count)s was handed off", "%(count)s were handed off"),
        )


def _times(question: Question, tell: Callable[[Text], str]) -> str:
    count = question.times_asked
    names = f": {escaped(', '.join(question.such_as))}" if question.such_as else ""
    return "" if count == 1 else f" ({tell(Text.many(count, '%(count)s time', '%(count)s times'))}{names})"


def draft(reader: Reader, topic_id: str, account: str | None) -> Draft:
    """A draft for a topic. Raises InputError where it is not found, as `find_topic` does, and for limited readers."""
    _, of, topic = find_topic(reader, topic_id, account)
    if topic.label is None or not reader.sees("metrics.messages", "text"):
        what = "a draft is made of shoppers' messages, and this reader may not see them"
        raise InputError(what, remedy="ask with a role that reads texts")
    values = {"account": literal(of.account_id), "topic": literal(topic.topic_id)}
    name = visible(reader, "profiles", "name", "profiles.name")
    of_its_kind = "true" if topic.kind is None else f"questions.kind = {literal(topic.kind)}"
    asked = reader.rows(QUESTIONS.format(**values, of_its_kind=of_its_kind, name=name, read=READ, limit=TEXTS))
    return Draft(
        account=of,
        topic=topic,
        title=masked(without_names(topic.label, ())),
        questions=_distinct(asked, sold(title for (title,) in reader.rows(TITLES.format(**values)))),
        nearest_article=_nearest(reader, topic),
    )


def shown(text: str, names: Iterable[str | None]) -> str:
    """A question as others read it: without courtesy, names and what may name a person, cut where it is long."""
    hidden = masked(without_names(text, names))
    return hidden if len(hidden) <= LONGEST else f"{hidden[: LONGEST - 1]}{HIDDEN}"


def masked(text: str) -> str:
    """The text in one line, without what may name a person, an order or another site."""
    return PRIVATE.sub(HIDDEN, one_line(text))


def escaped(text: str) -> str:
    """One line as Markdown that shows it as it is, whatever it holds."""
    shown = PICTURE.sub("&#58;", text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    return AT_THE_START.sub(r"\1\\", MARKS.sub(r"\\\1", shown))


def _distinct(rows: list[tuple[Any, ...]], known: Sold) -> tuple[Question, ...]:
    """Near-equal texts are one question. What cannot stand alone ("and to Norway?") says nothing here, where the turn
    before it is missing.
    """
    texts = [(shown(text, [names]), asked) for text, asked, names in rows]
    found = wordings([one for one in texts if not follows_up(one[0])] or texts, known)[:MOST_QUESTIONS]
    return tuple(Question(one.shown, one.times, _some(one.such_as)) for one in found)


def _some(names: list[str]) -> tuple[str, ...]:
    return tuple(names) if len(names) <= MOST_NAMES else (*names[:MOST_NAMES], HIDDEN)


def _nearest(reader: Reader, topic: AskedTopic) -> NearestArticle | None:
    if topic.best_article_id is None or topic.nearest is None:
        return None
    urls = reader.rows(URLS.format(account=literal(topic.account), article=literal(topic.best_article_id)))
    url = urls[0][0] if urls else None
    return NearestArticle(topic.best_article_id, topic.best_article_title, url, topic.coverage_score)
