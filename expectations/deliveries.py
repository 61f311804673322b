"""The candidate beside what was delivered and what was published last: nothing broke on the way in."""

from __future__ import annotations

from expectations.verdict import Check

FEW = 20  # rows that may wait whatever their share
FIRST = ("conversations", "orders", "tickets", "profiles", "products", "articles")  # any of them is worth publishing

# Whoever lets every row be refused (a share of 1) lets accounts be refused, too.
CHECKS = [
    Check(
        "accounts",
        "accounts are there: without an account nothing counts",
        "select 'none' as accounts where {max_rejected_share} < 1 and not exists (select 1 from {metrics}.accounts)",
        rule="2.3",
    ),
    Check(
        "accounts",
        "accounts are not all that there is: a first publication would be empty",
        f"""
        select 'nothing' as rows_beside_accounts
        where
            {{max_rejected_share}} < 1 and {{published_load}} = 0
            and exists (select 1 from {{metrics}}.accounts)
            and not exists ({" union all ".join(f"select 1 from {{metrics}}.{table}" for table in FIRST)})""",
        rule="2.3",
    ),
    Check(
        "accounts",
        "accounts that were delivered last are not refused: what they have would wait, or count as before the change",
        # A refused row stands for good; only while the newest delivery of accounts has one does it count.
        """
        select reason, payload
        from {metrics}.rejected_rows
        where
            {max_rejected_share} < 1 and {q}table{q} = 'accounts'
            and exists (
                select 1
                from {lake}.loads
                where
                    table_name = 'accounts' and refused > 0
                    and {q}load{q} = (select max({q}load{q}) from {lake}.loads where table_name = 'accounts')
            )""",
        rule="2.2",
    ),
    Check(
        "held_back_rows",
        "held_back_rows wait for parents that are not published",
        """
        select waiting.*
        from {metrics}.held_back_rows as waiting
        semi join (
            select account_id, 'accounts' as parent_table, account_id as parent_id from {metrics}.accounts
            union all
            select account_id, 'conversations' as parent_table, conversation_id as parent_id
            from {metrics}.conversations
        ) as parents
            on waiting.account_id = parents.account_id
            and waiting.parent_table = parents.parent_table and waiting.parent_id = parents.parent_id""",
        rule="2.3",
    ),
    Check(
        "held_back_rows",
        "held_back_rows are at most half of a delivery: deliver the parents that they wait for",
        # Parents that are known and do not count yet are no fault. A few rows may be late; a first delivery may not.
        # Rows wait since the load that first brought them: they may come again every night and are not fewer for it.
        # A folder is delivered whole; an API gives its rows in parts, and the parents may come with the next one.
        """
        select counted.*, delivered.delivered_rows
        from (
            select
                loads.{q}load{q}, loads.source, waiting.{q}table{q} as waiting_table, count(*) as waiting_rows,
                waiting.parent_table, min(waiting.parent_id) as a_parent_id,
                sum(count(*)) over (partition by loads.{q}load{q}) as all_waiting_rows
            from {metrics}.held_back_rows as waiting
            join (select * from {lake}.loads where {q}load{q} > {published_load}) as loads
                on waiting.source = loads.source
                and waiting.{q}table{q} = loads.table_name and waiting.waiting_since = loads.loaded_at
            anti join (
                select account_id, 'conversations' as parent_table, conversation_id as parent_id
                from {staging}.stg_conversations
                union all
                select account_id, 'orders' as parent_table, order_id as parent_id from {intermediate}.int_orders
            ) as known
                on waiting.account_id = known.account_id
                and waiting.parent_table = known.parent_table and waiting.parent_id = known.parent_id
            where loads.source = 'files' or waiting.parent_table = 'accounts'
            group by loads.{q}load{q}, loads.source, waiting.{q}table{q}, waiting.parent_table
        ) as counted
        join (
            select {q}load{q}, sum({q}rows{q} - refused) as delivered_rows
            from {lake}.loads
            group by {q}load{q}
        ) as delivered on counted.{q}load{q} = delivered.{q}load{q}
        where
            {max_rejected_share} < 1
            and counted.all_waiting_rows > delivered.delivered_rows / 2
            and (counted.all_waiting_rows >= {few} or {published_load} = 0)""".replace("{few}", str(FEW)),
        rule="2.3",
    ),
    Check(
        "rejected_rows",
        "rejected_rows are few among the rows delivered since the last publication",
        # Orders refused for their currency were counted as accepted when they were loaded (2.2).
        """
        select
            delivered.source, delivered.delivered_table, delivered.refused_rows, delivered.delivered_rows,
            total.refused_rows as all_refused_rows, total.delivered_rows as all_delivered_rows
        from (
            select
                source, table_name as delivered_table,
                sum(refused) as refused_rows, sum({q}rows{q}) as delivered_rows
            from {lake}.loads
            where {q}load{q} > {published_load}
            group by source, table_name
            union all
            select 'orders in another currency than their account', 'orders', count(*), count(*)
            from {intermediate}.int_refused_orders
            where _load > {published_load}
        ) as delivered
        cross join (
            select
                (select coalesce(sum(refused), 0) from {lake}.loads where {q}load{q} > {published_load})
                + (select count(*) from {intermediate}.int_refused_orders where _load > {published_load})
                    as refused_rows,
                (select coalesce(sum({q}rows{q}), 0) from {lake}.loads where {q}load{q} > {published_load})
                    as delivered_rows
        ) as total
        where delivered.refused_rows > 0 and total.refused_rows > {max_rejected_share} * total.delivered_rows""",
        rule="2.2",
    ),
]

# Only where there is a publication to compare with.
SINCE_PUBLISHED = [
    Check(
        "accounts",
        "accounts are all those of the last publication, and more",
        """
        select published.account_id from {published_accounts} as published
        anti join {metrics}.accounts as accounts on published.account_id = accounts.account_id""",
        rule="2.1",
    ),
    *(
        Check(
            table,
            f"{table} of the last publication have not vanished in numbers, account by account",
            # Counted on both sides up to the earlier as-of: a run for an instant in the past has fewer, rightly.
            f"""
            select published.account_id, published.published_rows, coalesce(counted.rows_now, 0) as rows_now
            from (select * from {{published_volumes}} as volumes where of_table = '{table}') as published
            join {{metrics}}.accounts as accounts on published.account_id = accounts.account_id
            left join (
                select account_id, count(*) as rows_now
                from {{metrics}}.{table}
                where {instant} <= {{earlier_as_of}}
                group by account_id
            ) as counted on published.account_id = counted.account_id
            where coalesce(counted.rows_now, 0) < (1 - {{max_volume_drop}}) * published.published_rows""",
            rule="2.1",
        )
        # Orders vanish where the account's currency is another now: each is refused then (2.2).
        for table, instant in (("conversations", "started_at"), ("orders", "placed_at"))
    ),
]
