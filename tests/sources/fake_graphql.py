"""As much of GraphQL as a test server needs: documents are parsed, checked against a schema, priced and answered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\.\.\.|[{}()\[\]:!,$=]|[_A-Za-z0-9.\-]+')
Schema = Mapping[str, Mapping[str, str]]  # type → field → "" scalar, "T" object, "[T]" list, "T*" connection


class Invalid(Exception):
    """What the server says of a document; `code` stands in the error's extensions."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Asked:
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    of: list[Asked] = field(default_factory=list)
    on: str | None = None  # of a fragment, which has no name


def parse(text: str, variables: Mapping[str, Any]) -> tuple[str, list[Asked]]:
    """The kind of the operation, and what it asks for; variables are put in, one that was not declared is refused."""
    tokens = TOKEN.findall(text)
    position, declared = 0, set[str]()
    kind = tokens[0] if tokens[0] in {"query", "mutation"} else "query"
    if tokens[0] != "{":
        while tokens[position] != "{":
            declared |= {tokens[position + 1]} if tokens[position] == "$" else set()
            position += 1
    if wrong := variables.keys() - declared:
        raise Invalid(f"Variable ${min(wrong)} is not declared")

    def value() -> Any:
        nonlocal position
        token = tokens[position]
        position += 1
        if token == "$":
            position += 1
            if tokens[position - 1] not in declared:
                raise Invalid(f"Variable ${tokens[position - 1]} is not declared")
            return variables.get(tokens[position - 1])
        if token.startswith('"'):
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if re.fullmatch(r"-?\d+", token):
            return int(token)
        return {"true": True, "false": False, "null": None}.get(token, token)

    def selection() -> Iterator[Asked]:
        nonlocal position
        position += 1
        while tokens[position] != "}":
            if tokens[position] == "...":
                one = Asked("", on=tokens[position + 2])
                position += 3
            else:
                one = Asked(tokens[position])
                position += 1
            if tokens[position] == "(":
                position += 1
                while tokens[position] != ")":
                    if tokens[position] == ",":
                        position += 1
                        continue
                    name = tokens[position]
                    position += 2
                    one.arguments[name] = value()
                position += 1
            if tokens[position] == "{":
                one.of = list(selection())
            yield one
        position += 1

    return kind, list(selection())


def price(schema: Schema, of: str, asked: list[Asked], *, bulk: bool = False) -> int:
    """The cost of a selection on a type: objects are 1, connections 2 and their pages; it is checked on the way."""
    total = 0
    for one in asked:
        if one.on is not None:
            total += price(schema, one.on, one.of, bulk=bulk)
            continue
        kind = schema[of].get(one.name)
        if kind is None:
            raise Invalid(f"Field '{one.name}' doesn't exist on type '{of}'", "undefinedField")
        if bool(one.of) != bool(kind):
            raise Invalid(f"Field '{one.name}' of type '{of}' must {'' if kind else 'not '}have selections")
        if kind.endswith("*"):
            first = 1 if bulk else one.arguments.get("first")
            if not isinstance(first, int) or not 1 <= first <= 250:
                raise Invalid(f"you must provide first of 1 to 250 on '{one.name}'")
            total += 2 + first * (1 + price(schema, kind[:-1], nodes(one), bulk=bulk))
        elif kind:
            many = len(one.arguments.get("ids") or [0])
            if many > 250:
                raise Invalid("The input array size of ids is greater than the maximum allowed of 250")
            total += many * (1 + price(schema, kind.strip("[]"), one.of, bulk=bulk))
    return total


def nodes(connection: Asked) -> list[Asked]:
    """What is asked of the nodes of a connection, as `nodes` or as `edges { node }`."""
    for one in connection.of:
        if one.name == "nodes":
            return one.of
        if one.name == "edges":
            return next(inner.of for inner in one.of if inner.name == "node")
    raise Invalid(f"no nodes are asked of '{connection.name}'")
