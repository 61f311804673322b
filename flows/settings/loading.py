"""Where settings come from: options, environment and file, merged so that an error can name the place at fault."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from flows.ground.errors import InputError
from flows.settings.environment import PREFIX, ROLE_PASSWORDS, SWITCHES, WAREHOUSE
from flows.settings.tree import Settings, warehouses_of

FILE = "agent-metrics.toml"
ROOTED = ("home", "segments")  # paths that start at the folder of the file


def load(config: Path | None = None, options: Mapping[str, Any] | None = None) -> Settings:
    """The settings from options, environment and file; `config` is the file that must exist then.

    `options` has the nested shape of the settings. Raises InputError for whatever is wrong.
    """
    named = config or (Path(os.environ["AGENT_METRICS_CONFIG"]) if os.environ.get("AGENT_METRICS_CONFIG") else None)
    file = (named or Path(FILE)).expanduser()
    from_file = _read(file) if named or file.exists() else {}
    from_environment = _environment()
    given = options or {}
    no_password_in(from_file.get("warehouse"), f"{file}, key warehouse")
    no_password_in(given.get("warehouse"), "option --warehouse")
    try:
        return Settings(**_merged(_rooted(from_file, file.parent), _merged(from_environment, given)))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        # a misspelt key often leaves another one missing: name the misspelt one
        first = min(found, key=lambda problem: problem["type"] != "extra_forbidden")
        where = _place(first["loc"], first["type"], file, from_environment, given)
        raise input_error(where, first["type"], first["msg"]) from None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except FileNotFoundError:
        remedy = "name a file that exists, or leave the option out"
        raise InputError("there is no such settings file", where=str(file), remedy=remedy) from None
    except OSError as error:
        what = f"the settings file cannot be read ({error.strerror})"
        raise InputError(what, where=str(file), remedy="check the path and its permissions") from None
    except UnicodeDecodeError:
        raise InputError("the settings file is not UTF-8", where=str(file), remedy="save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        what = f"the settings file is not TOML ({error})"
        raise InputError(
            what, where=str(file), remedy="mend that line; agent-metrics.example.toml shows the form"
        ) from None


def _environment() -> dict[str, Any]:
    named = sorted(name for name in os.environ if name.upper().startswith(PREFIX))  # in either case, as pydantic reads
    settings = [name for name in named if name.upper() not in {*SWITCHES, *ROLE_PASSWORDS.values()}]
    for name in settings:
        if name[len(PREFIX) :].split("__")[0].lower() not in Settings.model_fields:
            raise InputError("this variable is not a setting", where=name, remedy=_known(Settings.model_fields, PREFIX))
    if not settings:
        return {}
    from flows.settings.variables import from_variables  # noqa: PLC0415  takes longer than many commands

    return from_variables()


def no_password_in(value: Any, where: str) -> None:
    """The file is for everybody to read, and so are the parameters of a flow."""
    try:
        found = warehouses_of(value)
    except ValueError:  # said where all settings are looked at
        return
    if any(one.secrets for one in found):
        remedy = f"give it in {WAREHOUSE} or PGPASSWORD, or keep it in ~/.pgpass"
        raise InputError("a warehouse has its password here, where others can read it", where=where, remedy=remedy)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, `above` winning key by key; lists and single values are replaced whole."""
    merged = dict(below)
    for key, value in above.items():
        inner = merged.get(key)
        merged[key] = _merged(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return merged


def _rooted(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The file's document with its relative paths starting at the file's folder."""

    def rooted(value: Any) -> Any:
        return str(folder / Path(value).expanduser()) if isinstance(value, str) and value else value

    result = {key: rooted(value) if key in ROOTED else value for key, value in document.items()}
    files = document.get("sources", {}).get("files") if isinstance(document.get("sources"), dict) else None
    if isinstance(files, dict) and "path" in files:
        result = _merged(result, {"sources": {"files": {"path": rooted(files["path"])}}})
    return result


def _place(
    key: tuple[int | str, ...], kind: str, file: Path, environment: Mapping[str, Any], options: Mapping[str, Any], /
) -> str:
    """Where the key was set, for people; options beat the environment, which beats the file."""
    path = key[:-1] if kind == "missing" else key
    if _holds(options, path):
        return f"option --{str(key[-1]).replace('_', '-')}"
    if _holds(environment, path):
        return f"{PREFIX}{'__'.join(str(part) for part in key).upper()}"
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in key)
    return f"{file}, key {text.removeprefix('.')}"


def _holds(document: Any, path: tuple[int | str, ...]) -> bool:
    """Whether the document has something where the path points; what is not a mapping holds all that is under it."""
    for part in path:
        if not isinstance(document, Mapping):
            return True
        if part not in document:
            return False
        document = document[part]
    return bool(path)


def input_error(where: str, kind: str, message: str) -> InputError:
    """The sentence for a mistake that pydantic found, whose own texts speak of Python for a wrong section or path."""
    sentences = {
        "extra_forbidden": "there is no such setting; correct its name or take it out",
        "missing": "this setting is missing; add it",
        "path_type": "this is not a path; give text in quotes",
        "model_type": "this is not a section; see agent-metrics.example.toml for its shape",
        "tuple_type": "this is not a list; see agent-metrics.example.toml for its shape",
    }
    sentence = sentences.get(kind, message.removeprefix("Value error, "))
    what, _, remedy = sentence.partition("; ")
    return InputError(what[:1].lower() + what[1:], where=where, remedy=remedy or "correct it")


def _known(fields: Mapping[str, Any], prefix: str) -> str:
    return "known are " + ", ".join(f"{prefix}{name.upper()}" for name in fields)
