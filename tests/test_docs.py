"""What the project says of itself is held against the project."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from contract import landing
from flows.questions import account

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
DEFINITIONS = (ROOT / "docs" / "definitions.md").read_text("utf-8")
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "tests/README.md")),
    *(ROOT / "benchmarks" / name for name in ("README.md", "topics/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "flows" / "sources").glob("*/README.md")),
    *sorted((ROOT / "flows" / "delivery").glob("*/README.md")),
]
RULES = [
    *("1.1", "1.2", "1.3", "1.4", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8"),
    *(f"3.{number}" for number in range(1, 10)),
    *("4.1", "4.2", "4.3", "4.4", "5.1", "5.2", "5.3", "5.4", "5.5", "5.6"),
    *("6.1", "6.2", "6.3", "6.4", "6.5", "7.1", "7.2", "7.3"),
    *("8.1", "8.2", "8.3", "8.4", "8.5", "8.6", "9.1", "9.2", "10.1", "10.2", "10.3", "11.1", "11.2"),
    *("12.1", "12.2", "12.3", "12.4", "13.1", "13.2", "13.3", "13.4", "13.5", "13.6"),
]


def test_every_rule_has_one_heading_line() -> None:
    assert re.findall(r"^### (\d+\.\d+) \S", DEFINITIONS, re.MULTILINE) == RULES


def test_every_rule_but_those_of_publishing_has_a_golden_case() -> None:
    for rule in RULES:
        if not rule.startswith("9.") and rule != "13.6":  # a kill proves these: tests/warehouses, tests/delivery
            assert list((ROOT / "tests" / "golden" / rule).glob("*/case.toml")), rule


def test_every_command_is_in_the_readme() -> None:
    command = Path(sys.executable).with_name("agent-metrics")
    text = subprocess.run([command, "--help"], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^\W*([a-z]+)\s{2,}", text.split("Commands")[1], re.MULTILINE)
    assert len(commands) >= 10
    for name in commands:
        assert re.search(rf"`(agent-metrics )?{name}\b", README), name


def test_every_flow_has_a_deployment() -> None:
    flows = {
        path.stem
        for path in (ROOT / "flows").glob("*.py")
        if re.search(r"^@flow", path.read_text("utf-8"), re.MULTILINE)
    }
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
    assert {one["entrypoint"] for one in deployments} == {f"flows.{flow}.{flow}" for flow in flows}


def test_no_image_holds_credentials_or_what_git_ignores() -> None:
    """An image was built with `deploy/secrets.env` in it: the whole checkout is copied."""
    out = set((ROOT / ".dockerignore").read_text("utf-8").splitlines())
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()}
    mounted = set(re.findall(r"\./(\S+):/|env_file: (\S+)", (ROOT / "deploy/compose.yaml").read_text("utf-8")))
    names = {one or other for one, other in mounted}
    assert names == {"agent-metrics.toml", "secrets.env"}
    assert {f"**/{name}" for name in names} | {".git"} <= out
    assert not {one for one in ignored if not {one, f"**/{one}", f"**/{one.rpartition('/')[2]}"} & out}


def test_a_long_line_of_a_page_is_one_sentence() -> None:
    """Lines of several sentences hide in a diff which of them changed, and grow until nobody reads them.

    The catalogue is generated. A row of a table is one line, however long its cells are (those of the changelog are the
    longest), so rows are left out; and a heading in bold may stand before its first sentence.
    """
    long = []
    for page in set(PAGES) - {ROOT / "docs/metrics.md"}:
        text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        lines = [line for line in re.sub(r"\]\([^)]*\)", "]", text).splitlines() if not line.startswith(("|", "    "))]
        long += [f"{page.name}: {line}" for line in lines if len(line) > 100 and re.search(r"\D[.!?] [A-Z]", line)]
    assert not long, "\n".join(sorted(long))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target


def test_every_recipe_is_in_contributing() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for recipe in (ROOT / "docs" / "recipes").glob("*.md"):
        assert f"(docs/recipes/{recipe.name})" in text, recipe.name


def test_the_files_that_a_recipe_names_are_there() -> None:
    """A recipe that names a file which has moved is worse than none; `tests/x.py` of a new thing is not there yet."""
    new = ("squarespace", "<")
    for recipe in [ROOT / "CONTRIBUTING.md", *(ROOT / "docs" / "recipes").glob("*.md")]:
        for name in re.findall(
            r"\b((?:contract|dbt_project|docs|expectations|flows|tests)/[\w./<>-]+)", recipe.read_text("utf-8")
        ):
            if not any(word in name for word in new):
                assert (ROOT / name.rstrip(".")).exists(), f"{recipe.name}: {name}"


def test_refused_rows_of_every_landing_table_are_published() -> None:
    macro = (ROOT / "dbt_project" / "macros" / "rejected_rows.sql").read_text("utf-8")
    assert set(landing()) <= set(re.findall(r"'(\w+)'", macro))


def test_every_server_that_somebody_starts_keeps_its_leases_in_files() -> None:
    """With leases in memory, a server that ended while a run was at work let no later run begin."""
    module = "prefect.server.concurrency.lease_storage.filesystem"
    assert find_spec(module)
    servers = ("README.md", "flows/command/up.py", "deploy/systemd/agent-metrics-server.service", "deploy/compose.yaml")
    for server in servers:
        text = (ROOT / server).read_text("utf-8")
        assert re.search(rf"PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE\W+{re.escape(module)}", text), server


def test_every_test_that_holds_a_fault_is_there() -> None:
    """A test that was renamed or deleted would leave its fault without one."""
    table = (ROOT / "tests" / "README.md").read_text("utf-8").partition("## Faults met in use")[2]
    rows = [line for line in table.splitlines() if line.startswith("|")][2:]
    named = [re.search(r"`([\w/]+\.py)::(\w+)` \|$", row) for row in rows]
    assert len(named) > 40
    for row, one in zip(rows, named, strict=True):
        assert one, row
        assert f"def {one[2]}(" in (ROOT / "tests" / one[1]).read_text("utf-8"), row


def test_every_folder_of_tests_has_a_row_in_their_readme() -> None:
    """A folder without a row is a folder of which nobody knows what it proves."""
    table = (ROOT / "tests" / "README.md").read_text("utf-8").partition("| folder |")[2].partition("\n\n")[0]
    folders = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("*/test_*.py")}
    assert set(re.findall(r"^\| `(\w+)/` \|", table, re.MULTILINE)) == folders


def test_the_rooms_of_the_page_are_the_layers_of_the_contract() -> None:
    """The page said that its list is the contract of import-linter, and lacked two rooms."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = [{layer.replace(".", "/") for layer in line.split(" | ")} for line in contracts[0]["layers"]]
    are_files = [{"flows/*.py"} if all((ROOT / f"{one}.py").is_file() for one in line) else line for line in layers]
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8").partition("## Rooms and arrows")[2]
    lines = re.findall(r"^    (.+)$", text.partition("\n## ")[0], re.MULTILINE)
    rooms = [{part for part in re.split(r"\s{2,}", line) if re.fullmatch(r"[\w/*.]+", part)} for line in lines]
    assert rooms == are_files


