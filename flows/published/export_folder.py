"""The folder of an export: held by one at a time, and no data of strangers in it is replaced."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from flows.ground.errors import HomeBusy, InputError, StorageFailed

MANIFEST = "publication.json"
HALF_MADE = ".export.tmp"
NAMES_SHOWN = 5


def exported_before(folder: Path, *, overwrite: bool) -> dict[str, Any]:
    """What the manifest of earlier exports says of the files that are still there."""
    try:
        document = json.loads((folder / MANIFEST).read_text("utf-8"))
        files: dict[str, Any] = dict(document["files"])
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError):
        if overwrite:
            return {}
        remedy = "give a folder of its own, or --overwrite"
        raise InputError("is not of an export", where=str(folder / MANIFEST), remedy=remedy) from None
    return {file: facts for file, facts in files.items() if (folder / file).exists()}


def refuse_strangers(folder: Path, files: list[str], before: dict[str, Any], *, overwrite: bool) -> None:
    """Raises InputError where a file would be replaced that no export wrote: it may be somebody's data."""
    strangers = [file for file in files if file not in before and (folder / file).exists()]
    if strangers and not overwrite:
        more = f" and {len(strangers) - NAMES_SHOWN} more" if len(strangers) > NAMES_SHOWN else ""
        what = f"{', '.join(strangers[:NAMES_SHOWN])}{more} would be replaced, and no export wrote that"
        raise InputError(what, where=str(folder), remedy="give a folder of its own, or --overwrite")


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """The folder, made if missing, for this export alone; a place in it for what is half made, which goes at the end.

    Raises HomeBusy where another export holds it, StorageFailed where it cannot be written.
    """
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise not_written(folder, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            remedy = "wait until it has ended and run again"
            raise HomeBusy("another export is at work on this folder", where=str(folder), remedy=remedy) from None
        except OSError:  # some network file systems lock no folders
            pass
        half_made = folder / HALF_MADE
        shutil.rmtree(half_made, ignore_errors=True)  # of an export that was killed
        try:
            half_made.mkdir(mode=0o700)
            yield half_made
        except OSError as error:
            raise not_written(folder, error) from error
        finally:
            shutil.rmtree(half_made, ignore_errors=True)
    except BaseException:
        if is_new:
            with suppress(OSError):
                folder.rmdir()
        raise
    finally:
        os.close(descriptor)


def not_written(folder: Path, error: OSError) -> StorageFailed:
    why = error.strerror or str(error)
    return StorageFailed(f"could not be written ({why})", where=str(folder), remedy="see to the disk and its rights")
