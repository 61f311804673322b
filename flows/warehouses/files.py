"""Files of publications: making them, keeping them, sweeping them away."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from flows.ground.home import Home

COPY_CHUNK = 1 << 30  # bytes per call; the kernel copies them without handing them over
NO_KERNEL_COPY = {errno.ENOSYS, errno.EXDEV, errno.EOPNOTSUPP, errno.EINVAL, errno.EPERM}
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
ID = r"\d{8}T\d{12}Z"
KEPT_NAME = re.compile(rf"(?P<id>{ID})\.((?P<ext>duckdb|html|json)|on\.(?P<base>{ID})\.zip)")


@dataclass(frozen=True)
class Source:
    """What a publication is made from: a whole file, and its check page, which may be absent."""

    file: Path
    page: Path


def kept_file(home: Home, publication_id: str) -> Path:
    """Where a publication is kept for going back; its check page lies beside it as `.html`."""
    return home.publications / f"{publication_id}.duckdb"


def spill_folder(home: Home) -> Path:
    """What a comparison of publications cannot hold in memory."""
    return home.publications / ".compared.tmp"


def half_made(file: Path) -> Path:
    """The name of `file` while it is being made."""
    return file.with_name(f".{file.name}.tmp")


def wal(file: Path) -> Path:
    """Where DuckDB writes ahead what is not in `file` yet; absent once the file was closed."""
    return file.with_name(f"{file.name}.wal")


def copy_file(source: Path, target: Path) -> None:
    """Copy a file inside the kernel: on file systems that share blocks, at once."""
    with source.open("rb", buffering=0) as reader, target.open("wb", buffering=0) as writer:
        kernel_copy = getattr(os, "copy_file_range", None)  # Linux
        try:
            while kernel_copy and kernel_copy(reader.fileno(), writer.fileno(), COPY_CHUNK):
                pass
        except OSError as error:
            if error.errno not in NO_KERNEL_COPY:
                raise
        shutil.copyfileobj(reader, writer)  # what the kernel could not


def sync_file(file: Path) -> None:
    """Make the content of `file` survive a power cut."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def link_or_copy(source: Path, target: Path) -> None:
    """A second name for `source`, or where the file system has none, a copy."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        copy_file(source, target)
        write_protect(target)
        os.utime(target, ns=(source.stat().st_atime_ns, source.stat().st_mtime_ns))  # by it changes are noticed
        sync_file(target)


def write_protect(file: Path) -> None:
    """Readers never write; one that opened the file for writing would lock out all others."""
    file.chmod(file.stat().st_mode & ~0o222)


def sweep(home: Home, kept: Collection[str]) -> None:
    """Delete half-made files, and all publications but the ids in `kept` and what these are put together from.

    Strangers' files stay.
    """
    half_made(home.published_file).unlink(missing_ok=True)
    shutil.rmtree(spill_folder(home), ignore_errors=True)
    named = [(file, KEPT_NAME.fullmatch(file.name)) for file in sorted(home.publications.glob("*"))]
    needed = set(kept)
    for _, name in named:  # oldest first
        if name and name["base"] and name["id"] in needed:
            needed.add(name["base"])
    for file, name in named:
        is_half_made = file.name.startswith(".") and file.name.endswith((".tmp", ".tmp.wal"))
        if is_half_made or (name and name["id"] not in needed):
            file.unlink()
