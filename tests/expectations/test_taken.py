"""Columns that nothing compared with the rows they come from: an altered candidate passed the gate with them.

Only the checks of these columns are run, on copies in memory, and not the whole gate.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

import contract
from expectations import taken
from expectations.engines import DUCKDB
from expectations.names import names
from expectations.verdict import Scope, Thresholds
from tests.expectations.shop import AS_OF

TOPICS = "knowledge_gap_topics are named"
ONE = "where conversation_id = 'conversation-9'"
BREAKS = {
    "a text is blanked": (f"update messages set text = null {ONE} and position = 3", "messages says"),
    "a text is another": (f"update messages set text = 'Hello' {ONE} and position = 2", "messages says"),
    "a product was not recommended": (
        "update messages set recommended_product_ids = ['x'] where message_id = 'message-9-2'", "messages says",
    ),
    "a first question is null": (f"update conversations set first_question = null {ONE}", "conversations says"),
    "a name is another": (f"update conversations set profile_name = 'Eve' {ONE}", "conversations.profile_name"),
    "a shopper is another": (f"update conversations set profile_id = 'profile-1' {ONE}", "conversations says"),
    "somebody else closed it": (f"update conversations set closed_by = 'agent' {ONE}", "conversations says"),
    "a tag is another": (f"update conversations set tag = 'tag 1' {ONE}", "conversations says"),
    "a reason is another": (f"update conversations set escalation_reason = 'mood' {ONE}", "conversations says"),
    "a ticket is another": (f"update conversations set ticket_id = 'T-1' {ONE}", "conversations says"),
    "a skill is another": (f"update conversations set final_skill = 'orders' {ONE}", "conversations says"),
    "an email is another": ("update profiles set email = 'e@x.com' where profile_id = 'profile-9'", "profiles says"),
    "a profile has another name": ("update profiles set name = 'Eve' where profile_id = 'profile-9'", "profiles.name"),
    "a currency is another": ("update accounts set currency = 'USD' where account_id = 'shop-1'", "accounts says"),
    "a zone is another": ("update accounts set timezone = 'UTC' where account_id = 'shop-1'", "accounts says"),
    "a product has another title": ("update products set title = 'X' where product_id = 'product-9'", "products says"),
    "an article has another title": ("update articles set title = 'X' where account_id = 'shop-1'", "articles says"),
    "a click is on another product": (
        "update interactions set product_id = 'x' where interaction_id = 'interaction-9-1'", "interactions says",
    ),
    "a click is gone": (
        "delete from interactions where interaction_id = 'interaction-9-1'", "interactions are all",
    ),
    "a step has another ticket": (f"update handoff_steps set ticket_id = 'T-1' {ONE}", "handoff_steps says"),
    "a step is gone": (f"delete from handoff_steps {ONE}", "handoff_steps are all"),
    "a topic has another name": ("update knowledge_gap_topics set label = 'X' where account_id = 'shop-1'", TOPICS),
    "a topic stands for another question": (
        "update knowledge_gap_topics set representative_question = 'X' where account_id = 'shop-1'", TOPICS,
    ),
    "a topic has another score": (
        "update knowledge_gap_topics set coverage_score = 0.06 where account_id = 'shop-1'", TOPICS,
    ),
    "a topic has another article": (
        "update knowledge_gap_topics set best_article_id = null where account_id = 'shop-1'", TOPICS,
    ),
    "skills were used on another day": (
        "update daily_skill_usage set date = date + 1 where rowid = 0", "daily_skill_usage counts",
    ),
    "a skill has a conversation more": (
        "update daily_skill_usage set conversations = conversations + 1 where rowid = 0", "daily_skill_usage counts",
    ),
}  # fmt: skip


@pytest.fixture
def shop(files: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both files of a consistent candidate; what a test changes is taken back."""
    files.execute("use candidate.metrics; begin")
    yield files
    files.execute("rollback")


def contradicted(shop: duckdb.DuckDBPyConnection, scope: Scope = "all") -> list[str]:
    """The first words of the checks that do not hold."""
    filled = names(DUCKDB, scope, Thresholds(), as_of=AS_OF, earlier_as_of=AS_OF, published_load=0)
    sql = {check.name: filled.fill(check.sql) for check in taken.CHECKS}
    return [" ".join(name.split()[:3]) for name, one in sql.items() if shop.execute(one).fetchall()]


@pytest.mark.parametrize(("statement", "check"), BREAKS.values(), ids=BREAKS)
def test_a_column_that_is_not_what_its_row_says_is_found(
    shop: duckdb.DuckDBPyConnection, statement: str, check: str
) -> None:
    assert contradicted(shop) == []
    shop.execute(statement)
    assert any(name.startswith(check) for name in contradicted(shop))


def test_of_what_did_not_change_nothing_is_compared(files: duckdb.DuckDBPyConnection) -> None:
    files.execute("use work.intermediate; begin; insert into changed_conversations values ('shop-2', 'conversation-9')")
    filled = names(DUCKDB, "changed", Thresholds(), as_of=AS_OF, earlier_as_of=AS_OF, published_load=0)
    ((rows,),) = files.execute(f"select count(*) from {filled.taken['messages']}").fetchall()
    assert rows == 10
    assert contradicted(files, "changed") == []
    files.execute("rollback")


def test_columns_that_are_taken_are_there_under_the_same_name() -> None:
    for table in contract.metrics().values():
        if table.taken_from:
            assert set(table.taken_from.columns) <= {column.name for column in table.columns}, table.name
