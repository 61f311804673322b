"""What is read of the answers about the Customer Agent, which are a beta."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from flows.sources.api import Amount, Id, Loosely, Misshapen, Record, Text
from flows.sources.klaviyo.properties import normal
from flows.sources.klaviyo.records import Inside, Resource, Several, several


def _given(value: Any) -> Any:
    """An object without what is null or an empty text in it."""
    if isinstance(value, Mapping):
        return {name: one for name, one in value.items() if one is not None and one != ""}
    return {} if value is None else value


class Customer(Record):
    email: Text = None

    not_read = "first_name last_name phone_number"


class ConversationAttributes(Record):
    status: Text = None
    created_at: Text = None
    updated_at: Text = None
    channel: Loosely[Text] = None  # this and what follows since 2026-10-15.pre
    mode: Loosely[Text] = None
    customer: Loosely[Customer] = None


class ToMessages(Record):
    data: Several[Resource] = None

    not_read = "links meta"


class ConversationRelationships(Record):
    messages: Loosely[ToMessages] = Field(default=None, alias="customer-agent-messages")

    not_read = "customer-agent-conversation-contexts"


class Conversation(Record):
    id: Id
    attributes: Inside[ConversationAttributes] = ConversationAttributes()
    relationships: Loosely[ConversationRelationships] = None

    not_read = "type links"

    @property
    def listed(self) -> tuple[str, ...] | None:
        """The ids of its messages that it lists, sorted; None where it lists none of them nor an empty list."""
        listed = self.relationships.messages if self.relationships else None
        return tuple(sorted(one.id for one in listed.data)) if listed and listed.data is not None else None


class Thread(Record):
    """A conversation as the lake has it: `messages` are those that it lists, `missing` those that did not come."""

    id: Id
    attributes: Inside[ConversationAttributes] = ConversationAttributes()
    messages: tuple[str, ...] | None = None
    missing: Inside[tuple[str, ...]] = ()


class MessageAttributes(Record):
    role: Text = None
    content: Text = None
    created_at: Text = None
    updated_at: Text = None

    not_read = "images"


class Message(Record):
    id: Id
    attributes: Inside[MessageAttributes] = MessageAttributes()

    not_read = "type links relationships"


class SkillAttributes(Record):
    name: Text = None
    display_name: Text = None
    status: Text = "live"

    not_read = "countries created_at description handoff instructions references source updated_at"


class Skill(Record):
    id: Id
    attributes: Inside[SkillAttributes] = SkillAttributes()

    not_read = "type links relationships"


class ArticleTexts(Record):
    """What an article says, in its attributes or in its source; the names that are loose are documented nowhere."""

    title: Text = None
    name: Loosely[Text] = None
    file_name: Loosely[Text] = None
    question: Text = None
    url: Text = None
    page_url: Loosely[Text] = None
    content: Text = None
    text: Loosely[Text] = None
    body: Loosely[Text] = None
    snippet: Loosely[Text] = None
    answer: Text = None
    updated_at: Text = None
    indexed_at: Text = None

    @property
    def heading(self) -> str | None:
        return self.title or self.name or self.file_name or self.question

    @property
    def address(self) -> str | None:
        return self.url or self.page_url

    @property
    def whole_text(self) -> str | None:
        return self.content or self.text or self.body or self.snippet or self.answer

    @property
    def changed_at(self) -> str | None:
        return self.updated_at or self.indexed_at


class ArticleSource(ArticleTexts):
    not_read = """
        auto_reindex child_count exclude_prefixes indexed_child_count pending_child_count scope source_type
        """


class ArticleAttributes(ArticleTexts):
    source: Loosely[ArticleSource] = None
    status: Text = "indexed"

    not_read = "countries created_at error"


class Article(Record):
    id: Id
    attributes: Inside[ArticleAttributes] = ArticleAttributes()

    not_read = "type links relationships"


class Result(Record):
    """Figures of all conversations, or of a group of them."""

    groupings: Inside[dict[str, Text]] = {}  # noqa: RUF012  which is never written to
    statistics: Annotated[dict[str, Amount], BeforeValidator(_given)] = {}  # noqa: RUF012

    def group(self, name: str) -> str:
        """What it is of. Raises Misshapen: a figure that is of nothing would be that of everything."""
        if not (found := self.groupings.get(name)):
            raise Misshapen(f"a report does not say of which {name} a figure is")
        return found

    def figure(self, name: str) -> Decimal | None:
        """A statistic, None where it is not given."""
        return next((value for key, value in self.statistics.items() if normal(key) == normal(name)), None)


class ReportAttributes(Record):
    results: Annotated[tuple[Result, ...], BeforeValidator(several)]


class ReportData(Record):
    attributes: ReportAttributes

    not_read = "type id links relationships"


class Report(Record):
    data: ReportData

    not_read = "links included meta"
