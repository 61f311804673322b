"""Knowledge gaps and segments: small tables that count the rows of others."""

from __future__ import annotations

from expectations.verdict import Check

CHECKS = [
    Check(
        "knowledge_gap_questions",
        "knowledge_gap_questions are messages of shoppers",
        """
        select questions.* from {checked[knowledge_gap_questions]} as questions
        anti join (select * from {checked[messages]} where sender = 'visitor') as messages
            on questions.account_id = messages.account_id
            and questions.message_id = messages.message_id
            and questions.conversation_id = messages.conversation_id""",
        rule="8.1",
    ),
    Check(
        "knowledge_gap_topics",
        "knowledge_gap_topics count the questions and conversations that belong to them",
        """
        select
            coalesce(topics.account_id, counted.account_id) as account_id,
            coalesce(topics.topic_id, counted.topic_id) as topic_id,
            topics.question_count, counted.questions, topics.conversation_count, counted.conversations
        from {metrics}.knowledge_gap_topics as topics
        full join (
            select
                account_id, topic_id, count(*) as questions, count(distinct conversation_id) as conversations
            from {metrics}.knowledge_gap_questions
            group by account_id, topic_id
        ) as counted
            on topics.account_id = counted.account_id and topics.topic_id = counted.topic_id
        where
            coalesce(topics.question_count, -1) <> coalesce(counted.questions, 0)
            or coalesce(topics.conversation_count, -1) <> coalesce(counted.conversations, 0)
            or topics.handed_off_conversation_count > topics.conversation_count""",
        rule="8.2",
    ),
    Check(
        "segments",
        "segments count their members",
        """
        select
            coalesce(segments.account_id, counted.account_id) as account_id,
            coalesce(segments.segment, counted.segment) as segment,
            segments.member_count, counted.members
        from {metrics}.segments as segments
        full join (
            select account_id, segment, count(*) as members
            from {metrics}.segment_members
            group by account_id, segment
        ) as counted
            on segments.account_id = counted.account_id and segments.segment = counted.segment
        where coalesce(segments.member_count, -1) <> coalesce(counted.members, 0)""",
        rule="metrics.yml",
    ),
]
