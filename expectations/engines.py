"""How an engine spells what the checks name: schemas, the catalogue, literals and the few words that differ."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LocalDate:
    """`{local_date:instant, zone}`: the date of an instant in a time zone (rule 1.1); `sql` has places for both."""

    sql: str

    def __format__(self, arguments: str) -> str:
        instant, zone = arguments.split(", ")
        return self.sql.format(instant=instant, zone=zone)


@dataclass(frozen=True)
class Engine:
    """The words of an engine. All but `instant` and `volumes` are placeholders of the checks."""

    metrics: str  # a schema, as the next four
    staging: str
    intermediate: str
    lake: str
    topics: str  # what the grouping of questions left for this build
    columns: str  # the catalogue of `metrics`: table_name, place (from 1), column_name, data_type
    published_accounts: str  # of the last publication: account_id
    volumes: str  # of the last publication: account_id, of_table, and how many published_rows up to `{as_of}`
    instant: str  # the literal for `{instant}`
    local_date: LocalDate
    q: str  # quotes a column
    unnest: str  # makes rows of a list


DUCKDB = Engine(
    metrics="candidate.metrics",
    staging="work.staging",
    intermediate="work.intermediate",
    lake="work.lake",
    topics="work.topics",
    columns="(select table_name, column_index as place, column_name, data_type from duckdb_columns()"
    " where database_name = 'candidate' and schema_name = 'metrics')",
    published_accounts="published.metrics.accounts",
    volumes="(select account_id, 'conversations' as of_table, count(*) as published_rows"
    " from published.metrics.conversations where started_at <= {as_of} group by account_id"
    " union all select account_id, 'orders' as of_table, count(*) as published_rows"
    " from published.metrics.orders where placed_at <= {as_of} group by account_id)",
    instant="timestamptz '{instant}'",
    local_date=LocalDate("cast({instant} at time zone {zone} as date)"),
    q='"',
    unnest="unnest",
)
SPARK = Engine(
    metrics="metrics",
    staging="staging",
    intermediate="intermediate",
    lake="global_temp",
    topics="global_temp",
    columns="gate_columns",
    published_accounts="gate_published_accounts",
    volumes="gate_published_volumes",
    instant="timestamp '{instant}'",
    local_date=LocalDate("cast(from_utc_timestamp({instant}, {zone}) as date)"),
    q="`",
    unnest="explode",
)
