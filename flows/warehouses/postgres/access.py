"""Who may read what: whole readers, readers without texts and contact data, and those of one account only."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import contract
from flows.ground.sql import identifier, literal
from flows.warehouses.postgres.connection import table

# What a limited reader does not see: what shoppers wrote or were written, how to reach them, and what was refused
# (reasons quote values). A test demands that every column with text is either here or there.
WITHHELD = {
    "conversations": ("profile_name", "first_question"),
    "messages": ("text",),
    "interactions": ("url",),
    "profiles": ("name", "email", "phone"),
    "segment_members": ("email", "phone"),
    "handoffs": ("email",),
    "knowledge_gap_topics": ("label", "representative_question", "owner", "note"),
    "rejected_rows": ("reason", "payload"),
}
# What speaks of all accounts at once, and is therefore not for a reader of one.
OF_ALL_ACCOUNTS = {"publications": ("row_counts",)}
POLICY_FOR_ALL = "everybody"
# Views of what every limited reader may see, for tools that name all columns of what they read.
VIEWS = "metrics_limited"


@dataclass(frozen=True)
class ReaderRole:
    """A role that reads: everything, or no more than a limited reader; of one account, or of all."""

    role: str
    is_limited: bool
    account_id: str | None = None

    def columns(self, of: str) -> list[str]:
        withheld = set(WITHHELD.get(of, ())) if self.is_limited else set()
        if self.account_id is not None:
            withheld |= set(OF_ALL_ACCOUNTS.get(of, ()))
        return [column.name for column in contract.metrics()[of].columns if column.name not in withheld]


def grants(reader: ReaderRole, tables: Collection[str]) -> Iterator[str]:
    """SQL that lets the reader read these tables, by the owner of the tables; safe to repeat."""
    role = identifier(reader.role)
    for of in sorted(tables):
        yield f"revoke all on {table(of)} from {role}"
        if reader.is_limited:
            yield f"grant select ({', '.join(map(identifier, reader.columns(of)))}) on {table(of)} to {role}"
        else:
            yield f"grant select on {table(of)} to {role}"
    yield f"revoke all on provenance.build from {role}"
    if not reader.is_limited:
        yield f"grant select on provenance.build to {role}"


def policies(reader: ReaderRole, tables: Collection[str]) -> Iterator[str]:
    """SQL that keeps the rows of other accounts from the reader, and changes nothing for anybody else."""
    role, policy = identifier(reader.role), identifier(f"only its account: {reader.role}"[:63])
    for of in sorted(tables):
        yield f"drop policy if exists {policy} on {table(of)}"
        if reader.account_id is None or of == "publications":
            continue
        has_account = any(column.name == "account_id" for column in contract.metrics()[of].columns)
        its_own = f"account_id = {literal(reader.account_id)}" if has_account else "false"
        yield f"alter table {table(of)} enable row level security"
        yield f"drop policy if exists {POLICY_FOR_ALL} on {table(of)}"
        yield f"create policy {POLICY_FOR_ALL} on {table(of)} using (true)"
        yield f"create policy {policy} on {table(of)} as restrictive for select to {role} using ({its_own})"


def views(reader: ReaderRole, tables: Collection[str]) -> Iterator[str]:
    """SQL for the views of a limited reader, by the owner of the tables; safe to repeat.

    A view reads with the rights of whoever asks, so that it shows no column and no row that the tables withhold.
    """
    if not reader.is_limited:
        return
    narrowest = ReaderRole(reader.role, is_limited=True, account_id="")  # the views are those of all limited readers
    for of in sorted(tables):
        view = f"{VIEWS}.{identifier(of)}"
        yield f"drop view if exists {view}"
        columns = ", ".join(map(identifier, narrowest.columns(of)))
        yield f"create view {view} with (security_invoker = true) as select {columns} from {table(of)}"
    yield f"grant usage on schema {VIEWS} to {identifier(reader.role)}"
    yield f"grant select on all tables in schema {VIEWS} to {identifier(reader.role)}"
