"""One thing at a time is broken in a consistent candidate: exactly the checks that speak of it fail."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import duckdb
import pytest

from expectations import gate
from expectations.engines import DUCKDB
from expectations.gate import Outcome
from expectations.names import names
from expectations.on_duckdb import found_by
from expectations.verdict import Asked
from tests.expectations.conftest import Shop
from tests.expectations.shop import AS_OF

ALTERED = re.compile(r"(?:update|insert into|delete from|alter table|drop table) (\w+)")  # the tables of a statement

PARTS = 5  # of all breaks: those of a part are in one candidate

# Conversation 9 is routed and has an order, 2 is resolved and has one. A check is named by its first words.
BREAKS = {
    "a column is missing": (
        "alter table segments drop column description",
        ["segments has the columns"],
    ),
    "a type is another": (
        "alter table skills alter messages type integer",
        ["skills has the columns"],
    ),
    "a row stands twice": (
        "insert into messages select * from messages where message_id = 'message-9-3'",
        ["messages has one row", "conversations count the messages", "messages are all", "messages.position"],
    ),
    "a grain has a gap": (
        "update knowledge_gap_topics set is_gap = null where account_id = 'shop-2'",
        ["knowledge_gap_topics has no nulls", "knowledge_gap_totals count"],
    ),
    "a value is not in the contract": (
        "update conversations set closed_by = 'somebody' where conversation_id = 'conversation-9'",
        ["conversations.closed_by is one of", "conversations says"],
    ),
    "a conversation has no status": (
        "update conversations set status = null where conversation_id = 'conversation-9'",
        [
            "conversations has no nulls", "conversations.legacy_status", "conversations.handoff_method",
            "agent_events has one conversation_escalated", "daily_performance counts", "daily_performance sums up",
            "daily_performance and conversations",
        ],
    ),
    "something happens after as-of": (
        "update conversations set last_message_at = '2026-07-02', closed_at = '2026-07-04'"
        " where conversation_id = 'conversation-9'",
        ["conversations has nothing after", "conversations start with", "conversations says"],
    ),
    "a conversation is gone": (
        "delete from conversations where conversation_id = 'conversation-9'",
        [
            "conversations are all", "messages belong to conv", "interactions belong to conv",
            "handoff_steps belong to conv", "agent_events belong to conv", "attributed_order_lines belong to conv",
            "knowledge_gap_questions belong to conv", "agent_events has one conversation_started",
            "tickets say how", "agent_events has one conversation_escalated", "conversations sum up",
            "daily_performance counts", "daily_performance sums up", "daily_performance and conversations",
            "reconciled_figures compare", "follow_ups tell of", "handoffs say of their conversation",
        ],
    ),
    "an account is gone": (
        "delete from accounts where account_id = 'shop-2'",
        [
            f"{table} belong to accounts"
            for table in (
                "profiles", "products", "articles", "conversations", "tickets", "orders", "order_lines",
                "daily_performance", "daily_skill_usage", "skills", "knowledge_gap_topics", "knowledge_gap_closures",
                "knowledge_gap_topic_changes", "knowledge_gap_totals", "segments", "segment_members",
                "segment_changes", "follow_ups", "reconciled_figures", "handoffs",
            )
        ],
    ),
    "who came back is not told": (
        "update conversations set is_recontacted = false, recontacted_at = null, recontacted_by = null,"
        " recontact_id = null where conversation_id = 'conversation-2'",
        ["conversations are recontacted", "daily_performance counts"],
    ),
    "a shopper came back at another instant": (
        "update conversations set recontacted_at = recontacted_at - to_seconds(1)"
        " where conversation_id = 'conversation-2'",
        ["conversations that are recontacted"],
    ),
    "a shopper came back with nothing": (
        "update conversations set recontact_id = null where conversation_id = 'conversation-2'",
        ["conversations.is_recontacted", "conversations that are recontacted"],
    ),
    "an open conversation is asked for": (
        "update conversations set is_recontacted = false where conversation_id = 'conversation-24'",
        ["conversations.is_recontacted"],
    ),
    "a day counts one more who came back": (
        "update daily_performance set recontacted_conversations = 2 where recontacted_conversations = 1",
        ["daily_performance counts"],
    ),
    "a conversation is sent elsewhere by a person": (
        "update conversations set is_deflected = true where conversation_id = 'conversation-9'",
        ["conversations that are deflected", "conversations says", "daily_performance counts"],
    ),
    "a day counts one more that was sent elsewhere": (
        "update daily_performance set deflected_conversations = deflected_conversations + 1"
        " where deflected_conversations = 1 and channel = 'sms' and status = 'closed'",
        ["daily_performance counts"],
    ),
    "an open conversation is said to run": (
        "update conversations set open_reason = 'running' where conversation_id = 'conversation-24'",
        ["conversations.open_reason", "conversations says", "daily_performance counts"],
    ),
    "a conversation that the agent answered is said to be unanswered": (
        "update messages set sender = 'agent' where conversation_id = 'conversation-24' and position = 10",
        ["conversations.open_reason", "conversations count the messages", "messages says"],
    ),
    "a day counts one more that nobody answered": (
        "update daily_performance set unanswered_conversations = unanswered_conversations + 1"
        " where unanswered_conversations = 1 and channel = 'sms'",
        ["daily_performance counts"],
    ),
    "a day counts some that run": (
        "update daily_performance set running_conversations = 1 where unanswered_conversations = 1",
        ["daily_performance counts"],
    ),
    "a message is gone": (
        "delete from messages where message_id = 'message-9-5'",
        ["messages are all", "messages.position"],
    ),
    "a thread is in another order": (
        "update messages set position = 11 - position where conversation_id = 'conversation-9'",
        ["messages.position", "conversations.first_question"],
    ),
    "a message count is another": (
        "update conversations set agent_message_count = 6 where conversation_id = 'conversation-9'",
        ["conversations count the messages"],
    ),
    "a conversation starts before its first message": (
        "update conversations set started_at = started_at - interval '1' microsecond"
        " where conversation_id = 'conversation-9'",
        ["conversations start with", "agent_events has one conversation_started"],
    ),
    "a date is of another timezone": (
        "update conversations set started_on = started_on + 1 where conversation_id = 'conversation-9'",
        ["conversations.started_on", "daily_performance counts"],
    ),
    "a message is dated a day late": (
        "update messages set sent_on = sent_on + 1 where message_id = 'message-9-5'",
        ["messages.sent_on"],
    ),
    "a click is dated a day early": (
        "update interactions set occurred_on = occurred_on - 1 where interaction_id = 'interaction-9-1'",
        ["interactions.occurred_on"],
    ),
    "a status is not what happened": (
        "update conversations set status = 'resolved' where conversation_id = 'conversation-9'",
        [
            "conversations are routed or closed", "conversations.legacy_status", "conversations.handoff_method",
            "conversations.is_recontacted stands",
            "agent_events has one conversation_resolved", "agent_events has one conversation_escalated",
            "daily_performance counts", "daily_performance sums up", "daily_performance and conversations",
        ],
    ),
    "a hand-off is gone": (
        "delete from handoff_steps where conversation_id = 'conversation-9'",
        [
            "conversations are routed or closed", "handoff_steps are all", "tickets of a conversation",
            "handoffs are all", "handoffs that went as an event",
        ],
    ),
    "a ticket's conversation was found by nothing": (
        "update tickets set matched_by = null where conversation_id = 'conversation-9'",
        ["tickets say how", "tickets says", "handoffs say of their ticket"],
    ),
    "a ticket is dated a day late": (
        "update tickets set created_on = created_on + 1 where conversation_id = 'conversation-9'",
        ["tickets.created_on"],
    ),
    "a hand-off's date is another": (
        "update handoffs set began_on = began_on + 1 where conversation_id = 'conversation-9'",
        ["handoffs.began_on"],
    ),
    "a hand-off began later": (
        "update handoffs set accepted_at = accepted_at + interval '1' microsecond"
        " where conversation_id = 'conversation-9'",
        ["handoffs are all"],
    ),
    "a hand-off stands for nothing": (
        "update handoffs set reason = 'mood' where conversation_id = 'conversation-9'",
        ["handoffs say of their conversation"],
    ),
    "a hand-off's ticket was liked by nobody": (
        "update handoffs set satisfaction = 'bad' where conversation_id = 'conversation-9'",
        ["handoffs say of their ticket"],
    ),
    "a hand-off that was answered is lost": (
        "update handoffs set outcome = 'lost' where conversation_id = 'conversation-9'",
        ["handoffs have the outcome"],
    ),
    "a message of ours was never due": (
        "delete from handoff_steps where is_derived and type = 'message_sent'",
        ["handoff_steps are all", "handoffs that went as an event"],
    ),
    "a hand-off went as an event at another instant": (
        "update handoff_steps set occurred_at = occurred_at - to_seconds(1) where is_derived and type = 'message_sent'",
        ["handoff_steps says", "handoffs that went as an event"],
    ),
    "a shopper who was shown a message is said to be with the team": (
        "update handoffs set outcome = 'not_known', outcome_reason = null where outcome = 'no_person'",
        ["handoffs without a ticket"],
    ),
    "a shopper waits for ever": (
        "update handoffs set outcome = 'waiting', outcome_reason = null where outcome = 'no_person'",
        ["handoffs wait until"],
    ),
    "a shopper with an email has none": (
        "update handoffs set outcome_reason = 'no_email' where outcome = 'no_person'",
        ["handoffs.outcome_reason"],
    ),
    "a minute is missing": (
        "update handoffs set minutes_to_reply = 3 where conversation_id = 'conversation-9'",
        ["handoffs count the minutes"],
    ),
    "more minutes within business hours than there are": (
        "update handoffs set business_minutes_to_reply = 3 where account_id = 'shop-1' and outcome = 'answered'",
        ["handoffs have no more minutes"],
    ),
    "minutes within business hours that nobody has": (
        "update handoffs set is_within_business_hours = true where account_id = 'shop-2'",
        ["handoffs have no more minutes"],
    ),
    "a legacy status is another": (
        "update conversations set legacy_status = 'open' where conversation_id = 'conversation-9'",
        ["conversations.legacy_status"],
    ),
    "a method is another": (
        "update conversations set handoff_method = 'message' where conversation_id = 'conversation-9'",
        ["conversations.handoff_method", "handoffs say of their conversation"],
    ),
    "a reason without a hand-off": (
        "update conversations set escalation_reason = 'mood' where conversation_id = 'conversation-2'",
        ["conversations.handoff_method", "conversations says"],
    ),
    "closed by nobody": (
        "update conversations set closed_by = null where conversation_id = 'conversation-9'",
        ["conversations that are closed", "conversations says"],
    ),
    "closed a microsecond too late": (
        "update conversations set closed_at = closed_at + interval '1' microsecond"
        " where conversation_id = 'conversation-9'",
        ["conversations time out", "conversations says"],
    ),
    "not closed though it timed out": (
        "update conversations set closed_at = null, closed_by = null where conversation_id = 'conversation-9'",
        ["conversations time out", "conversations says"],
    ),
    "a click is gone": (
        "delete from interactions where interaction_id = 'interaction-9-1'",
        ["conversations count the clicks", "interactions are all"],
    ),
    "a cart holds more": (
        "update interactions set quantity = 5 where interaction_id = 'interaction-9-2'",
        ["conversations count the clicks", "interactions says"],
    ),
    "an event is gone": (
        "delete from agent_events where event_id = 'conversation-9/conversation_escalated'",
        ["agent_events has one conversation_escalated"],
    ),
    "an event stands twice under two ids": (
        "insert into agent_events select * replace ('other' as event_id)"
        " from agent_events where event_id = 'conversation-9/conversation_started'",
        ["agent_events has one conversation_started"],
    ),
    "an event is late": (
        "update agent_events set occurred_at = occurred_at + interval '1' microsecond"
        " where event_id = 'conversation-2/conversation_resolved'",
        ["agent_events has one conversation_resolved"],
    ),
    "a recommendation is untold": (
        "delete from agent_events where event_id = 'conversation-9/product_recommended/message-9-4'",
        ["agent_events has one product_recommended"],
    ),
    "an event has another name": (
        "update agent_events set event_name = 'Hello' where event_id = 'conversation-9/conversation_started'",
        ["agent_events.event_name"],
    ),
    "a line is of another product": (
        "update attributed_order_lines set product_id = 'product-extra' where order_line_id = 'line-2'",
        [
            "attributed_order_lines are order_lines",
            "attributed_order_lines come from", "attributed_order_lines are lines of",
        ],
    ),
    "a line is of another shopper's conversation": (
        "update attributed_order_lines set conversation_id = 'conversation-66' where order_line_id = 'line-2'",
        ["attributed_order_lines come from", "conversations sum up", "daily_performance sums up"],
    ),
    "a line is of another shopper": (
        "update attributed_order_lines set profile_id = 'profile-1' where order_line_id = 'line-2'",
        ["attributed_order_lines belong to the shopper"],
    ),
    "a line was placed before its touch": (
        "update attributed_order_lines set placed_at = touched_at - interval '1' microsecond"
        " where order_line_id = 'line-2'",
        [
            "attributed_order_lines are order_lines",
            "attributed_order_lines were placed", "attributed_order_lines are lines of",
        ],
    ),
    "a line is worth more than was paid": (
        "update attributed_order_lines set revenue = revenue + 0.0001 where order_line_id = 'line-2'",
        [
            "attributed_order_lines are order_lines",
            "attributed_order_lines are worth", "conversations sum up", "daily_performance sums up",
        ],
    ),
    "a cancelled order is worth something": (
        "update attributed_order_lines set net_revenue = 0.0001 where order_line_id = 'line-9'",
        [
            "attributed_order_lines are order_lines",
            "attributed_order_lines are worth", "conversations sum up", "daily_performance sums up",
        ],
    ),
    "a line is in another currency": (
        "update attributed_order_lines set currency = 'USD' where order_line_id = 'line-2'",
        ["attributed_order_lines are lines of"],
    ),
    "a line is gone": (
        "delete from attributed_order_lines where order_line_id = 'line-2'",
        ["conversations sum up", "daily_performance sums up"],
    ),
    "a day counts more conversations": (
        "update daily_performance set conversations = conversations + 1 where rowid = 0",
        ["daily_performance counts", "daily_performance and conversations"],
    ),
    "a day counts more clicks": (
        "update daily_performance set link_clicks = link_clicks + 1 where rowid = 0",
        ["daily_performance and conversations"],
    ),
    "a day counts more orders": (
        "update daily_performance set attributed_orders = attributed_orders + 1 where rowid = 0",
        ["daily_performance sums up"],
    ),
    "a day of a skill counts more": (
        "update daily_skill_usage set messages = messages + 1 where rowid = 0",
        ["daily_skill_usage and", "skills has a row", "daily_skill_usage counts"],
    ),
    "a used skill is gone": (
        "delete from skills where rowid = 0",
        ["skills has a row"],
    ),
    "a skill is listed that is neither available nor used": (
        "insert into skills values ('shop-1', 'old', 'Old', false, 0, 0)",
        ["skills has a row"],
    ),
    "the agent asks a question": (
        "update knowledge_gap_questions set message_id = 'message-9-2' where message_id = 'message-9-1'",
        ["knowledge_gap_questions are messages"],
    ),
    "a question was asked at another instant": (
        "update knowledge_gap_questions set asked_at = asked_at + interval '1' microsecond"
        " where message_id = 'message-9-1'",
        ["knowledge_gap_questions are messages"],
    ),
    "a question is covered below the line": (
        "update knowledge_gap_questions set is_covered = true where message_id = 'message-9-1'",
        ["knowledge_gap_questions are covered from"],
    ),
    "a question is covered more than wholly": (
        "update knowledge_gap_questions set coverage_score = 1.01, is_covered = true where message_id = 'message-9-1'",
        ["knowledge_gap_questions are covered from"],
    ),
    "a question is covered by nothing": (
        "update knowledge_gap_questions set best_article_id = null where message_id = 'message-9-1'",
        ["knowledge_gap_questions are covered by"],
    ),
    "the article that covers is gone": (
        "update articles set is_published = false where account_id = 'shop-1'",
        ["knowledge_gap_questions are covered by", "knowledge_gap_topics are covered by", "articles says"],
    ),
    "a topic counts other questions": (
        "update knowledge_gap_topics set question_count = 1 where account_id = 'shop-1'",
        ["knowledge_gap_topics count"],
    ),
    "a topic is not there": (
        "delete from knowledge_gap_topics where account_id = 'shop-1'",
        ["knowledge_gap_topics count", "knowledge_gap_totals count"],
    ),
    "nobody asked in a topic": (
        "insert into knowledge_gap_topics select * replace ('topic-9' as topic_id) from knowledge_gap_topics"
        " where account_id = 'shop-1'; update knowledge_gap_totals set topic_count = 2, gap_count = 2"
        " where account_id = 'shop-1'",
        ["knowledge_gap_topics count", "knowledge_gap_topics have the kind", "knowledge_gap_topics are named"],
    ),
    "a topic was first asked later": (
        "update knowledge_gap_topics set first_asked_at = last_asked_at where account_id = 'shop-1'",
        ["knowledge_gap_topics count"],
    ),
    "more was handed off than asked": (
        "update knowledge_gap_topics set handed_off_conversation_count = conversation_count + 1"
        " where account_id = 'shop-1'",
        ["knowledge_gap_topics count"],
    ),
    "a topic is closed though nobody was answered": (
        "update knowledge_gap_topics set is_gap = false, is_unanswered = false where account_id = 'shop-1';"
        "update knowledge_gap_totals set gap_count = 0 where account_id = 'shop-1'",
        ["knowledge_gap_topics are unanswered", "knowledge_gap_topics say"],
    ),
    "a topic was assigned by nobody": (
        "update knowledge_gap_topics set state = 'assigned' where account_id = 'shop-1'",
        ["knowledge_gap_topics say"],
    ),
    "more conversations went unanswered than there are": (
        "update knowledge_gap_topics set unanswered_conversation_count = conversation_count + 1"
        " where account_id = 'shop-1'",
        ["knowledge_gap_topics have"],
    ),
    "nobody asked": (
        "update knowledge_gap_topics set shopper_count = 0 where account_id = 'shop-1'",
        ["knowledge_gap_topics have"],
    ),
    "sales lie outside their interval": (
        "update knowledge_gap_topics set sales_at_stake_low = 11 where account_id = 'shop-1'",
        ["knowledge_gap_topics have"],
    ),
    "sales have half an interval": (
        "update knowledge_gap_topics set sales_at_stake_high = null where account_id = 'shop-1'",
        ["knowledge_gap_topics have"],
    ),
    "a gap is closed": (
        "update knowledge_gap_topics set state = 'closed' where account_id = 'shop-1'",
        ["knowledge_gap_topics say"],
    ),
    "a gap has no state": (
        "update knowledge_gap_topics set state = null where account_id = 'shop-1'",
        ["knowledge_gap_topics say"],
    ),
    "an open topic is like a dismissed one": (
        "update knowledge_gap_topics set like_topic_id = 'topic-2' where account_id = 'shop-1'",
        ["knowledge_gap_topics say"],
    ),
    "a topic is a gap though everybody was answered": (
        "update knowledge_gap_topics set judged_unanswered_count = 0 where account_id = 'shop-1'",
        ["knowledge_gap_topics are unanswered"],
    ),
    "a topic is a gap and answered": (
        "update knowledge_gap_topics set is_unanswered = false, judged_unanswered_count = 0"
        " where account_id = 'shop-1'",
        ["knowledge_gap_topics are unanswered"],
    ),
    "more conversations are judged than there are": (
        "update knowledge_gap_topics set judged_conversation_count = conversation_count + 1"
        " where account_id = 'shop-1'",
        ["knowledge_gap_topics are unanswered"],
    ),
    "a topic is of another kind than its questions": (
        "update knowledge_gap_topics set kind = 'other', is_gap = false, state = null where account_id = 'shop-1';"
        "update knowledge_gap_totals set gap_count = 0 where account_id = 'shop-1'",
        ["knowledge_gap_topics have the kind"],
    ),
    "a request for a person is a gap": (
        "update knowledge_gap_topics set kind = 'person' where account_id = 'shop-1';"
        "update knowledge_gap_questions set kind = 'person' where account_id = 'shop-1'",
        ["knowledge_gap_topics have the kind"],
    ),
    "a question is about a product that nobody showed": (
        "update knowledge_gap_questions set kind = 'product', product_id = 'product-99'"
        " where message_id = 'message-9-1'",
        ["knowledge_gap_questions are about a product"],
    ),
    "a question of another kind is about a product": (
        "update knowledge_gap_questions set product_id = (select min(product_id) from products)"
        " where message_id = 'message-9-1'",
        ["knowledge_gap_questions are about a product"],
    ),
    "a question is of no kind": (
        "update knowledge_gap_questions set kind = 'tells' where message_id = 'message-9-1'",
        ["knowledge_gap_questions.kind is one of"],
    ),
    "an account has no totals": (
        "delete from knowledge_gap_totals where account_id = 'shop-1'",
        ["knowledge_gap_totals count"],
    ),
    "a total counts fewer questions in no topic": (
        "update knowledge_gap_totals set unassigned_question_count = 0, unassigned_share = 0"
        " where account_id = 'shop-2'",
        ["knowledge_gap_totals count"],
    ),
    "a total has questions that are in a topic as not grouped yet": (
        "update knowledge_gap_totals set ungrouped_question_count = 1 where account_id = 'shop-1'",
        ["knowledge_gap_totals count"],
    ),
    "a share is another": (
        "update knowledge_gap_totals set unassigned_share = unassigned_share + 0.01 where account_id = 'shop-1'",
        ["knowledge_gap_totals count"],
    ),
    "a closure counts more conversations": (
        "update knowledge_gap_closures set conversations_after = conversations_after + 1,"
        " handoff_rate_after = handed_off_after / (conversations_after + 1),"
        " handoff_rate_change = handed_off_after / (conversations_after + 1) - handoff_rate_before"
        " where account_id = 'shop-1'",
        ["knowledge_gap_closures count"],
    ),
    "a closure has another rate": (
        "update knowledge_gap_closures set handoff_rate_before = 0.99 where account_id = 'shop-1'",
        ["knowledge_gap_closures have"],
    ),
    "a change is outside its interval": (
        "update knowledge_gap_closures set change_low = change_high where account_id = 'shop-1'",
        ["knowledge_gap_closures have"],
    ),
    "a change has no interval": (
        "update knowledge_gap_closures set change_high = null where account_id = 'shop-1'",
        ["knowledge_gap_closures have"],
    ),
    "a topic is closed twice at once": (
        "insert into knowledge_gap_closures select * replace (closed_at + interval '1' microsecond as closed_at)"
        " from knowledge_gap_closures where account_id = 'shop-1'",
        ["knowledge_gap_closures of"],
    ),
    "a topic went into itself": (
        "update knowledge_gap_topic_changes set other_topic_id = topic_id where account_id = 'shop-1'",
        ["knowledge_gap_topic_changes name"],
    ),
    "a topic ended in another": (
        "update knowledge_gap_topic_changes set change = 'ended' where account_id = 'shop-1'",
        ["knowledge_gap_topic_changes name"],
    ),
    "our figure is not what is published": (
        "update reconciled_figures set ours = ours + 1 where account_id = 'shop-1'",
        ["reconciled_figures compare"],
    ),
    "a difference is another": (
        "update reconciled_figures set difference = 1 where account_id = 'shop-1'",
        ["reconciled_figures compare"],
    ),
    "a figure is not what was reported": (
        "update reconciled_figures set theirs = theirs + 1, difference = difference - 1 where account_id = 'shop-1'",
        ["reconciled_figures are all"],
    ),
    "a reported figure is gone": (
        "delete from reconciled_figures where account_id = 'shop-1'",
        ["reconciled_figures are all"],
    ),
    "a row waits for a conversation that counts": (
        "insert into held_back_rows values"
        " ('shop-2', 'messages', 'm', 'conversations', 'conversation-9', 'files', '2026-06-30')",
        ["held_back_rows wait for parents"],
    ),
    "a row waits for an account that counts": (
        "insert into held_back_rows values ('shop-2', 'profiles', 'p', 'accounts', 'shop-2', 'files', '2026-06-30')",
        ["held_back_rows wait for parents"],
    ),
    "a row waits for another table": (
        "insert into held_back_rows values ('shop-2', 'messages', 'm', 'profiles', 'p', 'files', '2026-06-30')",
        ["held_back_rows.parent_table is one of"],
    ),
    "a segment counts other members": (
        "delete from segment_members where profile_id = 'profile-1'",
        ["segments count", "segment_changes end"],
    ),
    "a member has another's address": (
        "update segment_members set email = 'ann@mail.example' where profile_id = 'profile-1'",
        ["segment_members are known"],
    ),
    "somebody without a phone can be reached there": (
        "update segment_members set sms_reach = 'reachable' where profile_id = 'profile-1'",
        ["segment_members can be reached"],
    ),
    "a segment that does not suppress holds somebody back": (
        """update segments set is_suppressing = false where segment = 'all';
        update segment_members set suppressed_by = 'open_ticket' where profile_id = 'profile-1'""",
        ["segment_members are held back"],
    ),
    "a member has left": (
        "update segment_changes set change = 'left' where profile_id = 'profile-1'",
        ["segment_changes end"],
    ),
    "a follow-up is of an earlier recommendation": (
        "update follow_ups set recommended_at = recommended_at - interval '3' minute,"
        " due_at = due_at - interval '3' minute where conversation_id = 'conversation-101'",
        ["follow_ups tell of"],
    ),
    "a follow-up names other products": (
        "update follow_ups set product_ids = ['product-extra'] where conversation_id = 'conversation-101'",
        ["follow_ups tell of"],
    ),
    "a follow-up is of another shopper": (
        "update follow_ups set profile_id = 'profile-103' where conversation_id = 'conversation-101'",
        ["follow_ups tell of", "follow_ups of a shopper"],
    ),
    "a follow-up is due at once": (
        "update follow_ups set due_at = recommended_at, state = 'cancelled', reason = 'expired'"
        " where conversation_id = 'conversation-101'",
        ["follow_ups are due the hours"],
    ),
    "a follow-up is due before its time": (
        "update follow_ups set state = 'due' where state = 'waiting'",
        ["follow_ups have the state"],
    ),
    "a follow-up that is due waits": (
        "update follow_ups set state = 'waiting' where state = 'due'",
        ["follow_ups have the state"],
    ),
    "a follow-up is cancelled for nothing": (
        "update follow_ups set state = 'cancelled' where state = 'due'",
        ["follow_ups have the state"],
    ),
    "a follow-up expires early": (
        "update follow_ups set state = 'cancelled', reason = 'expired' where state = 'due'",
        ["follow_ups have the state"],
    ),
    "a follow-up is due for more than a day": (
        "update follow_ups set state = 'due', reason = null where conversation_id = 'conversation-6'",
        ["follow_ups have the state"],
    ),
    "a follow-up is sent without the ledger": (
        "update follow_ups set state = 'sent', sent_at = recommended_at + interval '1' hour where state = 'due'",
        ["follow_ups were sent"],
    ),
    "a follow-up that was sent is due again": (
        "update follow_ups set state = 'cancelled', reason = 'order', sent_at = null where state = 'sent'",
        ["follow_ups were sent"],
    ),
    "a follow-up was sent and does not say when": (
        "update follow_ups set sent_at = null where state = 'sent'",
        ["follow_ups were sent"],
    ),
    "an order cancels no follow-up": (
        "update follow_ups set reason = 'expired' where conversation_id = 'conversation-2'",
        ["follow_ups are cancelled"],
    ),
    "an order that never came cancels a follow-up": (
        "update follow_ups set state = 'cancelled', reason = 'order' where state = 'due'",
        ["follow_ups are cancelled"],
    ),
    "a shopper who waits for a person is written to": (
        "update follow_ups set state = 'waiting', reason = null where reason = 'open_ticket' and due_at > '2026-07-01';"
        "update follow_ups set state = 'due', reason = null where reason = 'open_ticket'",
        ["follow_ups go to"],
    ),
    "a shopper who can be reached is not": (
        "update follow_ups set state = 'not_reachable', reason = 'no_address' where state = 'due'",
        ["follow_ups go to"],
    ),
}  # fmt: skip

IN_THE_WORK = {
    "a shopper said no": (
        "update int_profile_reach set email_reach = 'not_allowed'",
        ["follow_ups go to"],
    ),
    "a window is switched off": (
        "update int_accounts set sms_click_window_hours = 0 where account_id = 'shop-1'",
        ["attributed_order_lines were placed"],
    ),
    "a window is closed before the order": (
        "update int_touches set touched_at = touched_at - interval '1' microsecond where touch_id = 'interaction-2-1'",
        ["attributed_order_lines come from"],
    ),
    "a touch is of another visitor": (
        "update int_touches set visitor_id = 'other', profile_id = null where touch_id = 'interaction-2-1'",
        ["attributed_order_lines belong to the shopper"],
    ),
    "an order is of another profile": (
        "update int_order_lines set profile_id = 'other' where order_line_id = 'line-2'",
        ["attributed_order_lines belong to the shopper", "order_lines says"],
    ),
    "a message was delivered that is not published": (
        "insert into stg_messages select * replace ('late' as message_id) from stg_messages"
        " where message_id = 'message-9-3'",
        ["messages are all"],
    ),
    "a conversation was delivered that is not published": (
        "insert into stg_messages select * replace ('new' as message_id, 'new' as conversation_id) from stg_messages"
        " where message_id = 'message-9-1';"
        "insert into stg_conversations values ('shop-2', 'new', 'visitor', '2026-05-01')",
        ["conversations are all"],
    ),
    "too many rows were refused": (
        "update loads set refused = 11",
        ["rejected_rows are few"],
    ),
    "too many orders were refused": (
        "insert into int_refused_orders select 'shop-1', 'order', 1 from range(6)",
        ["rejected_rows are few"],
    ),
}


def not_passed(shop: Shop, failing: list[str]) -> list[Outcome]:
    verdict = shop.check()
    outcomes = [outcome for outcome in verdict.outcomes if outcome.outcome != "passed"]
    named = [next((name for name in failing if one.name.startswith(name)), one.name) for one in outcomes]
    assert sorted(named) == sorted(failing)
    assert verdict.is_open == all(outcome.severity == "warning" for outcome in outcomes)
    return outcomes


def assert_its_sql_shows_all_rows(outcome: Outcome) -> None:
    assert (outcome.outcome, outcome.error) == ("failed", None)
    with duckdb.connect() as connection:
        rows = connection.execute(outcome.sql).fetchall()
    assert len(rows) == outcome.rows > 0
    assert len(outcome.sample) == min(outcome.rows, 20)


def contradicted(files: duckdb.DuckDBPyConnection, schemas: str, statement: str) -> list[str]:
    """The checks that do not hold once the statement was carried out, which is then taken back.

    Of all others is known that they hold: nothing is altered of what their SQL names. They are counted, by the gate's
    own counting; that Great Expectations says the same of them, the test after these shows.
    """
    files.execute(f"set search_path = '{schemas}'; begin")
    try:
        files.execute(statement)
        files.execute(f"create temp table columns_found as select * from {DUCKDB.columns}")
        engine = replace(DUCKDB, columns="columns_found")
        filled = names(engine, "all", gate.Thresholds(), as_of=AS_OF, earlier_as_of=AS_OF, published_load=0)
        altered = re.compile(rf"\b({'|'.join(ALTERED.findall(statement))})\b")
        asked = [Asked(one, sql) for one in gate.CHECKS if altered.search(sql := filled.fill(one.sql))]
        found = [(one.check.name, found_by(files, one)) for one in asked]
        return [name for name, what in found if what.rows or what.error]
    finally:
        files.execute("rollback")


def by_first_words(found: list[str], failing: list[str]) -> list[str]:
    return sorted(next((name for name in failing if one.startswith(name)), one) for one in found)


@pytest.mark.parametrize(("statement", "failing"), BREAKS.values(), ids=BREAKS)
def test_a_break_in_the_candidate_fails_the_checks_that_speak_of_it(
    files: duckdb.DuckDBPyConnection, statement: str, failing: list[str]
) -> None:
    found = contradicted(files, "candidate.metrics", statement)
    assert by_first_words(found, failing) == sorted(failing)


@pytest.mark.parametrize(("statement", "failing"), IN_THE_WORK.values(), ids=IN_THE_WORK)
def test_a_candidate_that_does_not_agree_with_its_build_fails(
    files: duckdb.DuckDBPyConnection, statement: str, failing: list[str]
) -> None:
    found = contradicted(files, "work.intermediate,work.staging,work.lake", statement)
    assert by_first_words(found, failing) == sorted(failing)


def test_every_check_that_a_break_fails_is_failed_by_the_gate_and_shows_its_rows(
    open_shop: Callable[..., Shop],
) -> None:
    """Great Expectations over files, as users have it: of many breaks at once, and again of what others had hidden."""
    breaks = [(Shop.metrics, *one) for one in BREAKS.values()] + [(Shop.work, *one) for one in IN_THE_WORK.values()]
    missing = {name for *_, failing in breaks for name in failing}
    for part in (*(breaks[at::PARTS] for at in range(PARTS)), breaks):
        if not missing:
            break
        shop = open_shop()
        for alter, statement, failing in part:
            if missing.intersection(failing):
                alter(shop, statement)
        outcomes = [one for one in shop.check().outcomes if one.outcome != "passed"]
        for outcome in outcomes:
            assert_its_sql_shows_all_rows(outcome)
        missing -= {name for name in missing for one in outcomes if one.name.startswith(name)}
    assert missing == set()


@pytest.mark.parametrize(
    ("statement", "failing"),
    [
        ("insert into accounts values ('shop-3', 'Third', 'UTC', 'EUR')", "accounts are all those"),
        (
            "create table copies as select * replace (conversation_id || ' again' as conversation_id)"
            " from conversations where account_id = 'shop-1';"
            "insert into conversations from copies;"
            "insert into conversations select * replace (conversation_id || ' again' as conversation_id) from copies",
            "conversations of the last publication",
        ),
    ],
    ids=["an account vanished", "two thirds of an account's volume vanished"],
)
def test_what_was_published_does_not_vanish(open_shop: Callable[..., Shop], statement: str, failing: str) -> None:
    shop = open_shop(is_published=True)
    shop.published(statement)
    for outcome in not_passed(shop, [failing]):
        assert_its_sql_shows_all_rows(outcome)


@pytest.mark.parametrize(
    ("statement", "failing"),
    [
        ("delete from products where product_id = 'product-extra'", "products holds"),
        (
            "delete from profiles where profile_id = 'profile-1';"
            "update conversations set profile_name = 'Anonymous' where profile_id = 'profile-1';"
            "update segments set member_count = member_count - 1 where account_id in"
            " (select account_id from segment_members where profile_id = 'profile-1');"
            "delete from segment_members where profile_id = 'profile-1';"
            "delete from segment_changes where profile_id = 'profile-1';"
            "delete from follow_ups where profile_id = 'profile-1'",
            "profiles holds",
        ),
        (
            "insert into accounts values ('shop-3', 'Third', 'UTC', 'EUR');"
            "insert into knowledge_gap_totals by name select 'shop-3' as account_id, columns(* exclude account_id) * 0"
            " from knowledge_gap_totals where account_id = 'shop-1';"
            "update knowledge_gap_totals set unassigned_share = null where account_id = 'shop-3'",
            "accounts have",
        ),
    ],
)
def test_a_warning_does_not_close_the_gate(shop: Shop, statement: str, failing: str) -> None:
    shop.work(
        "insert into int_accounts by name select 'shop-3' as account_id, 'Third' as name, 'UTC' as timezone,"
        " 'EUR' as currency"
    )
    shop.metrics(statement)
    (outcome,) = not_passed(shop, [failing])
    assert_its_sql_shows_all_rows(outcome)
    assert outcome.severity == "warning"


@pytest.mark.parametrize(
    ("statement", "source"),
    [
        ("update stg_conversations set visitor_id = '#REF!' where conversation_id like '%5'", None),
        (
            "update stg_conversations set visitor_id = '#REF!' where account_id = 'shop-1'",
            "visitor_id of conversations",
        ),
        ("update int_orders set visitor_id = 'unknown' where account_id = 'shop-1'", "visitor_id of orders"),
        ("update int_orders set email_key = 'guest@shop.example' where account_id = 'shop-1'", "email of orders"),
    ],
)
def test_one_visitor_who_is_a_fifth_of_all_is_worth_a_look(shop: Shop, statement: str, source: str | None) -> None:
    shop.work(statement)
    for outcome in not_passed(shop, ["conversations and orders"] if source else []):
        assert (outcome.severity, outcome.sample[0]["source"]) == ("warning", source)
        assert_its_sql_shows_all_rows(outcome)
