"""What may be so, and is worth a look: warnings, which never close the gate."""

from __future__ import annotations

from expectations.verdict import Check

_VISITORS = """(
                select 'visitor_id of conversations' as source, account_id, visitor_id as visitor
                from {staging}.stg_conversations where visitor_id is not null
                union all
                select 'visitor_id of orders', account_id, visitor_id
                from {intermediate}.int_orders where visitor_id is not null
                union all
                select 'email of orders', account_id, email_key
                from {intermediate}.int_orders where email_key is not null
            ) as named"""

CHECKS = [
    Check(
        "products",
        "products holds every product that was recommended or sold",
        """
        select named.* from (
            select account_id, {unnest}(product_ids) as product_id
            from {checked[agent_events]}
            where product_ids is not null
            union
            select account_id, product_id from {checked[attributed_order_lines]}
        ) as named
        anti join {metrics}.products as products
            on named.account_id = products.account_id and named.product_id = products.product_id""",
        rule="2.3",
        severity="warning",
    ),
    Check(
        "profiles",
        "profiles holds every shopper whose conversation names one",
        """
        select distinct conversations.account_id, conversations.profile_id
        from {checked[conversations]} as conversations
        anti join {metrics}.profiles as profiles
            on conversations.account_id = profiles.account_id and conversations.profile_id = profiles.profile_id
        where conversations.profile_id is not null""",
        rule="2.3",
        severity="warning",
    ),
    Check(
        "accounts",
        "accounts have conversations",
        """
        select accounts.* from {metrics}.accounts as accounts
        anti join {metrics}.conversations as conversations on accounts.account_id = conversations.account_id""",
        severity="warning",
    ),
    Check(
        "conversations",
        "conversations and orders of an account come from many visitors",
        # A value that stands for nobody, and that rule 2.5 does not know, makes one shopper of many.
        """
        select of_one.*, of_all.all_rows
        from (
            select source, account_id, visitor, count(*) as rows_of_one
            from """
        + _VISITORS
        + """
            group by source, account_id, visitor
            having count(*) > 20
        ) as of_one
        inner join (
            select source, account_id, count(*) as all_rows
            from """
        + _VISITORS
        + """
            group by source, account_id
        ) as of_all
            on of_one.source = of_all.source and of_one.account_id = of_all.account_id
        where of_one.rows_of_one > 0.2 * of_all.all_rows""",
        rule="2.5",
        severity="warning",
    ),
]
