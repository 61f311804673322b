"""What the contract itself says about every published table: its columns, its grain, its values, its clock."""

from __future__ import annotations

import contract
from contract import types
from expectations.verdict import Check, OneOf

# `publications` is written when the candidate is published; until then it is empty.
TABLES = {name: table for name, table in contract.metrics().items() if name != "publications"}

# Clocks of their own (rules 1.4, 10.1), which may run past an as-of that lies in the past, and what is still to come.
_OWN_CLOCK = {
    ("follow_ups", "due_at"),
    ("segment_members", "entered_at"),
    ("segment_changes", "changed_at"),
    ("segments", "first_built_at"),
    ("held_back_rows", "waiting_since"),
    ("rejected_rows", "rejected_at"),
    ("reconciled_figures", "reported_at"),
}


def quoted(name: str) -> str:
    """A column's name, of which some (`table`, `position`) are words of SQL."""
    return f"{{q}}{name}{{q}}"


def _columns(table: contract.Table) -> Check:
    wanted = ", ".join(
        f"({position}, '{column.name}', '{types.TYPES[column.type].duckdb}')"
        for position, column in enumerate(table.columns, start=1)
    )
    return Check(
        table.name,
        f"{table.name} has the columns and types of the contract, in their order",
        f"""
        select
            coalesce(contract.place, found.place) as place,
            contract.column_name as contract_column, contract.data_type as contract_type,
            found.column_name as found_column, found.data_type as found_type
        from (values {wanted}) as contract (place, column_name, data_type)
        full join (select * from {{columns}} where table_name = '{table.name}') as found
            on contract.place = found.place
        where
            contract.column_name is distinct from found.column_name
            or contract.data_type is distinct from found.data_type""",
        rule="metrics.yml",
    )


def _grain(table: contract.Table) -> list[Check]:
    key = ", ".join(quoted(name) for name in table.key)
    named = ", ".join(table.key)
    missing = " or ".join(f"{quoted(column.name)} is null" for column in table.columns if not column.nullable)
    return [
        Check(
            table.name,
            f"{table.name} has one row for each {named}",
            # What changed may stand twice with what did not.
            f"select {key}, count(*) as copies from {{twins[{table.name}]}} group by {key} having count(*) > 1",
            rule="metrics.yml",
        ),
        Check(
            table.name,
            f"{table.name} has no nulls but in columns that may be null",
            f"select * from {{checked[{table.name}]}} where {missing}",
            rule="metrics.yml",
        ),
    ]


def _values(table: contract.Table) -> list[Check]:
    return [
        Check(
            table.name,
            f"{table.name}.{column.name} is one of {', '.join(column.values)}",
            f"select * from {{checked[{table.name}]}} where {quoted(column.name)} not in ({_listed(column.values)})",
            rule="metrics.yml",
            says=OneOf(column.name, column.values),
        )
        for column in table.columns
        if column.values
    ]


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _clock(table: contract.Table) -> list[Check]:
    clocks = [
        column.name
        for column in table.columns
        if column.type == "timestamp" and (table.name, column.name) not in _OWN_CLOCK
    ]
    if not clocks:
        return []
    later = " or ".join(f"{name} > {{as_of}}" for name in clocks)
    return [
        Check(
            table.name,
            f"{table.name} has nothing after as-of",
            f"select * from {{checked[{table.name}]}} where {later}",
            rule="1.3",
        )
    ]


CHECKS = [
    check for table in TABLES.values() for check in (_columns(table), *_grain(table), *_values(table), *_clock(table))
]
