"""A wrong file says where it is wrong and what would be right, and takes no other down."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.audiences import Misfit, Problem, segments
from flows.audiences.reading import segment_of

GOOD = """\
name: Escalated
description: Handed over in the last 7 days.
definition:
  condition_groups:
    - conditions:
        - type: profile-metric
          metric: Conversation with Customer Agent escalated
          measurement_filter: {type: numeric, operator: greater-than-or-equal, value: 1}
          timeframe_filter: {type: date, operator: in-the-last, unit: day, quantity: 7}
          metric_filters:
            - property: channel
              filter: {type: string, operator: equals, value: sms}
"""
FUNNEL = """\
name: Funnel
description: Recommended, not bought.
definition:
  condition_groups:
    - conditions:
        - type: profile-metric-funnel
          timeframe_filter: {operator: in-the-last, unit: day, quantity: 7}
          completion_window_seconds: HOURS_2
          steps:
            - metric: Received product recommendation from Customer Agent
            - metric: Placed Order
              metric_exists: false
"""

DATES = """\
name: Dates
description: Between two days, with consent, and with a name or an address.
definition:
  condition_groups:
    - conditions:
        - type: profile-metric
          metric: Placed Order
          measurement: sum
          measurement_filter: {type: numeric, operator: equals, value: 1.5}
          timeframe_filter: {operator: between-static, start: "2026-01-01", end: "2026-01-01T00:00:00Z"}
        - type: profile-metric-funnel
          timeframe_filter: {operator: after, date: "2026-01-01"}
          steps:
            - metric: Received product recommendation from Customer Agent
              metric_filters: [{property: product_ids, filter: {type: list, operator: contains-any, value: [a]}}]
            - metric: Placed Order
              metric_filters: [{property: is_cancelled, filter: {type: boolean, value: true}}]
        - type: profile-property
          property: email
          filter: {type: existence, operator: is-set}
        - type: profile-marketing-consent
          consent: {channel: email, can_receive_marketing: true}
