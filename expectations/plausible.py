"""What may be so, and is worth a look: warnings, which never close the gate."""

from __future__ import annotations

from expectations.verdict import Check

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
]
