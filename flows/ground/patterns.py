"""Patterns of thousands of phrases, kept as Python compiled them: that takes a second, in every process anew.

Python keeps no compiled pattern. So the code that its module `re` makes of one is kept in the user's folder for caches
(`$XDG_CACHE_HOME/agent-metrics`, else `~/.cache/agent-metrics`), with a digest of what the patterns were made of and
of this Python. Whatever is wrong there, the patterns are compiled as usual. Python itself checks the code before it
runs it.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

CODE = "I"  # of 32 bits each


@dataclass(frozen=True)
class _Compiled:
    """What Python makes a pattern of: its text, its flags, its groups, and so many words of code."""

    pattern: str
    flags: int
    groups: int
    names: dict[str, int]
    length: int

    def of(self, code: Sequence[int]) -> re.Pattern[str]:
        places: list[str | None] = [None] * (self.groups + 1)
        for name, place in self.names.items():
            places[place] = name
        made: re.Pattern[str] = importlib.import_module("_sre").compile(
            self.pattern, self.flags, list(code), self.groups, self.names, tuple(places)
        )
        return made


def compiled(name: str, sources: Sequence[Path], make: Callable[[], Mapping[str, str]]) -> dict[str, re.Pattern[str]]:
    """The patterns that `make` writes from nothing but the files `sources`, by their names; kept under `name`."""
    digest = hashlib.sha256(sys.version.encode())
    for source in sources:
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    with suppress(Exception):  # it is not there, or of another version, or damaged
        return _kept(_file(name), digest.hexdigest())
    patterns = make()
    with suppress(Exception):  # nothing can be written there, or this Python compiles otherwise
        return _keep(_file(name), digest.hexdigest(), patterns)
    return {one: re.compile(pattern) for one, pattern in patterns.items()}


def _file(name: str) -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return folder / "agent-metrics" / f"{name}.patterns"


def _kept(file: Path, digest: str) -> dict[str, re.Pattern[str]]:
    """Raises some error where the file is not one that this user has kept for just that."""
    with file.open("rb") as opened:
        of = os.fstat(opened.fileno())
        head, content = json.loads(opened.readline()), opened.read()
    is_ours = of.st_uid == os.geteuid() and not of.st_mode & 0o022
    if not is_ours or head["digest"] != digest or head["checksum"] != hashlib.sha256(content).hexdigest():
        raise ValueError(file)
    code = array(CODE, content)
    found, at = {}, 0
    for name, values in head["patterns"].items():
        one = _Compiled(**values)
        found[name], at = one.of(code[at : at + one.length]), at + one.length
    return found


def _keep(file: Path, digest: str, patterns: Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    """Compile the patterns step by step, as `re.compile` does, and keep what the last but one step gives."""
    parser: Any = importlib.import_module("re._parser")
    compiler: Any = importlib.import_module("re._compiler")
    heads, codes, found = {}, array(CODE), {}
    for name, pattern in patterns.items():
        parsed = parser.parse(pattern, 0)
        code, state = compiler._code(parsed, 0), parsed.state
        one = _Compiled(pattern, state.flags, state.groups - 1, state.groupdict, len(code))
        heads[name], found[name] = asdict(one), one.of(code)
        codes.extend(code)
    content = codes.tobytes()
    head = {"digest": digest, "checksum": hashlib.sha256(content).hexdigest(), "patterns": heads}
    _write(file, json.dumps(head).encode() + b"\n" + content)
    return found


def _write(file: Path, content: bytes) -> None:
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = file.with_name(f".{file.name}.{os.getpid()}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            opened.write(content)
        new.replace(file)
