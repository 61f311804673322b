"""A lake on an object store, over real HTTP; DuckDB reads it through fsspec."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

from flows import jobs
from flows.ground.errors import InputError, LakeUnavailable
from flows.ground.home import Home
from flows.lake import Lake
from flows.settings.requests import CompactRequest, RunRequest
from tests.reference.compare import compare, read_published

BUCKET = "lake"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "canary-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    yield f"s3://{BUCKET}/metrics"
    server.stop()


def write(folder: Path, day: str) -> None:
    folder.mkdir()
    (folder / "accounts.csv").write_text("account_id,timezone,currency\na,UTC,EUR\n")
    (folder / "conversations.csv").write_text(
        f"account_id,conversation_id,channel,created_at\na,c{day},web_chat,2026-06-{day}\n"
    )
    (folder / "messages.csv").write_text(
        "account_id,message_id,conversation_id,sender,sent_at,text\n"
        f"a,m{day},c{day},visitor,2026-06-{day}T09:00:00Z,Hi\na,n{day},c{day},agent,2026-06-{day}T09:00:01Z,Hello\n"
        f"a,x{day},c{day},agent,never,refused\n"
    )


def test_a_lake_on_an_object_store_publishes_what_a_lake_in_the_home_does(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    near, far = Home(tmp_path / "near"), Home(tmp_path / "far")

    def run(home: Home, url: str, **asked: Any) -> jobs.Result:
        monkeypatch.setenv("AGENT_METRICS_LAKE", url)
        return jobs.run(RunRequest(home=str(home.root), as_of="2026-06-07", max_rejected_share=1.0, **asked))

    for number, day in enumerate(("01", "02", "03")):
        write(tmp_path / day, day)
        for home, url in ((near, ""), (far, server)):
            result = run(home, url, path=str(tmp_path / day))
            assert result.build
            assert result.build.mode == ("incremental" if number else "full")
    assert Lake(far.lake, server).newest() == 3
    assert not list(far.lake.rglob("*.parquet"))
    assert jobs.compact(CompactRequest(home=str(far.root))).outcome == "compacted"
    assert len(Lake(far.lake, server).manifests.all_spans()) == 1
    run(far, server, full_refresh=True)
    tables = [read_published(home.published_file) for home in (near, far)]
    for one in tables:
        assert len(one["conversations"]) == 3
        assert len(one.pop("publications")) in {3, 4}
        assert len(one["rejected_rows"]) == 3
    assert compare(*tables) == ""
    texts = [file.read_text("utf-8", "replace") for file in far.root.rglob("*") if file.is_file()]
    assert not [text for text in texts if "canary-secret" in text]


def test_an_object_store_that_does_not_answer_can_be_tried_again(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{nobody.getsockname()[1]}")
    fsspec.filesystem("s3").clear_instance_cache()
    with pytest.raises(LakeUnavailable, match="could not be reached") as raised:
        Lake(tmp_path, server).begin("test").commit((), {})
    assert raised.value.is_transient


def test_a_bucket_that_does_not_exist_is_a_mistake_of_the_settings(tmp_path: Path, server: str) -> None:
    fsspec.filesystem("s3").clear_instance_cache()
    with pytest.raises(InputError, match="make the bucket"):
        Lake(tmp_path, "s3://no-such-bucket/lake").begin("test").commit((), {})


def test_a_lake_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file system of this name"):
        Lake(tmp_path, "nowhere://bucket").newest()
