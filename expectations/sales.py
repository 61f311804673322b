"""AI-generated sales: each line with a touch that brought it, inside its window, and never worth more than was paid."""

from __future__ import annotations

from expectations.verdict import Check

T = "attributed_order_lines"

# Those of rule 5.1, and the inferred ones of 5.6.
_TOUCHES = """(
            select
                account_id, conversation_id, channel, product_id, touch_type, touch_id, touched_at, profile_id,
                visitor_id
            from {intermediate}.int_touches
            union all
            select
                account_id, conversation_id, channel, product_id, touch_type, product_event_id, touched_at, profile_id,
                visitor_id
            from {intermediate}.int_inferred_touches
        )"""

# The account's window for a channel and a kind of touch (5.1); no row in the case means: no touch at all.
_WINDOW = """
            case
                when touch_type = 'inferred' then inferred_window_hours
                when lines.channel = 'web_chat' and touch_type = 'click' then web_chat_click_window_hours
                when lines.channel = 'sms' and touch_type = 'click' then sms_click_window_hours
                when lines.channel = 'sms' and touch_type = 'open' then sms_open_window_hours
                when lines.channel = 'sms' and touch_type = 'delivery' then sms_delivery_window_hours
                else 0
            end"""


def _are_worth(table: str) -> Check:
    return Check(
        table,
        f"{table} are worth what was paid for them, and net of what was given back",
        f"""
        select * from (
            select
                lines.*, delivered.unit_price, delivered.discount, delivered.refunded_amount, orders.cancelled_at,
                greatest(
                    cast(cast(delivered.quantity as decimal(19, 4)) * delivered.unit_price as decimal(38, 4))
                    - delivered.discount,
                    0
                ) as paid
            from {{checked[{table}]}} as lines
            left join {{staging}}.stg_order_lines as delivered
                on lines.account_id = delivered.account_id and lines.order_line_id = delivered.order_line_id
            left join {{intermediate}}.int_orders as orders
                on lines.account_id = orders.account_id and lines.order_id = orders.order_id
        ) as lines
        where
            revenue is distinct from paid
            or net_revenue is distinct from
                case when cancelled_at <= {{as_of}} then 0 else greatest(paid - refunded_amount, 0) end""",
        rule="5.4",
    )


