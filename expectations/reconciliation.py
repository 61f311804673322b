"""Reconciliation: every reported figure once, beside what is published of the same dates."""

from __future__ import annotations

from expectations.verdict import Check

T = "reconciled_figures"

CHECKS = [
    Check(
        T,
        "reconciled_figures are all reported figures, as they were reported",
        """
        select coalesce(ours.account_id, reported.account_id) as account_id,
            coalesce(ours.figure_id, reported.figure_id) as figure_id, ours.theirs, reported.value
        from {checked[reconciled_figures]} as ours
        full join (
            select figures.* from {staging}.stg_reported_figures as figures
            join {intermediate}.int_accounts as accounts on figures.account_id = accounts.account_id
        ) as reported
            on ours.account_id = reported.account_id and ours.figure_id = reported.figure_id
        where ours.theirs is distinct from reported.value""",
        rule="10.1",
    ),
    Check(
        T,
        "reconciled_figures compare with the published conversations of the same dates",
        """
        select ours.account_id, ours.figure_id, ours.ours, ours.theirs, ours.difference,
            coalesce(sum(days.conversations), 0) as published
        from {checked[reconciled_figures]} as ours
        left join (
            select account_id, started_on as date, channel, status, agent, count(*) as conversations
            from {metrics}.conversations
            group by account_id, started_on, channel, status, agent
        ) as days
            on ours.account_id = days.account_id
            and (days.agent is null or days.agent = ours.source)
            and days.date between ours.first_on and ours.last_on
            and (ours.channel is null or ours.channel = days.channel)
            and (ours.status is null or ours.status = days.status)
        where ours.statistic = 'volume'
        group by ours.account_id, ours.figure_id, ours.ours, ours.theirs, ours.difference
        having ours.ours <> coalesce(sum(days.conversations), 0) or ours.difference <> ours.ours - ours.theirs""",
        rule="10.2",
    ),
]
