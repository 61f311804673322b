"""HTML of the page as a tree, strictly: what is not closed where it has to be fails."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, TreeBuilder

VOID = {"meta", "link", "input", "br", "img", "wbr"}


class Tree(HTMLParser):
    """Builds the tree; the elements of SVG may close themselves."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._builder = TreeBuilder()
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self._builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in VOID:
            self._builder.end(tag)
        else:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, f"</{tag}> closes another element"
        self._builder.end(tag)

    def handle_data(self, data: str) -> None:
        if self._open:
            self._builder.data(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def whole(self) -> Element:
        assert not self._open, self._open
        return self._builder.close()


def parsed(text: str) -> Element:
    tree = Tree()
    tree.feed(text)
    tree.close()
    return tree.whole()


def words_of(element: Element) -> str:
    """The text in it, its blanks as people see them."""
    return " ".join("".join(element.itertext()).split())


def skeleton(element: Element) -> list[tuple[str, tuple[str, ...]]]:
    """Which elements there are, in which order, with which attributes; no word of the text."""
    return [(one.tag, tuple(sorted(one.attrib))) for one in element.iter()]


def addresses(element: Element) -> Iterator[str]:
    """All that leads or loads anything."""
    for one in element.iter():
        for name in ("href", "src", "action", "formaction", "data-live"):
            if name in one.attrib:
                yield one.attrib[name]


def figures(page: Element) -> dict[str, str]:
    """The key figures of the overview by their keys, as they are written."""
    cards = page.iterfind(".//article[@data-figure]")
    return {card.attrib["data-figure"]: words_of(required(card, ".//p[@class='value']")) for card in cards}


def required(element: Element, path: str) -> Element:
    found = element.find(path)
    assert found is not None, path
    return found
