"""Segments: who is in them, since when, and whether a delivery may reach them."""

from __future__ import annotations

from expectations.verdict import Check

_REACH = " or ".join(
    f"({address} is null) <> ({channel}_reach = 'no_address')"
    for channel, address in (("email", "email"), ("sms", "phone"), ("whatsapp", "phone"))
)

CHECKS = [
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
        rule="12.1",
    ),
    Check(
        "segment_members",
        "segment_members are known shoppers, with their contact data",
        """
        select members.*, profiles.email as profile_email, profiles.phone as profile_phone
        from {metrics}.segment_members as members
        left join {metrics}.profiles as profiles
            on members.account_id = profiles.account_id and members.profile_id = profiles.profile_id
        where
            profiles.profile_id is null
            or members.email is distinct from profiles.email
            or members.phone is distinct from profiles.phone""",
        rule="12.1",
    ),
    Check(
        "segment_members",
        "segment_members can be reached only where they have an address",
        f"select * from {{metrics}}.segment_members where {_REACH}",
        rule="12.3",
    ),
    Check(
        "segment_members",
        "segment_members are held back only where their segment suppresses",
        """
        select members.*
        from {metrics}.segment_members as members
        inner join {metrics}.segments as segments
            on members.account_id = segments.account_id and members.segment = segments.segment
        where members.suppressed_by is not null and not segments.is_suppressing""",
        rule="12.3",
    ),
    Check(
        "segment_changes",
        "segment_changes end with who is in the segment",
        """
        select changes.*, members.entered_at
        from (
            select
                *,
                row_number() over (
                    partition by account_id, segment, profile_id order by changed_at desc
                ) as newest_first
            from {metrics}.segment_changes
            where changed_at <= {as_of}
        ) as changes
        left join {metrics}.segment_members as members
            on changes.account_id = members.account_id
            and changes.segment = members.segment
            and changes.profile_id = members.profile_id
        where newest_first = 1 and (members.profile_id is not null) <> (change = 'entered')""",
        rule="12.2",
    ),
]
