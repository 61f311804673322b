"""What is published of a row is what the row says: columns that are taken as they are, and names made of a profile.

Which columns these are, and of which model, the dictionary says (`taken_from`); one comparison of both tables covers
all of them.
"""

from __future__ import annotations

import contract
from expectations.shape import TABLES, quoted
from expectations.verdict import Check


def _taken(table: contract.Table, taken: contract.TakenFrom) -> Check:
    on = " and ".join(f"published.{quoted(name)} = taken.{quoted(name)}" for name in table.key)
    rows = ", ".join(f"taken.{quoted(name)} as {name}_of_the_row" for name in taken.columns)
    differs = " or ".join(f"published.{quoted(one)} is distinct from taken.{quoted(one)}" for one in taken.columns)
    return Check(
        table.name,
        f"{table.name} says what its row in {taken.model} says: {', '.join(taken.columns)}",
        f"""
        select published.*, {rows}
        from {{checked[{table.name}]}} as published
        left join {{taken[{table.name}]}} as taken on {on}
        where taken.{quoted(table.key[-1])} is null or {differs}""",
        rule="2.1",
    )


def _are_all(table: str) -> Check:
    (_, key) = TABLES[table].key
    return Check(
        table,
        f"{table} are all those that were delivered for the conversations",
        f"""
        select taken.account_id, taken.conversation_id, taken.{key}
        from {{taken[{table}]}} as taken
        semi join {{checked[conversations]}} as conversations
            on taken.account_id = conversations.account_id and taken.conversation_id = conversations.conversation_id
        anti join {{checked[{table}]}} as published
            on taken.account_id = published.account_id and taken.{key} = published.{key}
        where taken.occurred_at <= {{as_of}}""",
        rule="2.1",
    )


def _unless_blank(text: str) -> str:
    return f"case when trim(both ' ' from {text}) <> '' then {text} end"


CHECKS = [
    *(_taken(table, table.taken_from) for table in TABLES.values() if table.taken_from),
    _are_all("interactions"),
    _are_all("handoff_steps"),
    Check(
        "profiles",
        "profiles.name is the first and the last name",
        f"""
        select published.*, first_name, last_name
        from {{checked[profiles]}} as published
        join {{taken[profiles]}} as taken
            on published.account_id = taken.account_id and published.profile_id = taken.profile_id
        where name is distinct from
            nullif(concat_ws(' ', {_unless_blank("first_name")}, {_unless_blank("last_name")}), '')""",
        rule="3.9",
    ),
    Check(
        "conversations",
        "conversations.profile_name is that of the shopper",
        f"""
        select conversations.*, name, email, phone
        from {{checked[conversations]}} as conversations
        left join {{metrics}}.profiles as profiles
            on conversations.account_id = profiles.account_id and conversations.profile_id = profiles.profile_id
        where profile_name is distinct from
            coalesce(name, {_unless_blank("email")}, {_unless_blank("phone")}, 'Anonymous')""",
        rule="3.9",
    ),
    Check(
        "conversations",
        "conversations.first_question is the text of the shopper's first message",
        """
        select conversations.*, texts.text
        from {checked[conversations]} as conversations
        join (
            select
                account_id, conversation_id, text,
                row_number() over (partition by account_id, conversation_id order by position) as place
            from {checked[messages]}
            where sender = 'visitor'
        ) as texts
            on conversations.account_id = texts.account_id and conversations.conversation_id = texts.conversation_id
        where place = 1 and first_question is distinct from texts.text""",
        rule="3.8",
    ),
    Check(
        "knowledge_gap_topics",
        "knowledge_gap_topics are named, and covered by an article, as the grouping says",
        """
        select topics.*, names.label as label_of_the_grouping, names.coverage_score as score_of_the_grouping
        from {metrics}.knowledge_gap_topics as topics
        left join {topics}.topic_names as names
            on topics.account_id = names.account_id and topics.topic_id = names.topic_id
        where
            topics.label is distinct from names.label
            or topics.representative_question is distinct from names.representative_question
            or topics.best_article_id is distinct from names.best_article_id
            or topics.coverage_score is distinct from names.coverage_score""",
        rule="8.2",
    ),
    Check(
        "daily_skill_usage",
        "daily_skill_usage counts the messages and conversations of each date",
        """
        select
            coalesce(daily.account_id, used.account_id) as account_id, coalesce(daily.date, used.date) as date,
            coalesce(daily.channel, used.channel) as channel, coalesce(daily.skill, used.skill) as skill,
            daily.messages, used.messages as used_messages,
            daily.conversations, used.conversations as used_conversations
        from {checked[daily_skill_usage]} as daily
        full join (
            select
                account_id, date, channel, skill,
                sum(messages) as messages, count(distinct conversation_id) as conversations
            from {taken[daily_skill_usage]}
            group by account_id, date, channel, skill
        ) as used
            on daily.account_id = used.account_id and daily.date = used.date
            and daily.channel = used.channel and daily.skill = used.skill
        where
            daily.messages is distinct from used.messages
            or daily.conversations is distinct from used.conversations""",
        rule="6.4",
    ),
]
