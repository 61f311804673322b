"""Products whose pages leave questions open: what shoppers asked about them and got no answer to (rule 8.4)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from flows.ground.clock import utc_text
from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.gaps import standing, visible
from flows.warehouses.publication import Publication
from flows.warehouses.reader import Reader

QUESTION = 300  # characters
PRODUCTS = """
with asked as (
    select account_id, product_id, message_id, conversation_id, asked_at, is_unanswered
    from metrics.knowledge_gap_questions
    where product_id is not null and {of_account}
),
counted as (
    select account_id, product_id, count(*) as questions, count(*) filter (where is_unanswered) as unanswered
    from asked
    group by account_id, product_id
),
newest as (
    select account_id, product_id, message_id, conversation_id, asked_at,
        row_number() over (partition by account_id, product_id order by asked_at desc, message_id) as place
    from asked
    where is_unanswered
)
select counted.account_id, counted.product_id, products.title, products.url, counted.questions, counted.unanswered,
    {question}, newest.conversation_id, newest.asked_at
from counted
inner join newest
    on newest.account_id = counted.account_id and newest.product_id = counted.product_id and newest.place = 1
left join metrics.products
    on products.account_id = counted.account_id and products.product_id = counted.product_id
left join metrics.messages
    on messages.account_id = newest.account_id and messages.message_id = newest.message_id
order by counted.unanswered desc, counted.questions desc, counted.account_id, counted.product_id
limit {limit}
"""


@dataclass(frozen=True)
class OpenProduct:
    """A product with unanswered questions. `question` is the newest of them, in `conversation_id` at `asked_at`; it is
    None for a reader who may not see it, `title` and `url` where the product is not known (rule 2.3).
    """

    account: str
    product_id: str
    title: str | None
    url: str | None
    question_count: int
    unanswered_count: int
    question: str | None
    conversation_id: str
    asked_at: datetime

    def to_json_dict(self) -> dict[str, Any]:
        return {**asdict(self), "asked_at": utc_text(self.asked_at)}


def open_products(reader: Reader, account: str | None, limit: int) -> tuple[Publication, tuple[OpenProduct, ...]]:
    """Those with most unanswered questions: of one account, or of all. Raises InputError before questions are published
    with their products.
    """
    publication = standing(reader)
    if not reader.sees("metrics.knowledge_gap_questions", "product_id"):
        what = "the publication comes from a version that knew no products of questions"
        raise InputError(what, remedy="`agent-metrics run` builds and publishes them")
    of_account = "true" if account is None else f"account_id = {literal(account)}"
    question = visible(reader, "messages", "text", f"substr(messages.text, 1, {QUESTION})")
    query = PRODUCTS.format(of_account=of_account, question=question, limit=literal(limit))
    return publication, tuple(OpenProduct(*row) for row in reader.rows(query))
