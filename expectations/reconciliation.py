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
        with days as (
            select account_id, started_on as date, channel, status, agent, count(*) as conversations
            from {metrics}.conversations
            group by account_id, started_on, channel, status, agent
        ),
        dates as (
            select distinct account_id, date from days
        ),
        figure_dates as (
            select distinct ours.account_id, ours.figure_id, dates.date
            from {checked[reconciled_figures]} as ours
            join dates on ours.account_id = dates.account_id and dates.date between ours.first_on and ours.last_on
        ),
        published as (
            select ours.account_id, ours.figure_id, sum(days.conversations) as conversations
            from {checked[reconciled_figures]} as ours
            join figure_dates on ours.account_id = figure_dates.account_id and ours.figure_id = figure_dates.figure_id
            join days
                on ours.account_id = days.account_id
                and figure_dates.date = days.date
                and (days.agent is null or days.agent = ours.source)
                and (ours.channel is null or ours.channel = days.channel)
                and (ours.status is null or ours.status = days.status)
            group by ours.account_id, ours.figure_id
        )
        select ours.account_id, ours.figure_id, ours.ours, ours.theirs, ours.difference,
            coalesce(published.conversations, 0) as published
        from {checked[reconciled_figures]} as ours
        left join published on ours.account_id = published.account_id and ours.figure_id = published.figure_id
        where
            ours.statistic = 'volume'
            and (ours.ours <> coalesce(published.conversations, 0) or ours.difference <> ours.ours - ours.theirs)""",
        rule="10.2",
    ),
]
