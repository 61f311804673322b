"""Where a lake's files are: a folder of this machine, or a URL of any fsspec file system.

A folder is read and written without fsspec. On an object store a file appears whole with its one put, which is all that
a manifest needs; data files are written in the home and sent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast
from urllib.parse import urlsplit

import duckdb

from flows.ground.errors import InputError, LakeUnavailable
from flows.ground.extras import DISTRIBUTION
from flows.ground.home import sync_folder, write_durably

PACKAGES = {
    "s3": f"{DISTRIBUTION}[s3]",
    "s3a": f"{DISTRIBUTION}[s3]",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "az": "adlfs",
}


class Storage(Protocol):
    """The files of a lake. Paths are relative to the lake, with slashes.

    Raises OSError, or LakeUnavailable where a network is in between.
    """

    is_near: bool  # whether reading a whole file costs little more than what a build reads of it

    def url(self, path: str) -> str:
        """What DuckDB's read_parquet and Spark take."""

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder, in order; none where there is no such folder."""

    def sizes(self, folder: str) -> dict[str, int]:
        """The same names, each with the bytes of its file."""

    def read(self, path: str) -> str: ...

    def open(self, path: str) -> BinaryIO:
        """The bytes of a file."""

    def write(self, path: str, text: str) -> None:
        """Replace a small file at once: it is the old one or the new one, whole."""

    def put(self, local: Path, path: str) -> Path:
        """Make the file `local` one of the lake's; gives where this machine can read it until the load is committed."""

    def remove(self, path: str) -> None:
        """Delete a file; one that is gone already is not an error."""

    def set_aside(self, path: str) -> None:
        """Rename a file to `<path>.damaged`; one that is gone is not an error."""

    def connect(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Teach the database of `connection` to read these files."""


class Folder:
    """A folder of this machine."""

    is_near = True

    def __init__(self, root: Path) -> None:
        self._root = root

    def url(self, path: str) -> str:
        return str(self._root / path)

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(entry.name for entry in os.scandir(self._root / folder) if entry.is_file())
        except FileNotFoundError:
            return []

    def sizes(self, folder: str) -> dict[str, int]:
        return {name: (self._root / folder / name).stat().st_size for name in self.names(folder)}

    def read(self, path: str) -> str:
        return (self._root / path).read_text("utf-8")

    def open(self, path: str) -> BinaryIO:
        return (self._root / path).open("rb")

    def write(self, path: str, text: str) -> None:
        write_durably(self._root / path, text)

    def put(self, local: Path, path: str) -> Path:
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with local.open("rb") as file:
            os.fsync(file.fileno())
        local.rename(target)
        sync_folder(target.parent)
        return target

    def remove(self, path: str) -> None:
        (self._root / path).unlink(missing_ok=True)

    def set_aside(self, path: str) -> None:
        with suppress(FileNotFoundError):
            (self._root / path).rename(self._root / f"{path}.damaged")

    def connect(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Nothing: folders are read as they are."""


class Remote:
    """A URL of an fsspec file system; credentials and endpoint are what that file system finds in its environment."""

    is_near = False

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def url(self, path: str) -> str:
        return f"{self._url}/{path}"

    def names(self, folder: str) -> list[str]:
        return sorted(self.sizes(folder))

    def sizes(self, folder: str) -> dict[str, int]:
        with self._reaching() as files:
            files.invalidate_cache()
            try:
                return {
                    entry["name"].rpartition("/")[2]: int(entry["size"])
                    for entry in files.ls(self.url(folder), detail=True)
                    if entry["type"] == "file" and entry["name"].rpartition("/")[2]
                }
            except FileNotFoundError:
                return {}

    def open(self, path: str) -> BinaryIO:
        with self._reaching() as files:
            return cast("BinaryIO", files.open(self.url(path), "rb"))

    def read(self, path: str) -> str:
        with self._reaching() as files:
            return str(files.cat_file(self.url(path)).decode("utf-8"))

    def write(self, path: str, text: str) -> None:
        with self._writing() as files:
            files.pipe_file(self.url(path), text.encode("utf-8"))

    def put(self, local: Path, path: str) -> Path:
        with self._writing() as files:
            files.put_file(str(local), self.url(path))
        return local

    def remove(self, path: str) -> None:
        with self._reaching() as files:
            try:
                files.rm_file(self.url(path))
            except FileNotFoundError:
                return

    def set_aside(self, path: str) -> None:
        with suppress(FileNotFoundError), self._reaching() as files:
            files.mv(self.url(path), self.url(f"{path}.damaged"))

    def connect(self, connection: duckdb.DuckDBPyConnection) -> None:
        with self._reaching() as files:
            connection.register_filesystem(files)

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        """The file system for a new object: what is not found there is the bucket."""
        try:
            with self._reaching() as files:
                yield files
        except FileNotFoundError as error:
            remedy = "make the bucket, or set the lake's URL right"
            raise InputError(f"this place does not exist ({error})", where=self._url, remedy=remedy) from error

    @contextmanager
    def _reaching(self) -> Iterator[Any]:
        """The file system, with its troubles as ours; what is not found stays FileNotFoundError."""
        import fsspec  # noqa: PLC0415  lakes in folders need none

        protocol = urlsplit(self._url).scheme
        try:
            files = fsspec.filesystem(protocol)
        except ImportError:
            package = PACKAGES.get(protocol, f"the package of {protocol}://")
            remedy = f"install it: pip install '{package}'"
            what = "the package that reads such a lake is not installed"
            raise InputError(what, where=self._url, remedy=remedy) from None
        except ValueError:
            remedy = "give a folder, or a URL such as s3://bucket/prefix"
            raise InputError("no file system of this name is known", where=self._url, remedy=remedy) from None
        try:
            yield files
        except FileNotFoundError:
            raise
        except _network_errors() as error:
            raise LakeUnavailable(
                f"the lake could not be reached ({' '.join(str(error).split())})",
                where=self._url,
                remedy="see to the network, the endpoint and the credentials, and run again",
            ) from error


def _network_errors() -> tuple[type[Exception], ...]:
    """What a file system throws at whom it cannot serve; of S3 not all of it is an OSError."""
    try:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415
    except ImportError:
        return (OSError,)
    return (OSError, BotoCoreError)
