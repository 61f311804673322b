"""`agent-metrics segments import` and `export`, in Klaviyo's format: files in, files and text out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from flows.audiences import Misfit, Segment
from flows.audiences import segments as definitions
from flows.audiences.klaviyo import KlaviyoMetrics, Unsayable, definition_for, definition_from, lost, segments_in
from flows.audiences.klaviyo.importing import KlaviyoSegment, keys_of
from flows.audiences.reading import SCHEMA, Found, segment_of
from flows.audiences.writing import yaml_of
from flows.command.console import Console
from flows.ground.errors import InputError
from flows.ground.text import clean, counted
from flows.settings.requests import Request

if TYPE_CHECKING:
    from flows.command.segments import ImportRequest


def import_segments(request: ImportRequest, console: Console) -> int:
    """Write a file for each segment; the exit status."""
    found = imported(request.file, request.metrics, request.to or request.settings().segments)
    status = 2 if any(one.refused for one in found) else 0
    document = {"segments": [one.to_json_dict() for one in found], "exit_status": status}
    console.show(document, _lines(found))
    return status


ABOUT = "Taken from Klaviyo"  # begins the description, which Klaviyo does not have


@dataclass(frozen=True)
class Imported:
    """What became of a segment of Klaviyo: the file of its key, or why there is none."""

    key: str
    name: str | None
    file: Path | None
    refused: str | None

    def to_json_dict(self) -> dict[str, Any]:
        file = str(self.file) if self.file else None
        return {"segment": self.key, "name": self.name, "file": file, "refused": self.refused}


def export_definition(
    request: Request, key: str, metrics: Path | None, file: Path, console: Console, *, force: bool
) -> int:
    """Write what Klaviyo takes to make a segment; what it does not know of ours is said."""
    if metrics is None:
        remedy = "name the file with what GET /api/metrics answered"
        raise InputError("Klaviyo's metrics are not given", where="--metrics", remedy=remedy)
    settings = request.settings()
    found, _ = definitions(settings.segments, shipped=settings.shipped_segments)
    text = exported_for_klaviyo(key, found, metrics)
    try:
        with file.open("w" if force else "x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise InputError("the file is there already", where=str(file), remedy="use --force to replace it") from None
    except OSError as error:
        remedy = "name a file that can be written"
        raise InputError(error.strerror or str(error), where=str(file), remedy=remedy) from None
    notes = notes_of(key, found)
    document = {"segment": key, "file": str(file), "notes": notes, "exit_status": 0}
    console.show(document, [f"{key}: {clean(file)}", *(f"Note: {clean(one)}" for one in notes)])
    return 0


def exported_for_klaviyo(key: str, found: Sequence[Found], metrics: Path) -> str:
    """What `POST /api/segments` takes to make the segment, as JSON; `metrics` has what `GET /api/metrics` answered.

    Raises InputError for a key that there is not, and for what Klaviyo cannot say, with the reason.
    """
    one = next((one for one in found if one.key == key), None)
    if one is None:
        keys = ", ".join(one.key for one in found) or "none"
        raise InputError(f"there is no segment {key!r}", remedy=f"name one of these: {keys}")
    try:
        definition = definition_for(one.segment.definition, _metrics(metrics))
    except Unsayable as why:
        raise InputError(f"Klaviyo cannot say this: {why}", where=str(one.file), remedy=REMEDY) from None
    attributes = {"name": one.segment.name, "definition": definition}
    return json.dumps({"data": {"type": "segment", "attributes": attributes}}, ensure_ascii=False, indent=2) + "\n"


REMEDY = "change the definition, or export its members as CSV"


def notes_of(key: str, found: Sequence[Found]) -> list[str]:
    """What Klaviyo does not know of an exported segment, to be told beside the text."""
    return [note for one in found if one.key == key for note in lost(one.segment)]


def imported(file: Path, metrics: Path | None, to: Path) -> list[Imported]:
    """Klaviyo's segments of a file as files of a folder, which is made; none that is there is written over.

    What cannot be said here is told, and takes no other segment down.
    """
    text = _read(file)
    try:
        segments = segments_in(json.loads(text))
    except ValueError as error:
        raise InputError(f"this is not JSON: {error}", where=str(file), remedy=FORMS) from None
    except Unsayable as why:
        raise InputError(str(why), where=str(file), remedy=FORMS) from None
    known = _metrics(metrics) if metrics else KlaviyoMetrics({})
    to.mkdir(parents=True, exist_ok=True)
    return [_imported(one, key, known, to, has_metrics=metrics is not None) for one, key in _keyed(segments)]


FORMS = "give what GET /api/segments or GET /api/segments/{id} answered, or a definition with condition_groups"


def _keyed(segments: list[KlaviyoSegment]) -> list[tuple[KlaviyoSegment, str]]:
    return list(zip(segments, keys_of(segments), strict=True))


def _imported(one: KlaviyoSegment, key: str, known: KlaviyoMetrics, to: Path, *, has_metrics: bool) -> Imported:
    file = to / f"{key}.yml"
    try:
        segment = segment_from(one, key, known)
    except Unsayable as why:
        hint = "" if has_metrics or "metric" not in str(why) else "; --metrics names the file with Klaviyo's metrics"
        return Imported(key, one.name, None, f"{why}{hint}")
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(yaml_of(segment, SCHEMA))
    except FileExistsError:
        return Imported(key, one.name, None, f"{file} is there already; remove it, or name another folder")
    return Imported(key, one.name, file, None)


def segment_from(one: KlaviyoSegment, key: str, known: KlaviyoMetrics) -> Segment:
    """The segment in our words. Raises Unsayable."""
    document = {
        "name": one.name or key,
        "description": f"{ABOUT} (segment {one.id})." if one.id else f"{ABOUT}.",
        "definition": definition_from(one.definition, known),
    }
    try:
        return segment_of(Path(key), document, yaml.compose(json.dumps(document), yaml.SafeLoader))
    except Misfit as misfit:
        raise Unsayable("; ".join(problem.what for problem in misfit.problems)) from None


def _metrics(file: Path) -> KlaviyoMetrics:
    return KlaviyoMetrics.of_answer(_read(file), str(file))


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        raise InputError("this is not text in UTF-8", where=str(file), remedy="save it as UTF-8") from None
    except OSError as error:
        raise InputError(error.strerror or str(error), where=str(file), remedy="name a file that can be read") from None


def _lines(found: Sequence[Imported]) -> Iterator[str]:
    for one in found:
        what = clean(one.name or one.key)
        yield f"{what}: not taken over; {clean(one.refused)}" if one.refused else f"{what}: {one.file}"
    taken = sum(one.file is not None for one in found)
    yield f"{counted(taken, 'segment')} of {len(found):,} taken over"
    if taken:
        yield "Next: agent-metrics segments check"
