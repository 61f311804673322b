"""Commands made from requests: each field of a request is an option.

Types, bounds and descriptions come from the JSON schema of the request, from which Prefect makes its form, too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import typer
from pydantic.fields import FieldInfo

from flows.command.console import Console
from flows.settings.requests import Option, Request, option_name

R = TypeVar("R", bound=Request)
TYPES: dict[str, type] = {"boolean": bool, "integer": int, "number": float, "array": list[str], "string": str}
METAVARS = {"date": "DATE", "date-time": "INSTANT", "path": "PATH"}


def command(
    app: typer.Typer, request: type[R], name: str | None = None
) -> Callable[[Callable[[R, Console], int]], Callable[[R, Console], int]]:
    """Make a command of a function that takes a request; `name` where it is not the function's.

    The command also has `--json` and `--debug`, which make the console. Its exit status is what the function returns.
    """

    def register(function: Callable[[R, Console], int]) -> Callable[[R, Console], int]:
        def invoke(**given: Any) -> int:
            console = Console(as_json=given.pop("as_json"), is_debugging=given.pop("debug"))
            # what may be given more than once is an empty list where it is not given
            told = {field: value for field, value in given.items() if value not in (None, [])}
            return function(request.of(told), console)

        parameters = [*_parameters(request), *CONSOLE]
        invoke.__doc__ = function.__doc__
        invoke.__annotations__ = {one.name: one.annotation for one in parameters}
        setattr(invoke, "__signature__", inspect.Signature(parameters))  # noqa: B010  Typer reads it, mypy knows it not
        app.command(name or function.__name__)(invoke)
        return function

    return register


def _parameter(name: str, type_: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=type_)


CONSOLE = (
    _parameter("as_json", bool, typer.Option(False, "--json", help="One JSON document on stdout and nothing else.")),
    _parameter("debug", bool, typer.Option(False, "--debug", help="Show the traceback of an error.")),
)


def _parameters(request: type[Request]) -> list[inspect.Parameter]:
    """The fields as parameters, those of the request itself first and those that all requests have last."""
    schema = request.model_json_schema()["properties"]
    own = [name for base in request.__mro__ for name in inspect.get_annotations(base)]
    names = dict.fromkeys(name for name in own if name in request.model_fields)
    return [_option(request, name, request.model_fields[name], schema[name]) for name in names]


def _option(request: type[Request], name: str, field: FieldInfo, schema: dict[str, Any]) -> inspect.Parameter:
    told = next((one for one in field.metadata if isinstance(one, Option)), Option())
    of = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)
    type_ = TYPES[of.get("type", "string")]
    metavar = told.metavar or ("|".join(of["enum"]) if "enum" in of else METAVARS.get(of.get("format", "")))
    default = ... if field.is_required() else None if type_ is not bool else field.default
    if told.is_argument:
        return _parameter(name, type_, typer.Argument(default, metavar=metavar, help=field.description))
    bounds = of if type_ in {int, float} else {}
    option = typer.Option(
        default,
        option_name(request, name),
        metavar=metavar,
        help=_help(field),
        min=bounds.get("minimum"),
        max=bounds.get("maximum"),
        show_default=False,
    )
    return _parameter(name, type_ if field.is_required() or type_ is bool else type_ | None, option)


def _help(field: FieldInfo) -> str:
    """The description; the default, where it is a value."""
    shown = "" if field.is_required() or field.default in (None, (), False) else f" [default: {field.default}]"
    return f"{field.description or ''}{shown}"
