"""Daily sums: each the sum of the rows behind it, by day where the rows carry their date, else over all days."""

from __future__ import annotations

from expectations.verdict import Check

T = "daily_performance"

CHECKS = [
    Check(
        T,
        "daily_performance counts what started on each date, and of it what came back, was sent elsewhere or is open",
        """
        select
            coalesce(daily.account_id, counted.account_id) as account_id,
            coalesce(daily.date, counted.started_on) as date,
            coalesce(daily.channel, counted.channel) as channel,
            coalesce(daily.status, counted.status) as status,
            coalesce(daily.tag, counted.tag) as tag,
            daily.conversations as daily_conversations,
            counted.conversations as started_conversations,
            daily.recontacted_conversations, counted.recontacted as started_and_recontacted,
            daily.deflected_conversations, counted.deflected as started_and_deflected,
            daily.running_conversations, counted.running as started_and_running,
            daily.unanswered_conversations, counted.unanswered as started_and_unanswered
        from {checked[daily_performance]} as daily
        full join (
            select
                account_id, started_on, channel, status, coalesce(tag, '') as tag, count(*) as conversations,
                count(recontacted_at) as recontacted,
                count(*) filter (where is_deflected) as deflected,
                count(*) filter (where open_reason = 'running') as running,
                count(*) filter (where open_reason = 'unanswered') as unanswered
            from {on_checked_days[conversations]}
            group by account_id, started_on, channel, status, coalesce(tag, '')
        ) as counted
            on daily.account_id = counted.account_id
            and daily.date = counted.started_on
            and daily.channel = counted.channel
            and daily.status = counted.status
            and daily.tag = counted.tag
        where
            coalesce(daily.conversations, -1) <> coalesce(counted.conversations, 0)
            or coalesce(daily.recontacted_conversations, -1) <> coalesce(counted.recontacted, 0)
            or coalesce(daily.deflected_conversations, -1) <> coalesce(counted.deflected, 0)
            or coalesce(daily.running_conversations, -1) <> coalesce(counted.running, 0)
            or coalesce(daily.unanswered_conversations, -1) <> coalesce(counted.unanswered, 0)""",
        rule="6.1",
    ),
    Check(
        T,
        "daily_performance sums up the lines of the orders placed on each date",
        """
        select
            coalesce(daily.account_id, counted.account_id) as account_id,
            coalesce(daily.date, counted.placed_on) as date,
            coalesce(daily.channel, counted.channel) as channel,
            coalesce(daily.status, counted.status) as status,
            coalesce(daily.tag, counted.tag) as tag,
            daily.attributed_orders, counted.orders,
            daily.attributed_revenue, counted.revenue,
            daily.net_attributed_revenue, counted.net_revenue,
            daily.inferred_orders, counted.inferred_orders as counted_inferred_orders,
            daily.inferred_revenue, counted.inferred_revenue as counted_inferred_revenue
        from {checked[daily_performance]} as daily
        full join (
            select
                lines.account_id, placed_on, conversations.channel, status, coalesce(tag, '') as tag,
                count(distinct order_id) filter (where touch_type <> 'inferred') as orders,
                sum(revenue) filter (where touch_type <> 'inferred') as revenue,
                sum(net_revenue) filter (where touch_type <> 'inferred') as net_revenue,
                count(distinct order_id) filter (where touch_type = 'inferred') as inferred_orders,
                sum(revenue) filter (where touch_type = 'inferred') as inferred_revenue
            from {on_checked_days[attributed_order_lines]} as lines
            join {metrics}.conversations as conversations
                on lines.account_id = conversations.account_id
                and lines.conversation_id = conversations.conversation_id
            group by lines.account_id, placed_on, conversations.channel, status, coalesce(tag, '')
        ) as counted
            on daily.account_id = counted.account_id
            and daily.date = counted.placed_on
            and daily.channel = counted.channel
            and daily.status = counted.status
            and daily.tag = counted.tag
        where
            coalesce(daily.attributed_orders, -1) <> coalesce(counted.orders, 0)
            or coalesce(daily.attributed_revenue, -1) <> coalesce(counted.revenue, 0)
            or coalesce(daily.net_attributed_revenue, -1) <> coalesce(counted.net_revenue, 0)
            or coalesce(daily.inferred_orders, -1) <> coalesce(counted.inferred_orders, 0)
            or coalesce(daily.inferred_revenue, -1) <> coalesce(counted.inferred_revenue, 0)""",
        rule="6.3",
    ),
    Check(
        T,
        # Whole in either scope. Over all dates a status or a tag adds up the same in conversations and days.
        "daily_performance and conversations agree over all dates, for each channel, status and tag",
        """
        select
            coalesce(daily.account_id, counted.account_id) as account_id,
            coalesce(daily.channel, counted.channel) as channel,
            coalesce(daily.status, counted.status) as status,
            coalesce(daily.tag, counted.tag) as tag,
            daily.conversations as daily_conversations, counted.conversations,
            daily.clicks as daily_clicks, counted.clicks,
            daily.items as daily_items, counted.items,
            daily.revenue as daily_revenue, counted.revenue,
            daily.net_revenue as daily_net_revenue, counted.net_revenue
        from (
            select
                account_id, channel, status, tag, sum(conversations) as conversations,
                sum(link_clicks) as clicks, sum(add_to_cart_items) as items,
                sum(attributed_revenue) as revenue, sum(net_attributed_revenue) as net_revenue
            from {metrics}.daily_performance
            group by account_id, channel, status, tag
        ) as daily
        full join (
            select
                account_id, channel, status, coalesce(tag, '') as tag, count(*) as conversations,
                sum(link_clicks) as clicks, sum(add_to_cart_items) as items,
                sum(attributed_revenue) as revenue, sum(net_attributed_revenue) as net_revenue
            from {metrics}.conversations
            group by account_id, channel, status, coalesce(tag, '')
        ) as counted
            on daily.account_id = counted.account_id
            and daily.channel = counted.channel
            and daily.status = counted.status
            and daily.tag = counted.tag
        where
            daily.conversations is distinct from counted.conversations
            or daily.clicks is distinct from counted.clicks
            or daily.items is distinct from counted.items
            or daily.revenue is distinct from counted.revenue
            or daily.net_revenue is distinct from counted.net_revenue""",
        rule="6.3",
    ),
    Check(
        "daily_skill_usage",
        "daily_skill_usage and the agent's messages agree over all dates, for each skill",
        """
        select
            coalesce(daily.account_id, used.account_id) as account_id,
            coalesce(daily.skill, used.skill) as skill,
            daily.messages as daily_messages, used.messages
        from (
            select account_id, skill, sum(messages) as messages
            from {metrics}.daily_skill_usage
            group by account_id, skill
        ) as daily
        full join (
            select account_id, skill, count(*) as messages
            from {metrics}.messages
            where sender = 'agent' and skill is not null
            group by account_id, skill
        ) as used
            on daily.account_id = used.account_id and daily.skill = used.skill
        where daily.messages is distinct from used.messages""",
        rule="6.4",
    ),
    Check(
        "skills",
        "skills has a row for every skill that was used, with the sum of its days",
        """
        select
            coalesce(skills.account_id, daily.account_id) as account_id,
            coalesce(skills.skill, daily.skill) as skill,
            skills.messages, daily.messages as daily_messages,
            skills.conversations, daily.conversations as daily_conversations
        from {metrics}.skills as skills
        full join (
            select account_id, skill, sum(messages) as messages, sum(conversations) as conversations
            from {metrics}.daily_skill_usage
            group by account_id, skill
        ) as daily
            on skills.account_id = daily.account_id and skills.skill = daily.skill
        where
            coalesce(skills.messages, -1) <> coalesce(daily.messages, 0)
            or skills.conversations > coalesce(daily.conversations, 0)
            or (skills.messages > 0 and skills.conversations < 1)
            or (skills.messages = 0 and not skills.is_available)""",
        rule="6.4",
    ),
]
