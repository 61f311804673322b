"""Knowledge gaps: small tables that count the rows of others."""

from __future__ import annotations

from expectations.verdict import Check


def _by_published_articles(table: str) -> Check:
    return Check(
        table,
        f"{table} are covered by articles that are published",
        f"""
        select topics.* from {{checked[{table}]}} as topics
        left join {{metrics}}.articles as articles
            on topics.account_id = articles.account_id
            and topics.best_article_id = articles.article_id
            and articles.is_published
        where articles.article_id is null and (topics.best_article_id is not null or topics.coverage_score > 0)""",
        rule="8.3",
    )


CHECKS = [
    Check(
        "knowledge_gap_questions",
        "knowledge_gap_questions are messages of shoppers",
        # The grouping changes questions of conversations that are as they were: their messages were looked at before.
        """
        select questions.* from {checked[knowledge_gap_questions]} as questions
        semi join {checked[conversations]} as conversations
            on questions.account_id = conversations.account_id
            and questions.conversation_id = conversations.conversation_id
        anti join (select * from {checked[messages]} where sender = 'visitor') as messages
            on questions.account_id = messages.account_id
            and questions.message_id = messages.message_id
            and questions.conversation_id = messages.conversation_id
            and questions.asked_at = messages.sent_at""",
        rule="8.1",
    ),
    Check(
        "knowledge_gap_questions",
        "knowledge_gap_questions are covered from a score of 0.5 on, which is from 0 to 1",
        """
        select * from {checked[knowledge_gap_questions]}
        where coverage_score not between 0 and 1 or is_covered <> (coverage_score >= 0.5)""",
        rule="8.3",
    ),
    _by_published_articles("knowledge_gap_questions"),
    Check(
        "knowledge_gap_topics",
        "knowledge_gap_topics count the questions and conversations that belong to them",
        """
        select
            coalesce(topics.account_id, counted.account_id) as account_id,
            coalesce(topics.topic_id, counted.topic_id) as topic_id,
            topics.question_count, counted.questions, topics.conversation_count, counted.conversations,
            topics.handed_off_conversation_count
        from {metrics}.knowledge_gap_topics as topics
        full join (
            select
                account_id, topic_id, count(*) as questions, count(distinct conversation_id) as conversations,
                min(asked_at) as first_asked_at, max(asked_at) as last_asked_at
            from {metrics}.knowledge_gap_questions
            where topic_id is not null
            group by account_id, topic_id
        ) as counted
            on topics.account_id = counted.account_id and topics.topic_id = counted.topic_id
        where
            topics.question_count is distinct from counted.questions
            or topics.conversation_count is distinct from counted.conversations
            or topics.first_asked_at is distinct from counted.first_asked_at
            or topics.last_asked_at is distinct from counted.last_asked_at
            or topics.handed_off_conversation_count not between 0 and topics.conversation_count""",
        rule="8.2",
    ),
    Check(
        "knowledge_gap_topics",
        "knowledge_gap_topics are unanswered as their conversations say, where these are many enough",
        """
        select * from {metrics}.knowledge_gap_topics
        where
            coverage_score not between 0 and 1
            or (is_gap and not is_unanswered)
            or (is_unanswered and kind = 'knowledge' and not is_gap)
            or judged_unanswered_count not between 0 and judged_conversation_count
            or judged_conversation_count > conversation_count
            or (is_unanswered and judged_unanswered_count + 3 <= 0.2 * (judged_conversation_count + 3))
            or (not is_unanswered and judged_unanswered_count > 0.8 * (judged_conversation_count + 3))""",
        rule="8.3",
    ),
    Check(
        "knowledge_gap_questions",
        "knowledge_gap_questions are about a product that was named, or shown or clicked in the conversation before",
        """
        select questions.* from {checked[knowledge_gap_questions]} as questions
        where questions.product_id is not null and (
            questions.kind <> 'product'
            or not (
                exists (
                    select 1 from {metrics}.products as products
                    where
                        products.account_id = questions.account_id
                        and products.product_id = questions.product_id
                        and products.title is not null
                )
                or exists (
                    select 1 from {metrics}.interactions as clicked
                    where
                        clicked.account_id = questions.account_id
                        and clicked.conversation_id = questions.conversation_id
                        and clicked.product_id = questions.product_id
                        and clicked.occurred_at < questions.asked_at
                )
                or exists (
                    select 1 from {metrics}.messages as messages
                    where
                        messages.account_id = questions.account_id
                        and messages.conversation_id = questions.conversation_id
                        and array_contains(messages.recommended_product_ids, questions.product_id)
                        and messages.sent_at < questions.asked_at
                )
            )
        )""",
        rule="8.4",
    ),
    Check(
        "knowledge_gap_topics",
        "knowledge_gap_topics have the kind of most of their questions, and only knowledge is a gap",
        """
        with counted as (
            select
                account_id, topic_id, kind, count(*) as questions,
                sum(count(*)) over (partition by account_id, topic_id) as all_questions
            from {metrics}.knowledge_gap_questions
            where topic_id is not null
            group by account_id, topic_id, kind
        ),
        ranked as (
            select
                account_id, topic_id, kind,
                row_number() over (
                    partition by account_id, topic_id
                    order by
                        case when kind = 'other' and 4 * questions <= 3 * all_questions then 1 else 0 end,
                        questions desc,
                        case kind
                            when 'knowledge' then 1
                            when 'product' then 2
                            when 'order' then 3
                            when 'person' then 4
                            when 'complaint' then 5
                            else 6
                        end
                ) as place
            from counted
        ),
        most as (
            select account_id, topic_id, kind
            from ranked
            where place = 1
        )
        select topics.account_id, topics.topic_id, topics.kind, most.kind as kind_of_most, topics.is_gap
        from {metrics}.knowledge_gap_topics as topics
        left join most on topics.account_id = most.account_id and topics.topic_id = most.topic_id
        where topics.kind is distinct from most.kind or (topics.is_gap and topics.kind <> 'knowledge')""",
        rule="8.4",
    ),
    _by_published_articles("knowledge_gap_topics"),
    Check(
        "knowledge_gap_topics",
        "knowledge_gap_topics say of every gap where the work on it stands, and nothing that nobody decided",
        """
        select topics.* from {metrics}.knowledge_gap_topics as topics
        left join {metrics}.knowledge_gap_closures as closures
            on topics.account_id = closures.account_id
            and topics.topic_id = closures.topic_id
            and closures.reopened_at is null
        where
            (topics.state is null and (topics.is_gap or topics.decided_at is not null))
            or (topics.decided_at is null and (topics.state in ('assigned', 'dismissed') or topics.owner is not null))
            or (topics.decided_at is null and topics.note is not null)
            or (topics.decided_at is null and topics.state = 'open' and not topics.is_gap)
            or (topics.state = 'closed' and (topics.is_gap or closures.topic_id is null))
            or (topics.like_topic_id is not null and topics.state <> 'dismissed')
            or topics.like_topic_id = topics.topic_id""",
        rule="8.5",
    ),
    Check(
        "knowledge_gap_topics",
        "knowledge_gap_topics have the share of what went unanswered, and what is at stake, inside their intervals",
        """
        select * from {metrics}.knowledge_gap_topics
        where
            unanswered_conversation_count not between 0 and conversation_count
            or shopper_count not between 1 and conversation_count
            or abs(unanswered_share * conversation_count - unanswered_conversation_count) > 0.001
            or not (0 <= unanswered_share_low and unanswered_share_low <= unanswered_share + 1e-9)
            or not (unanswered_share <= unanswered_share_high + 1e-9 and unanswered_share_high <= 1)
            or (sales_at_stake is null) <> (sales_at_stake_low is null)
            or (sales_at_stake is null) <> (sales_at_stake_high is null)
            or not (0 <= sales_at_stake_low and sales_at_stake_low <= sales_at_stake)
            or sales_at_stake > sales_at_stake_high""",
        rule="8.6",
    ),
    Check(
        "knowledge_gap_totals",
        "knowledge_gap_totals count the questions and topics of every account",
        """
        select
            accounts.account_id, totals.question_count, totals.ungrouped_question_count,
            totals.unassigned_question_count, totals.unassigned_share, totals.topic_count, totals.gap_count,
            counted.questions, counted.in_none, topics.topics, topics.gaps
        from {metrics}.accounts as accounts
        left join {metrics}.knowledge_gap_totals as totals on accounts.account_id = totals.account_id
        left join (
            select account_id, count(*) as questions, count(*) - count(topic_id) as in_none
            from {metrics}.knowledge_gap_questions
            group by account_id
        ) as counted on accounts.account_id = counted.account_id
        left join (
            select account_id, count(*) as topics, count(*) filter (where is_gap) as gaps
            from {metrics}.knowledge_gap_topics
            group by account_id
        ) as topics on accounts.account_id = topics.account_id
        where
            totals.question_count is distinct from coalesce(counted.questions, 0)
            or totals.unassigned_question_count + totals.ungrouped_question_count
                is distinct from coalesce(counted.in_none, 0)
            or least(totals.unassigned_question_count, totals.ungrouped_question_count) < 0
            or totals.topic_count is distinct from coalesce(topics.topics, 0)
            or totals.gap_count is distinct from coalesce(topics.gaps, 0)
            or (totals.unassigned_share is null) <> (totals.question_count = totals.ungrouped_question_count)
            or abs(
                totals.unassigned_share * (totals.question_count - totals.ungrouped_question_count)
                - totals.unassigned_question_count
            ) > 0.001""",
        rule="8.2",
    ),
    Check(
        "knowledge_gap_closures",
        "knowledge_gap_closures count what was asked in the topic while the article covered it",
        """
        select
            closures.account_id, closures.topic_id, closures.closed_at, closures.reopened_at,
            closures.conversations_after, counted.conversations, closures.handed_off_after, counted.handed_off
        from {metrics}.knowledge_gap_closures as closures
        left join (
            select
                spans.account_id, spans.topic_id, spans.closed_at,
                count(*) as conversations,
                count(*) filter (where conversations.status {handed_off}) as handed_off
            from {metrics}.knowledge_gap_closures as spans
            join (
                select
                    questions.account_id, questions.topic_id, questions.conversation_id,
                    min(questions.asked_at) as first_asked_at
                from {metrics}.knowledge_gap_questions as questions
                semi join {metrics}.knowledge_gap_closures as closed
                    on questions.account_id = closed.account_id and questions.topic_id = closed.topic_id
                group by questions.account_id, questions.topic_id, questions.conversation_id
            ) as asked
                on spans.account_id = asked.account_id
                and spans.topic_id = asked.topic_id
                and asked.first_asked_at >= spans.closed_at
                and (spans.reopened_at is null or asked.first_asked_at < spans.reopened_at)
            join {metrics}.conversations as conversations
                on asked.account_id = conversations.account_id
                and asked.conversation_id = conversations.conversation_id
            group by spans.account_id, spans.topic_id, spans.closed_at
        ) as counted
            on closures.account_id = counted.account_id
            and closures.topic_id = counted.topic_id
            and closures.closed_at = counted.closed_at
        where
            closures.conversations_after <> coalesce(counted.conversations, 0)
            or closures.handed_off_after <> coalesce(counted.handed_off, 0)""",
        rule="8.3",
    ),
    Check(
        "knowledge_gap_closures",
        "knowledge_gap_closures have the rates of their counts, and a change inside its interval",
        """
        select * from {metrics}.knowledge_gap_closures
        where
            handed_off_before not between 0 and conversations_before
            or handed_off_after not between 0 and conversations_after
            or (handoff_rate_before is null) <> (conversations_before = 0)
            or (handoff_rate_after is null) <> (conversations_after = 0)
            or abs(handoff_rate_before * conversations_before - handed_off_before) > 0.001
            or abs(handoff_rate_after * conversations_after - handed_off_after) > 0.001
            or handoff_rate_change is distinct from handoff_rate_after - handoff_rate_before
            or (change_low is null) <> (handoff_rate_change is null)
            or (change_high is null) <> (handoff_rate_change is null)
            or not (-1 <= change_low and change_low <= handoff_rate_change)
            or not (handoff_rate_change <= change_high and change_high <= 1)""",
        rule="8.3",
    ),
    Check(
        "knowledge_gap_closures",
        "knowledge_gap_closures of a topic are open again before the next",
        """
        select * from (
            select
                *,
                lead(closed_at) over (partition by account_id, topic_id order by closed_at) as next_closed_at
            from {metrics}.knowledge_gap_closures
        ) as following
        where
            reopened_at <= closed_at
            or (next_closed_at is not null and (reopened_at is null or next_closed_at <= reopened_at))""",
        rule="8.3",
    ),
    Check(
        "knowledge_gap_topic_changes",
        "knowledge_gap_topic_changes name another topic unless the topic ended",
        """
        select * from {metrics}.knowledge_gap_topic_changes
        where (other_topic_id is null) <> (change = 'ended') or other_topic_id = topic_id""",
        rule="8.2",
    ),
]
