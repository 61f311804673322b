"""A metrics warehouse in Postgres: the schema `metrics` with the published tables, and `provenance` beside it."""

from flows.warehouses.postgres.roles import Roles, prepare
from flows.warehouses.postgres.warehouse import Postgres

__all__ = ["Postgres", "Roles", "prepare"]