def test_the_readme_says_how_many_questions_are_kept_as_texts() -> None:
    assert f"the texts of up to {account.MOST:,} questions per account" in README


def test_every_number_of_the_questions_stands_in_the_table_of_constants() -> None:
    """A constant that decides what is a gap, and stands in no table, is one that nobody tries another value of.

    Those that only bound work, time or memory are named below the tables.
    """
    text = (ROOT / "docs" / "topics.md").read_text("utf-8").partition("## The constants")[2].partition("\n## ")[0]
    shown: dict[str, str] = {}
    for row in (line for line in text.splitlines() if line.startswith("| `")):
        what, value, *_ = (cell.strip() for cell in row.strip("|").split(" | "))
        names = re.findall(r"`(\w+\.[A-Z_]+)`", what)
        shown |= dict(zip(names, re.split(r", ", value), strict=True))
    of_work = set(re.findall(r"`(\w+\.[A-Z_]+)`", text.partition("Other constants")[2]))
    numbers = _numbers(ROOT / "flows" / "questions")
    assert of_work <= numbers.keys()
    assert shown == {name: f"{value:,}" for name, value in numbers.items() if name not in of_work}


def _numbers(folder: Path) -> dict[str, int | float]:
    """The constants of the modules of a folder that are numbers, by module and name."""
    numbers: dict[str, int | float] = {}
    for path in folder.glob("*.py"):
        for statement in ast.parse(path.read_text("utf-8")).body:
            if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
                continue
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = [name.id for one in targets for name in getattr(one, "elts", [one]) if isinstance(name, ast.Name)]
            values = getattr(statement.value, "elts", [statement.value])
            for name, value in zip(names, values, strict=False):
                if isinstance(value, ast.Constant) and isinstance(value.value, int | float):
                    numbers[f"{path.stem}.{name}"] = value.value
    return {name: number for name, number in numbers.items() if not isinstance(number, bool)}
