"""Least privilege: the accounts of a database that publish and read, made by an administrator once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flows.ground.address import Address
from flows.ground.errors import InputError
from flows.ground.sql import identifier, literal
from flows.warehouses.postgres.access import VIEWS, ReaderRole, grants, policies, views
from flows.warehouses.postgres.connection import by_table, columns_of, connected
from flows.warehouses.postgres.schema import create_provenance

if TYPE_CHECKING:
    from flows.warehouses.postgres.connection import Connection


@dataclass(frozen=True)
class Roles:
    """Names of the three accounts; `account_id` is the only account of which the limited reader sees anything."""

    writer: str = "agent_metrics_writer"
    reader: str = "agent_metrics_reader"
    limited_reader: str = "agent_metrics_limited_reader"
    account_id: str | None = None

    def readers(self) -> tuple[ReaderRole, ReaderRole]:
        return ReaderRole(self.reader, False), ReaderRole(self.limited_reader, True, self.account_id)


def prepare(address: Address, roles: Roles, passwords: Mapping[str, str | None]) -> list[str]:
    """Make what is missing, in one transaction; what was done or found, as sentences.

    `passwords` are by `writer`, `reader`, `limited_reader`; they leave this process only as SCRAM verifiers.
    Raises InputError, WarehouseFailed.
    """
    names = [roles.writer, roles.reader, roles.limited_reader]
    if len(set(names)) < len(names) or not all(names):
        raise InputError("the three roles need three names", remedy="give each a name of its own")
    with connected(address) as connection:
        init = _Init(connection, roles)
        init.needs_an_administrator(str(address))
        for kind, role in zip(("writer", "reader", "limited_reader"), names, strict=True):
            init.role(role, kind, passwords.get(kind))
        init.schemas()
        init.tables()
        init.readers()
        return init.done


class _Init:
    def __init__(self, connection: Connection, roles: Roles) -> None:
        self._connection = connection
        self._roles = roles
        self._writer = identifier(roles.writer)
        self.done: list[str] = []
        has_views = connection.info.server_version >= 150_000  # views with the rights of whoever asks
        self._schemas = ("metrics", "provenance", VIEWS) if has_views else ("metrics", "provenance")

    def _do(self, sql: str) -> None:
        self._connection.execute(sql.encode())

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql.encode()).fetchall()

    def needs_an_administrator(self, where: str) -> None:
        ((self._me, self._is_super, may_make_roles, may_make_schemas, self._database),) = self._rows(
            """select current_user, rolsuper, rolcreaterole, has_database_privilege(current_database(), 'create'),
                current_database()
            from pg_roles where rolname = current_user"""
        )
        if not self._is_super and not (may_make_roles and may_make_schemas):
            what = f"{self._me} is not an administrator of this database"
            remedy = "name a superuser in the URL, or a role with CREATEROLE and with CREATE on the database"
            raise InputError(what, where=where, remedy=remedy)

    def role(self, role: str, kind: str, password: str | None) -> None:
        known = self._rows(
            f"select rolsuper or rolbypassrls, rolcanlogin from pg_roles where rolname = {literal(role)}"
        )
        if known and known[0][0]:
            remedy = "give another role: no grant limits what this role sees"
            raise InputError(f"the role {role} is a superuser or passes by row security", remedy=remedy)
        if not known:
            self._do(f"create role {identifier(role)} login")
            self.done.append(f"made the role {role}, which may log in")
        else:
            self.done.append(f"found the role {role}{'' if known[0][1] else ', which may not log in'}")
        variable = f"AGENT_METRICS_{kind.upper()}_PASSWORD"
        if password is None:
            self.done.append(f"left the password of {role} alone; to set a password, set {variable} and run this again")
            return
        verifier = self._connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        self._do(f"alter role {identifier(role)} password {literal(verifier.decode())}")
        self.done.append(f"set the password of {role} from {variable}")

    def schemas(self) -> None:
        self._is_member = self._is_super or bool(
            self._rows(f"select 1 where pg_has_role(current_user, {literal(self._roles.writer)}, 'usage')")
        )
        if not self._is_member:  # to hand something over, one has to be a member; undone at the end
            self._do(f"grant {self._writer} to current_user")
        self._must_be_ours()
        for schema in self._schemas:
            owner = self._rows(f"select nspowner::regrole::text from pg_namespace where nspname = {literal(schema)}")
            if not owner:
                self._do(f"create schema {schema} authorization {self._writer}")
                self.done.append(f"made the schema {schema}, which belongs to {self._roles.writer}")
            elif owner[0][0] not in {self._roles.writer, self._writer}:
                self._do(f"alter schema {schema} owner to {self._writer}")
                self.done.append(f"gave the schema {schema} to {self._roles.writer}, it belonged to {owner[0][0]}")
            else:
                self.done.append(f"found the schema {schema}, which belongs to {self._roles.writer}")
        for role, privilege in [
            *((role, "connect") for role in (self._roles.writer, self._roles.reader, self._roles.limited_reader)),
            (self._roles.writer, "temporary"),
        ]:
            if not self._rows(
                f"select 1 where has_database_privilege({literal(role)}, current_database(), '{privilege}')"
            ):
                self._do(f"grant {privilege} on database {identifier(self._database)} to {identifier(role)}")
                self.done.append(f"granted {role} to {privilege} on the database")

    def _must_be_ours(self) -> None:
        """A schema of somebody else that has one of our names is left alone."""
        if self._rows("select 1 where to_regclass('provenance.build') is not null"):
            return
        found = self._rows(
            """select nspname || '.' || relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
            where nspname in ('metrics', 'provenance') and relkind in ('r', 'p', 'v', 'm', 'f')
                and nspname || '.' || relname <> 'provenance.readers' order by 1 limit 3"""
        )
        if found:
            names = ", ".join(name for (name,) in found)
            what = f"the schemas metrics and provenance hold what nobody published: {names}"
            raise InputError(what, where=self._database, remedy="give another database, or move them away")

    def tables(self) -> None:
        """Hand over what was published before there was a writer, and make the list of readers."""
        for schema in self._schemas:
            theirs = self._rows(
                f"""select relname from pg_class
                where relnamespace = to_regnamespace('{schema}') and relkind in ('r', 'p', 'v')
                    and pg_get_userbyid(relowner) <> {literal(self._roles.writer)}"""
            )
            for (one,) in theirs:
                self._do(f"alter table {schema}.{identifier(one)} owner to {self._writer}")
            if theirs:
                self.done.append(f"gave {len(theirs)} tables of {schema} to {self._roles.writer}")
        self._do(f"set local role {self._writer}")
        if not self._rows("select 1 where to_regclass('provenance.readers') is not null"):
            for sql in create_provenance("readers"):
                self._do(sql)

    def readers(self) -> None:
        published = by_table(self._rows(columns_of("metrics")))
        for schema in self._schemas:
            self._do(f"revoke all on schema {schema} from public")
            self._do(f"revoke all on all tables in schema {schema} from public")
        for reader in self._roles.readers():
            sees = "limited" if reader.is_limited else "everything"
            facts = f"{literal(reader.role)}, '{sees}', {literal(reader.account_id)}"
            self._do(f"grant usage on schema metrics to {identifier(reader.role)}")
            self._do(
                f"{'revoke' if reader.is_limited else 'grant'} usage on schema provenance"
                f" {'from' if reader.is_limited else 'to'} {identifier(reader.role)}"
            )
            before = self._rows(
                f"select role, sees, account_id from provenance.readers where role = {literal(reader.role)}"
            )
            if published:
                for sql in (*grants(reader, published), *(views(reader, published) if VIEWS in self._schemas else ())):
                    self._do(sql)
            if before != [(reader.role, sees, reader.account_id)]:
                for sql in policies(reader, published):
                    self._do(sql)
            self._do(f"delete from provenance.readers where role = {literal(reader.role)}")
            self._do(f"insert into provenance.readers values ({facts})")
            what = "everything but texts, contact data and refused rows" if reader.is_limited else "everything"
            whose = f", of the account {reader.account_id} alone" if reader.account_id is not None else ""
            self.done.append(f"{reader.role} reads {what}{whose}; writes nothing")
        self._do("reset role")
        if not self._is_member:
            self._do(f"revoke {self._writer} from current_user")
        self.done.append(f"{self._roles.writer} publishes: it owns these schemas and nothing else")
