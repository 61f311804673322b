"""YAML as definitions need it: text as keys, each once, and nothing that grows while it is read."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import yaml

from flows.audiences.mistakes import odd_number, of_yaml

DEEPEST = 40  # levels; a definition has about ten


class Wrong(Exception):
    """What is wrong with a text, and in which line."""

    def __init__(self, what: str, line: int | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.line = line


def parsed(text: str) -> tuple[Any, yaml.Node | None]:
    """What a text says, and the nodes that know its lines. Raises Wrong."""
    if yaml.__with_libyaml__:
        with suppress(Wrong):  # twenty times as quick, and says less well what is wrong
            return _parsed(text, yaml.CSafeLoader)
    return _parsed(text, yaml.SafeLoader)


def _parsed(text: str, loader: Any) -> tuple[Any, yaml.Node | None]:
    try:
        _without_aliases(text, loader)
        node = yaml.compose(text, yaml.SafeLoader)  # the other one does not say alike where a node begins and ends
        _with_plain_keys(node)
        return yaml.load(text, loader), node  # noqa: S506  a safe loader
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Wrong(f"a character that YAML does not allow ({error.character!r})", line) from None
    except yaml.MarkedYAMLError as error:
        raise Wrong(*of_yaml(error)) from None
    except (ValueError, LookupError, AttributeError, TypeError) as error:  # of a tag that does not fit its value
        raise Wrong(f"a value does not fit its tag, the word after !! ({error})") from None


def _without_aliases(text: str, loader: Any) -> None:
    """A few lines of aliases can stand for gigabytes; and a text of brackets alone would end the recursion."""
    depth = 0
    for event in yaml.parse(text, loader):
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
        for place, (key, value) in enumerate(node.value):
            line = key.start_mark.line + 1
            if node.flow_style and place and key.style is None and value.start_mark.index == key.end_mark.index:
                before = str(node.value[place - 1][1].value)
                said = f"{before}, {key.value}"
                what = f"a comma ends a value between {{ and }}; put a text with a comma into quotes: {said[:60]!r}"
                is_number = before.isdigit() and str(key.value).isdigit()
                raise Wrong(f"a number has a point: {before}.{key.value}" if is_number else what, line)
            if key.tag != "tag:yaml.org,2002:str":
                raise Wrong(f"the key {str(key.value)[:60]!r} is not text; put it into quotes", line)
            if key.value in lines:
                raise Wrong(
                    f"the key {key.value!r} stands here a second time; the first is in line {lines[key.value]}", line
                )
            lines[key.value] = line
            _with_plain_keys(value)
    elif isinstance(node, yaml.ScalarNode):
        _as_people_read(node)


def _as_people_read(node: yaml.ScalarNode) -> None:
    """Dates that there are not, and numbers that YAML takes for others than people do."""
    line, text, kind = node.start_mark.line + 1, str(node.value)[:60], node.tag.rpartition(":")[2]
    construct = yaml.constructor.SafeConstructor()
    if kind == "timestamp":
        try:
            construct.construct_yaml_timestamp(node)
        except (ValueError, AttributeError):
            raise Wrong(f"there is no such day or time: {text}", line) from None
    elif kind == "int" and (remedy := odd_number(text)):
        number = construct.construct_yaml_int(node)
        raise Wrong(f'YAML reads {text} as {number}: put a text into quotes ("{text}"), or {remedy}', line)


def _line(mark: Any) -> int | None:
    return int(mark.line) + 1 if mark else None
