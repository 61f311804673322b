"""YAML as definitions need it: text as keys, each once, and nothing that grows while it is read."""

from __future__ import annotations

from typing import Any

import yaml

DEEPEST = 40  # levels; a definition has about ten


class Wrong(Exception):
    """What is wrong with a text, and in which line."""

    def __init__(self, what: str, line: int | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.line = line


def parsed(text: str) -> tuple[Any, yaml.Node | None]:
    """What a text says, and the nodes that know its lines. Raises Wrong."""
    try:
        _without_aliases(text)
        node = yaml.compose(text, yaml.SafeLoader)
        _with_plain_keys(node)
        return yaml.safe_load(text), node
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Wrong(f"a character that YAML does not allow ({error.character!r})", line) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = error.problem or error.context or "it cannot be read"
        hint = "; indent with spaces, not with tabs" if "\\t" in said else ""
        raise Wrong(f"this is not YAML: {said}{hint}", _line(mark)) from None
    except ValueError as error:  # such as a date that there is not
        raise Wrong(f"this is not YAML: {error}") from None


def _without_aliases(text: str) -> None:
    """A few lines of aliases can stand for gigabytes; and a text of brackets alone would end the recursion."""
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            what = f"this stands for another part (*{event.anchor}); write that part here once more"
            raise Wrong(what, _line(event.start_mark))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise Wrong(f"this is nested in more than {DEEPEST} levels", _line(event.start_mark))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _with_plain_keys(node: yaml.Node | None) -> None:
    if isinstance(node, yaml.SequenceNode):
        for one in node.value:
            _with_plain_keys(one)
    elif isinstance(node, yaml.MappingNode):
        lines = dict[str, int]()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag != "tag:yaml.org,2002:str":
                raise Wrong(f"the key {str(key.value)[:60]!r} is not text; put it into quotes", line)
            if key.value in lines:
                raise Wrong(
                    f"the key {key.value!r} stands here a second time; the first is in line {lines[key.value]}", line
                )
            lines[key.value] = line
            _with_plain_keys(value)


def _line(mark: Any) -> int | None:
    return int(mark.line) + 1 if mark else None
