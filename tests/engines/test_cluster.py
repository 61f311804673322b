"""What keeps Spark from starting is said before anything is started."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from flows import jobs
from flows.command.doctor import examine
from flows.engines import cluster
from flows.ground.errors import ClusterUnavailable, InputError
from flows.ground.home import Home
from flows.settings import SparkSettings
from flows.settings.requests import BuildRequest, WarehouseRequest


@pytest.fixture
def java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has Java, as far as looking for it goes."""
    (tmp_path / "java").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


@pytest.fixture
def nobody() -> str:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"spark://127.0.0.1:{taken.getsockname()[1]}"


def test_the_engine_spark_without_a_cluster_is_refused_and_named(home: Home) -> None:
    with pytest.raises(InputError, match=r"setting spark\.master: there is no cluster .* name it"):
        jobs.build(BuildRequest(home=str(home.root), engine="spark"))


@pytest.mark.usefixtures("java")
def test_a_cluster_that_does_not_answer_can_be_tried_again(home: Home, nobody: str) -> None:
    with pytest.raises(ClusterUnavailable, match="does not answer") as raised:
        cluster.session(home, SparkSettings(master=nobody))
    assert raised.value.is_transient
    assert nobody in str(raised.value)


def test_a_machine_without_java_is_told_what_to_install(
    home: Home, nobody: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(InputError, match=r"needs a Java runtime.*install Java"):
        cluster.session(home, SparkSettings(master=nobody))


@pytest.mark.usefixtures("java")
def test_the_doctor_looks_at_the_cluster(home: Home, nobody: str, tmp_path: Path) -> None:
    settings = tmp_path / "agent-metrics.toml"
    settings.write_text(f'engine = "spark"\n[spark]\nmaster = "{nobody}"\n', "utf-8")
    [finding] = [
        one for one in examine(WarehouseRequest(home=str(home.root), config=str(settings))) if one.check == "engine"
    ]
    assert finding.outcome == "problem"
    assert "does not answer" in finding.what


def test_another_engine_is_refused(home: Home) -> None:
    with pytest.raises(InputError, match="'duckdb' or 'spark'"):
        BuildRequest.of({"home": str(home.root), "engine": "flink"})
