"""The package as users have it: built as a wheel, installed without extras, far from the checkout."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
ROOMS = ("contract", "dbt_project", "expectations", "flows", "notebooks")


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, built from a copy so that the checkout stays as it is."""
    source = tmp_path_factory.mktemp("source")
    for name in ROOMS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "target", "logs"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "uv", "build", "-q", "--wheel", "--offline", "--no-build-isolation", "-o", "dist"]
    subprocess.run(build, cwd=source, check=True, capture_output=True, text=True)
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The command of an environment that holds the wheel and what it requires without extras, and nothing else."""
    environment = tmp_path_factory.mktemp("alone")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    packages = next(environment.glob("lib/python3*/site-packages"))
    for name in _required_alone():
        _link(name, packages)
    install = [sys.executable, "-m", "uv", "pip", "install", "-q", "--offline", "--no-deps"]
    subprocess.run([*install, "--python", environment / "bin" / "python", wheel], check=True, capture_output=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AGENT_", "PREFECT_", "PYTHON"))}

    def command(*arguments: object, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [environment / "bin" / "agent-metrics", *(str(argument) for argument in arguments)],
            env={**clean, **variables},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    return command


def _required_alone() -> set[str]:
    """The names of all packages that the package brings with it."""
    found: set[str] = set()
    to_do = [("customer-agent-metrics", "")]
    while to_do:
        name, extra = to_do.pop()
        for text in metadata.requires(name) or []:
            one = Requirement(text)
            if one.marker is None or one.marker.evaluate({"extra": extra}):
                news = [(one.name, wanted) for wanted in ("", *one.extras) if f"{one.name}[{wanted}]" not in found]
                found |= {f"{package}[{wanted}]" for package, wanted in news}
                to_do += news
    return {name.partition("[")[0] for name in found}


def _link(name: str, packages: Path) -> None:
    """Put the files of an installed package into another environment, with their bytecode."""
    for file in metadata.distribution(name).files or []:
        target, source = packages / file, Path(str(file.locate()))
        if ".." in file.parts or "__pycache__" in file.parts or target.exists():  # dbt's packages share some
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source)
        bytecode = target.parent / "__pycache__"
        if source.suffix == ".py" and not bytecode.exists():
            (source.parent / "__pycache__").mkdir(exist_ok=True)
            bytecode.symlink_to(source.parent / "__pycache__")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder in which somebody works, with one small shop in it."""
    conversation = {"account_id": "a", "conversation_id": "c", "channel": "sms", "created_at": "2026-06-01T10:00:00Z"}
    message = {"account_id": "a", "message_id": "m", "conversation_id": "c", "sender": "visitor"}
    message |= {"sent_at": "2026-06-01T10:00:00Z", "text": "Do you ship to Norway?"}
    rows = {
        "accounts": {"account_id": "a", "timezone": "UTC", "currency": "EUR"},
        "conversations": conversation,
        "messages": message,
    }
    (tmp_path / "shop").mkdir()
    for table, row in rows.items():
        (tmp_path / "shop" / f"{table}.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    return tmp_path


@pytest.fixture
def server() -> Iterator[str]:
    """Something that answers where PREFECT_API_URL points."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}/api"
        listening.shutdown()


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    """A new kind of file beside the code worked in the checkout and was missing where the package was installed."""
    ours = {
        str(file.relative_to(ROOT))
        for room in ROOMS
        for file in (ROOT / room).rglob("*")
        if file.is_file() and not {"__pycache__", "target", "logs"} & set(file.parts) and file.name != "README.md"
    }
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(ROOMS)}
    assert ours - held - {"dbt_project/.user.yml"} == set()


def test_the_package_alone_does_the_main_job_and_shows_it(alone: Command, shop: Path) -> None:
    """Prefect and the page came with every installation, and each took a third of its size."""
    done = alone("run", "--path", "shop", "--as-of", "2026-06-02", "--json", folder=shop)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "published"
    dates = ("--account", "a", "--from", "2026-06-01", "--to", "2026-06-01")
    for reading in (["status"], ["report", *dates], ["topics", "list"], ["export", "--format", "csv", "--to", "out"]):
        done = alone(*reading, folder=shop)
        assert done.returncode == 0, done.stderr
    done = alone("doctor", "--json", folder=shop)
    assert done.returncode == 0, done.stdout
    (extras,) = (one for one in json.loads(done.stdout)["findings"] if one["check"] == "extras")
    assert (
        extras["what"]
        == "not installed: dashboard, metricflow, multilingual, notebook, postgres, prefect, s3, serve, spark"
    )


def test_what_lacks_its_extra_says_which(alone: Command, shop: Path, server: str) -> None:
    """Without it there was a traceback, or a sentence about a module that nobody had heard of."""
    lacking = {
        "dashboard": alone("dashboard", "--port", "0", folder=shop),
        "prefect": alone("run", "--path", "shop", folder=shop, PREFECT_API_URL=server),
        "serve": alone("serve", "--stdio", folder=shop),
        "postgres": alone("status", "--warehouse", "postgresql://nobody@127.0.0.1/x", folder=shop),
    }
    for extra, done in lacking.items():
        assert done.returncode == 2, (extra, done.stdout, done.stderr)
        assert f"pip install 'customer-agent-metrics[{extra}]'" in done.stderr
        assert "Traceback" not in done.stderr


def test_both_lock_files_agree_and_name_no_registry() -> None:
    """Users would run other versions than the ones that were tested."""
    users, developers = (_locked(ROOT / name) for name in ("requirements.lock", "requirements-dev.lock"))
    assert users.items() <= developers.items()
    assert "://" not in (ROOT / "requirements.lock").read_text() + (ROOT / "requirements-dev.lock").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for_users = [*project["dependencies"], *project["optional-dependencies"]["dashboard"]]
    assert {Requirement(text).name for text in for_users} <= {name.partition("==")[0] for name in users}


def _locked(file: Path) -> dict[str, frozenset[str]]:
    """The hashes of each pinned package, by its name and version."""
    found: dict[str, set[str]] = {}
    for line in file.read_text().splitlines():
        words = line.split()
        if "==" in line and not line.startswith((" ", "#")):
            hashes = found.setdefault(words[0], set())
        elif line.startswith("    --hash="):
            hashes.add(words[0])
    return {name: frozenset(hashes) for name, hashes in found.items()}