CHECKS = [
    Check(
        T,
        "attributed_order_lines come from a touch of that conversation and product",
        f"""
        select lines.* from {{checked[attributed_order_lines]}} as lines
        anti join {_TOUCHES} as touches
            on lines.account_id = touches.account_id
            and lines.conversation_id = touches.conversation_id
            and lines.channel = touches.channel
            and lines.product_id = touches.product_id
            and lines.touch_type = touches.touch_type
            and lines.touch_id = touches.touch_id
            and lines.touched_at = touches.touched_at""",
        rule="5.2",
    ),
    Check(
        T,
        "attributed_order_lines were placed inside the window of their touch",
        f"""
        select lines.*, window_hours
        from (
            select lines.*, {_WINDOW} as window_hours
            from {{checked[attributed_order_lines]}} as lines
            join {{intermediate}}.int_accounts as accounts on lines.account_id = accounts.account_id
        ) as lines
        where
            window_hours = 0
            or placed_at < touched_at
            or placed_at > touched_at + window_hours * interval '1' hour""",
        rule="5.2",
    ),
    Check(
        T,
        "attributed_order_lines are lines of that product and that order, placed then, in the account's currency",
        """
        select lines.*, products.product_id as delivered_product_id, orders.placed_at as delivered_placed_at
        from {checked[attributed_order_lines]} as lines
        left join {staging}.stg_order_lines as delivered
            on lines.account_id = delivered.account_id and lines.order_line_id = delivered.order_line_id
        left join {staging}.stg_line_products as products
            on lines.account_id = products.account_id and lines.order_line_id = products.order_line_id
        left join {intermediate}.int_orders as orders
            on lines.account_id = orders.account_id and lines.order_id = orders.order_id
        left join {intermediate}.int_accounts as accounts on lines.account_id = accounts.account_id
        where
            lines.product_id is distinct from coalesce(products.product_id, 'sku:' || delivered.sku)
            or lines.order_id is distinct from delivered.order_id
            or lines.quantity is distinct from delivered.quantity
            or lines.placed_at is distinct from orders.placed_at
            or lines.placed_on is distinct from {local_date:orders.placed_at, accounts.timezone}
            or lines.currency is distinct from accounts.currency""",
        rule="5.3",
    ),
    Check(
        T,
        "attributed_order_lines belong to the shopper of their touch",
        f"""
        select
            lines.*, touches.profile_id as touch_profile_id, touches.visitor_id as touch_visitor_id,
            ordered.profile_id as order_profile_id, ordered.visitor_id as order_visitor_id
        from {{checked[attributed_order_lines]}} as lines
        join {_TOUCHES} as touches
            on lines.account_id = touches.account_id
            and lines.conversation_id = touches.conversation_id
            and lines.product_id = touches.product_id
            and lines.touch_type = touches.touch_type
            and lines.touch_id = touches.touch_id
        join {{intermediate}}.int_order_lines as ordered
            on lines.account_id = ordered.account_id and lines.order_line_id = ordered.order_line_id
        where
            lines.profile_id is distinct from coalesce(ordered.profile_id, touches.profile_id)
            or ordered.profile_id <> touches.profile_id
            or (
                (ordered.profile_id is null or touches.profile_id is null)
                and coalesce(ordered.visitor_id <> touches.visitor_id, true)
            )""",
        rule="4.3",
    ),
    *(_are_worth(table) for table in ("order_lines", T)),
    Check(
        T,
        "attributed_order_lines are order_lines, and say what these say",
        """
        select lines.*, ordered.revenue as order_line_revenue, ordered.net_revenue as order_line_net_revenue
        from {checked[attributed_order_lines]} as lines
        left join {metrics}.order_lines as ordered
            on lines.account_id = ordered.account_id and lines.order_line_id = ordered.order_line_id
        where
            lines.order_id is distinct from ordered.order_id
            or lines.product_id is distinct from ordered.product_id
            or lines.quantity is distinct from ordered.quantity
            or lines.revenue is distinct from ordered.revenue
            or lines.net_revenue is distinct from ordered.net_revenue
            or lines.placed_at is distinct from ordered.placed_at""",
        rule="5.3",
    ),
    Check(
        "order_lines",
        "order_lines belong to orders that are published",
        """
        select lines.* from {checked[order_lines]} as lines
        anti join {metrics}.orders as orders
            on lines.account_id = orders.account_id and lines.order_id = orders.order_id""",
        rule="2.3",
    ),
    Check(
        "orders",
        "orders sum up their lines",
        """
        select orders.*, lines, lines_revenue, lines_net_revenue
        from {checked[orders]} as orders
        left join (
            select
                account_id, order_id, count(*) as lines,
                sum(revenue) as lines_revenue, sum(net_revenue) as lines_net_revenue
            from {metrics}.order_lines
            group by account_id, order_id
        ) as summed
            on orders.account_id = summed.account_id and orders.order_id = summed.order_id
        where
            line_count <> coalesce(lines, 0)
            or revenue <> coalesce(lines_revenue, 0)
            or net_revenue <> coalesce(lines_net_revenue, 0)""",
        rule="5.4",
    ),
    Check(
        "conversations",
        "conversations sum up the lines that are attributed to them",
        # Whole in either scope: a line that changed changes the sums of conversations that did not.
        """
        select
            coalesce(conversations.account_id, lines.account_id) as account_id,
            coalesce(conversations.conversation_id, lines.conversation_id) as conversation_id,
            attributed_orders, orders, attributed_revenue, revenue, net_attributed_revenue, net_revenue,
            conversations.inferred_orders, lines.inferred_orders as orders_inferred,
            conversations.inferred_revenue, lines.inferred_revenue as revenue_inferred
        from (
            select * from {metrics}.conversations
            where
                attributed_orders <> 0 or attributed_revenue <> 0 or net_attributed_revenue <> 0
                or inferred_orders <> 0 or inferred_revenue <> 0
        ) as conversations
        full join (
            select
                account_id,
                conversation_id,
                count(distinct order_id) filter (where touch_type <> 'inferred') as orders,
                coalesce(sum(revenue) filter (where touch_type <> 'inferred'), 0) as revenue,
                coalesce(sum(net_revenue) filter (where touch_type <> 'inferred'), 0) as net_revenue,
                count(distinct order_id) filter (where touch_type = 'inferred') as inferred_orders,
                coalesce(sum(revenue) filter (where touch_type = 'inferred'), 0) as inferred_revenue
            from {metrics}.attributed_order_lines
            group by account_id, conversation_id
        ) as lines
            on conversations.account_id = lines.account_id and conversations.conversation_id = lines.conversation_id
        where
            attributed_orders is distinct from orders
            or attributed_revenue is distinct from revenue
            or net_attributed_revenue is distinct from net_revenue
            or conversations.inferred_orders is distinct from lines.inferred_orders
            or conversations.inferred_revenue is distinct from lines.inferred_revenue""",
        rule="5.4",
    ),
]
