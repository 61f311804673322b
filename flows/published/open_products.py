"""Products whose pages leave questions open: what shoppers asked about them and got no answer to (rule 8.4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from math import log
from typing import Any

from flows.ground.clock import utc_text
from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import published_account
from flows.published.filters import one_of
from flows.published.gap_draft import READ, shown
from flows.published.gaps import standing, visible
from flows.published.turns import Asked, stands_alone, turns_before
from flows.questions import context
from flows.warehouses.publication import Publication
from flows.warehouses.reader import Reader

AMONG = 50  # unanswered questions of a product, the newest, of which the clearest is its example
MIDDLE = 60  # characters of a question that is well read
PRODUCTS = """
select asked.account_id, asked.product_id, products.title, products.url, asked.questions, asked.unanswered,
    asked.unanswered_in
from (
    select account_id, product_id, count(*) as questions, count(*) filter (where is_unanswered) as unanswered,
        count(distinct conversation_id) filter (where is_unanswered) as unanswered_in
    from metrics.knowledge_gap_questions
    where product_id is not null and {of_account} and {meant}
    group by account_id, product_id
) as asked
left join metrics.products
    on products.account_id = asked.account_id and products.product_id = asked.product_id
where asked.unanswered > 0
order by asked.unanswered desc, asked.questions desc, asked.account_id, asked.product_id
limit {limit}
"""
UNANSWERED = """
with unanswered as (
    select account_id, product_id, message_id, conversation_id, asked_at,
        row_number() over (partition by account_id, product_id order by asked_at desc, message_id) as place
    from metrics.knowledge_gap_questions
    where is_unanswered and (account_id, product_id) in ({products}) and {meant}
)
select unanswered.account_id, unanswered.product_id, unanswered.conversation_id, unanswered.asked_at, {text}, {name}
from unanswered
left join metrics.messages
    on messages.account_id = unanswered.account_id and messages.message_id = unanswered.message_id
left join metrics.conversations
    on conversations.account_id = unanswered.account_id
    and conversations.conversation_id = unanswered.conversation_id
left join metrics.profiles
    on profiles.account_id = unanswered.account_id and profiles.profile_id = conversations.profile_id
where unanswered.place <= {among}
order by unanswered.account_id, unanswered.product_id, unanswered.place
"""


@dataclass(frozen=True)
class OpenProduct:
    """A product with unanswered questions, and in how many conversations they stand. `question` is the clearest of the
    newest of them, without what may name a person, in `conversation_id` at `asked_at`: one that stands alone, or else
    with the turn before it. It is None for a reader who may not see it, `title` and `url` where the product is not
    known (rule 2.3).
    """

    account: str
    product_id: str
    title: str | None
    url: str | None
    question_count: int
    unanswered_count: int
    unanswered_conversation_count: int
    question: str | None
    conversation_id: str
    asked_at: datetime

    def to_json_dict(self) -> dict[str, Any]:
        return {**asdict(self), "asked_at": utc_text(self.asked_at)}


@dataclass(frozen=True)
class _Example:
    """An unanswered question as it is shown; `stands` says whether it can without the turn before it."""

    asked: Asked
    text: str | None
    stands: bool

    @property
    def shown(self) -> str | None:
        return None if self.text is None else shown(self.text, [self.asked.name])

    @property
    def unclear(self) -> tuple[bool, float]:
        """The less, the clearer."""
        return not self.stands, abs(log(max(len(self.shown or ""), 1) / MIDDLE))


def open_products(
    reader: Reader,
    account: str | None,
    limit: int,
    *,
    dates: tuple[date, date] | None = None,
    channels: tuple[str, ...] = (),
) -> tuple[Publication, tuple[OpenProduct, ...]]:
    """Those with most unanswered questions: of one account, or of all; of the conversations that started on the local
    `dates`, both included, on these channels. Raises InputError for an unknown account, and before questions are
    published with their products.
    """
    publication = standing(reader)
    if account is not None:
        published_account(reader, account)
    if not reader.sees("metrics.knowledge_gap_questions", "product_id"):
        what = "the publication comes from a version that knew no products of questions"
        raise InputError(what, remedy="`agent-metrics run` builds and publishes them")
    of_account = "true" if account is None else f"account_id = {literal(account)}"
    meant = _meant(dates, channels)
    products = reader.rows(PRODUCTS.format(of_account=of_account, meant=meant, limit=literal(limit)))
    examples = _examples(reader, [(row[0], row[1]) for row in products], meant)
    return publication, tuple(
        OpenProduct(*(*row, question, asked.conversation_id, asked.asked_at))
        for row, (asked, question) in zip(products, examples, strict=True)
    )


def _meant(dates: tuple[date, date] | None, channels: tuple[str, ...]) -> str:
    """SQL: the conversation of a question started on these dates, and is of one of these channels."""
    parts = [f"started_on between {literal(dates[0])} and {literal(dates[1])}"] if dates else []
    parts += [f"channel in {one_of(channels)}"] if channels else []
    if not parts:
        return "true"
    among = f"select account_id, conversation_id from metrics.conversations where {' and '.join(parts)}"
    return f"(account_id, conversation_id) in ({among})"


def _examples(reader: Reader, products: Sequence[tuple[str, str]], meant: str) -> list[tuple[Asked, str | None]]:
    """The clearest unanswered question of each product, and its text."""
    if not products:
        return []
    text = visible(reader, "messages", "text", f"substr(messages.text, 1, {READ})")
    name = visible(reader, "profiles", "name", "profiles.name")
    among = ", ".join(f"({literal(account)}, {literal(product)})" for account, product in products)
    asked: dict[tuple[str, str], list[_Example]] = defaultdict(list)
    rows = reader.rows(UNANSWERED.format(products=among, meant=meant, text=text, name=name, among=AMONG))
    for of, product, conversation, asked_at, said, called in rows:
        stands = said is None or stands_alone(said, called)
        asked[of, product].append(_Example(Asked(of, conversation, asked_at, called), said, stands))
    clearest = [min(asked[product], key=lambda one: one.unclear) for product in products]
    earlier = turns_before(reader, [one.asked for one in clearest if not one.stands])
    return [(one.asked, _with(earlier.get(one.asked), one)) for one in clearest]


def _with(earlier: str | None, example: _Example) -> str | None:
    """A question as it is shown, with the turn that it is read with."""
    if earlier is None:
        return example.shown
    return context.together(shown(earlier, [example.asked.name]), example.shown or "")