"""


def problems(folder: Path, text: str | bytes, name: str = "wrong.yml") -> list[Problem]:
    """What is said of the file, beside a good one, which has to be there."""
    (folder / "good.yml").write_text(GOOD, "utf-8")
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    found, problems = segments(folder, shipped=False)
    assert "good" in [one.key for one in found]
    assert {one.file.name for one in problems} <= {name}
    assert (len(found) == 1) is bool(problems)
    return problems


def changed(before: str, after: str, of: str = GOOD) -> str:
    assert of.count(before) == 1, before
    return of.replace(before, after)


@pytest.mark.parametrize("text", [GOOD, FUNNEL, DATES, "\ufeff" + GOOD, GOOD.replace("\n", "\r\n")])
def test_what_is_right_is_taken(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        pytest.param("", None, "the file is empty; a segment has name, description and definition", id="empty"),
        pytest.param("# nothing\n", None, "the file is empty", id="a comment alone"),
        pytest.param("- name: a\n", None, "the file holds a list; a segment has name", id="a list"),
        pytest.param("hello\n", None, "the file holds no keys, but 'hello'", id="a word"),
        pytest.param("name: a\n\tx: b\n", 2, "a line begins with a tab; indent with spaces", id="a tab"),
        pytest.param("name: [a\ndescription: b\n", 1, "[ opens here, and no ] closes it", id="an open bracket"),
        pytest.param("name: a\n---\nname: b\n", 2, "this is not YAML: but found another document", id="two documents"),
        pytest.param("name: a\nx: !!python/name:os.system\n", 2, "could not determine a constructor", id="a tag"),
        pytest.param("name: a\x00b\n", 1, "a character that YAML does not allow", id="a null character"),
        pytest.param("name: a\nx: 2026-02-30\n", 2, "there is no such day or time: 2026-02-30", id="no such day"),
        pytest.param(
            "name: Sale: all\n", 1, "a colon with a blank after it stands inside of a value: put", id="a colon"
        ),
        pytest.param('name: "a\ndescription: b\n', 1, "a quotation mark opens here, and none closes it", id="a mark"),
        pytest.param("name: 'it's'\n", 1, "text goes on after the quotation mark that ends it", id="a mark in a text"),
        pytest.param("name: *VIP*\n", 1, "a value cannot begin with *; put the whole text into quotes", id="a star"),
        pytest.param("name: @VIP\n", 1, "a value cannot begin with this sign; put the whole", id="another sign"),
        pytest.param("name: a\nx: {a: b}}\n", 2, "} closes something that nothing opens", id="one too many"),
        pytest.param("name: a\nx: !!bool maybe\n", None, "a value does not fit its tag", id="a tag that does not fit"),
        pytest.param(
            changed("value: sms", "value: 0042"),
            12,
            'YAML reads 0042 as 34: put a text into quotes ("0042"),',
            id="zeros",
        ),
        pytest.param(changed("value: sms", "value: 12:30"), 12, "YAML reads 12:30 as 750", id="a time of the day"),
        pytest.param(changed("value: sms", "value: no"), 12, "value takes text; put no into quotes", id="no"),
        pytest.param(
            changed("equals, value: sms", "in, value: [a, 7]"), 12, "value.1 takes text; put 7 into", id="7 in a list"
        ),
        pytest.param(changed("value: 1}", "value: 1,5}"), 8, "a number has a point: 1.5", id="a decimal comma"),
        pytest.param(
            changed("value: 1}", "value: '1,5'}"),
            8,
            "takes a number with a point, not with a comma (here is '1,5')",
            id="1,5",
        ),
        pytest.param(
            changed("value: sms", "value: a, b"), 12, "put a text with a comma into quotes: 'a, b'", id="a comma"
        ),
        pytest.param(
            changed("definition:", "accounts: []\ndefinition:"), 3, "accounts needs 1 or more in its list", id="nobody"
        ),
        pytest.param(changed("definition:", "accounts: x\ndefinition:"), 3, "accounts takes a list; write [x]", id="x"),
        pytest.param(
            changed("{type: date, operator: in-the-last, unit: day, quantity: 7}", "{operator: after, date: 1/6/2026}"),
            9,
            "date takes a day as 2026-06-07, or an instant with its zone as 2026-06-07T12:00:00Z (here is '1/6/2026')",
            id="another date",
        ),
        pytest.param(changed("quantity: 7", "quantity: 0"), 9, "quantity is 1 or more (here is '0')", id="0 days"),
        pytest.param(changed("quantity: 7", "quantity: 1.5"), 9, "quantity takes a whole number", id="1.5 days"),
        pytest.param("name: a\nx: " + "[" * 100_000, 2, "nested in more than 40 levels", id="brackets"),
        pytest.param(changed("name: Escalated\n", ""), 1, "name is missing", id="no name"),
        pytest.param(changed("name: Escalated", "name: ''"), 1, "name is empty", id="an empty name"),
        pytest.param(changed("name: Escalated", "name: 7"), 1, "name takes text; put 7 into quotes", id="7"),
        pytest.param(
            changed("description:", "descriptoin:"), 2, "not known here; did you mean 'description'?", id="typo"
        ),
        pytest.param(
            changed("name:", "name: a\nname:"),
            2,
            "'name' stands here a second time; the first is in line 1",
            id="twice",
        ),
        pytest.param("1: a\n" + GOOD, 1, "the key '1' is not text; put it into quotes", id="a number as key"),
        pytest.param("2026-01-01: a\n" + GOOD, 1, "the key '2026-01-01' is not text", id="a day as key"),
        pytest.param("on: a\n" + GOOD, 1, "the key 'on' is not text", id="yes as key"),
        pytest.param(
            changed("metric: Conversation", "metric: Conversatoin"),
            7,
            "conditions.0.metric: there is no metric 'Conversatoin with Customer Agent escalated'; "
            "did you mean 'Conversation with Customer Agent escalated'?",
            id="a wrong metric",
        ),
        pytest.param(
            changed("equals, value: sms", "regex, value: a(b"),
            12,
            "value: this is not a regular expression",
            id="regex",
        ),
        pytest.param(
            changed("equals, value: sms", "regex, value: a++"), 12, "bad repetition operator", id="possessive"
        ),
        pytest.param(
            changed("equals, value: sms", "nregex, value: '[[:alpha:]]'"),
            12,
            "with [[ means something else",
            id="posix",
        ),
        pytest.param(changed("value: sms", r'value: "a\0b"'), 12, "it has a null character", id="null"),
        pytest.param(changed("name: Escalated", r'name: "\ud800"'), 1, "half of a character", id="half"),
        pytest.param(changed("HOURS_2", "YEARS_11", FUNNEL), 8, "longer than 10 years", id="years"),
        pytest.param(changed("property: channel", "property: chanel"), 11, "did you mean 'channel'?", id="a property"),
        pytest.param(
            changed("          metric: Con", "          metrik: Con"), 7, "did you mean 'metric'?", id="a wrong key"
        ),
        pytest.param(
            changed("unit: day", "units: day"), 9, "units is not known here; did you mean 'unit'?", id="in a time"
        ),
        pytest.param(
            changed("value: sms", "valu: sms"), 12, "valu is not known here; did you mean 'value'?", id="in a filter"
        ),
        pytest.param(
            changed("operator: equals", "operator: is"),
            12,
            "operator is 'is'; it may be 'equals', 'not-equals'",
            id="is",
        ),
        pytest.param(
            changed("operator: in-the-last", "operator: last"),
            9,
            "is 'last'; it may be 'alltime', 'in-the-last'",
            id="last",
        ),
        pytest.param(
            changed("type: profile-metric", "type: metric"), 6, "is 'metric'; it may be 'profile-metric'", id="a type"
        ),
        pytest.param(changed("- type: profile-metric\n          ", "- "), 6, "conditions.0 has no type", id="no type"),
        pytest.param(changed("value: 1", "value: one"), 8, "value takes a number (here is 'one')", id="one"),
        pytest.param(changed("value: 1", "value: .nan"), 8, "value takes a number", id="no number"),
        pytest.param(changed("quantity: 7", "quantity: -7"), 9, "quantity is 1 or more", id="-7"),
        pytest.param(changed(", quantity: 7", ""), 9, "timeframe_filter.quantity is missing", id="no quantity"),
        pytest.param(changed("value: sms", "value: 7"), 12, "value takes text; put 7 into quotes", id="a number"),
        pytest.param(
            changed("value: sms", "value: [sms]"), 12, "value: the operator equals takes one text", id="a list"
        ),
        pytest.param(
            changed("type: string, operator: equals, value: sms", "type: boolean, value: true"),
            12,
            "filter.type: 'channel' takes a filter of type string or existence, not boolean",
            id="another type",
        ),
        pytest.param(
            changed("quantity: 7}", "quantity: 7}\n          measurement: sum"), 10, "has no value to sum up", id="sum"
        ),
        pytest.param(
            changed("metric: Placed Order", "metric: Bought", FUNNEL),
            11,
            "steps.1.metric: there is no metric",
            id="step",
        ),
        pytest.param(
            changed("HOURS_2", "MONTHS_2", FUNNEL),
            8,
            "is written as HOURS_2, DAYS_1, WEEKS_1 or YEARS_1 (here is 'MONTHS_2')",
            id="a window",
        ),
        pytest.param(changed("    - conditions:", "    - condition:"), 5, "did you mean 'conditions'?", id="a group"),
    ],
)
def test_a_wrong_file_says_where_and_what_would_be_right(
    tmp_path: Path, text: str, line: int | None, said: str
) -> None:
    found = problems(tmp_path, text)
    assert any(one.line == line and said in str(one) for one in found), "\n".join(map(str, found))
    assert all("\n" not in str(one) and len(str(one)) < 900 + len(str(tmp_path)) for one in found)


def test_one_fault_is_said_once(tmp_path: Path) -> None:
    """A union of types tells of each of its members."""
    assert len(problems(tmp_path, changed("value: sms", "value: 7"))) == 1


def test_a_few_lines_of_aliases_do_not_become_gigabytes(tmp_path: Path) -> None:
    """Each line has the line before nine times, and JSON writes all of them."""
    lines = ["a0: &a0 [x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30))]
    (one,) = problems(tmp_path, "\n".join(lines))
    assert (one.line, one.what) == (2, "this stands for another part (*a0); write that part here once more")
    (one,) = problems(tmp_path, "a: &a [*a]\n")
    assert one.line == 1


def test_what_is_not_utf_8_is_said_with_its_line(tmp_path: Path) -> None:
    (one,) = problems(tmp_path, b"name: a\ndescription: gr\xfc\xdfe\n")
    assert (one.line, one.what) == (2, "this is not text in UTF-8; save the file as UTF-8")


def test_no_more_of_a_huge_file_is_read_than_is_needed(tmp_path: Path) -> None:
    huge = tmp_path / "wrong.yml"
    huge.touch()
    os.truncate(huge, 1 << 40)  # a hole, which takes no disk
    (tmp_path / "good.yml").write_text(GOOD, "utf-8")
    found, (one,) = segments(tmp_path, shipped=False)
    assert [each.key for each in found] == ["good"]
    assert "more than 262,144 bytes" in str(one)


@pytest.mark.parametrize("name", ["Wrong.yml", "1st.yml", "two words.yml", "a.b.yml", f"{'a' * 64}.yaml"])
def test_the_name_of_a_file_is_a_key(tmp_path: Path, name: str) -> None:
    (one,) = problems(tmp_path, GOOD, name)
    assert "the name of the file is the key of the segment: it begins with a letter and has only a to z" in one.what
    assert "; rename the file to " in one.what


def test_two_files_with_one_key_are_both_left_out(tmp_path: Path) -> None:
    """Which of them counted would depend on their endings."""
    for name in ("good.yml", "twice.yaml", "twice.yml"):
        (tmp_path / name).write_text(GOOD, "utf-8")
    found, (one,) = segments(tmp_path, shipped=False)
    assert [each.key for each in found] == ["good"]
    assert "has this key; rename one of them" in one.what


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    """What is wrong with a file is told with words of it: a link would tell of any file of the machine."""
    (tmp_path / "secret").write_text("key: s3cret\n", "utf-8")
    folder = tmp_path / "segments"
    (folder / "..data").mkdir(parents=True)
    (folder / "..data" / "inside.yml").write_text(GOOD, "utf-8")
    (folder / "out.yml").symlink_to(tmp_path / "secret")
    (folder / "inside.yml").symlink_to(Path("..data") / "inside.yml")  # as Kubernetes mounts a ConfigMap
    (folder / "itself.yml").symlink_to(folder / "itself.yml")
    (folder / "nowhere.yml").symlink_to(folder / "gone.yml")
    (folder / "folder.yml").mkdir()
    os.mkfifo(folder / "pipe.yml")
    found, problems = segments(folder, shipped=False)
    assert [one.key for one in found] == ["inside"]
    said = {one.file.name: one.what for one in problems}
    assert said.pop("out.yml") == "this is a link out of the folder; put the file itself there"
    assert said.pop("itself.yml").startswith("the file cannot be read: ")
    assert said == dict.fromkeys(("folder.yml", "nowhere.yml", "pipe.yml"), "this is not a file")


def test_a_wrong_file_is_not_replaced_by_the_one_of_the_package(tmp_path: Path) -> None:
    """It would have other members than the one who wrote the file means."""
    (tmp_path / "escalated_7_days.yml").write_text("name: mine\n", "utf-8")
    found, problems = segments(tmp_path, shipped=True)
    assert problems
    assert "escalated_7_days" not in [one.key for one in found]
    (tmp_path / "escalated_7_days.yml").unlink()
    (tmp_path / "escalated_7_days.yml").mkdir()
    found, problems = segments(tmp_path, shipped=True)
    assert "escalated_7_days" not in [one.key for one in found]


def test_signs_that_steer_a_terminal_are_made_visible(tmp_path: Path) -> None:
    found = problems(tmp_path, changed("metric: Con", 'metric: "\\e[2J" # '))
    assert all(str(one).isprintable() for one in found)
    assert any(r"\x1b[2J" in str(one) for one in found)


def test_the_shipped_segments_are_right() -> None:
    found, problems = segments(Path("nowhere"), shipped=True)
    assert problems == []
    assert len(found) >= 9


PYDANTIC = re.compile(
    r"[Ii]nput|should|valid (?!day)|tuple|decimal|[Ff]ield|dictionary|validat|discriminat|instance|boolean"
)
JUNK: tuple[Any, ...] = (
    None,
    True,
    7,
    -1.5,
    10**30,
    "",
    "x",
    "1,5",
    [],
    ["x"],
    {},
    {"a": 1},
    [[1]],
    "a" * 201,
    1.23456,
)


def places(part: Any, *way: int | str) -> Iterator[tuple[int | str, ...]]:
    """The way to every value of a document."""
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in inner:
        yield (*way, key)
        yield from places(value, *way, key)


@pytest.mark.parametrize("text", [GOOD, FUNNEL, DATES])
def test_no_value_is_refused_in_the_words_of_a_library(text: str) -> None:
    said, lines = set[str](), list[int | None]()
    for way in places(yaml.safe_load(text)):
        for junk in JUNK:
            document = yaml.safe_load(text)
            part = document
            for step in way[:-1]:
                part = part[step]
            part[way[-1]] = junk
            written = yaml.safe_dump(document, sort_keys=False)
            try:
                segment_of(Path("x.yml"), document, yaml.compose(written, yaml.SafeLoader))
            except Misfit as misfit:
                said |= {one.what for one in misfit.problems}
                lines += [one.line for one in misfit.problems]
    assert len(said) > 100
    assert None not in lines
    assert [one for one in said if PYDANTIC.search(re.sub(r"'[^']*'|type boolean", "", one))] == []
    assert [one for one in said if "does not fit here" in one] == []


def test_what_is_not_read_in_the_folder_is_said(tmp_path: Path) -> None:
    """A definition was not there, and nobody said that its file has the wrong ending."""
    folder = tmp_path / "segments"
    (folder / "europe").mkdir(parents=True)
    (folder / "empty").mkdir()
    for name in (
        "good.yml",
        "also.yaml",
        "a.YML",
        "b.txt",
        "c.yml.txt",
        "d.json",
        "europe/e.yml",
        ".hidden",
        "README.md",
    ):
        (folder / name).write_text(GOOD, "utf-8")
    found, problems = segments(folder, shipped=False)
    assert [one.key for one in found] == ["also", "good"]
    said = {one.file.name: one.what for one in problems}
    assert said.pop("europe") == f"folders in it are not read; put the definitions into {folder} itself"
    names = {"a.YML": "a", "b.txt": "b", "c.yml.txt": "c", "d.json": "d"}
    assert said == {
        file: f"this file is not read: definitions end in .yml; rename it to {name}.yml" for file, name in names.items()
    }
