"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HomeOption = Annotated[str | None, typer.Option("--home", help="Folder of the lake and the publications.")]
ConfigOption = Annotated[str | None, typer.Option("--config", help="Settings file, instead of ./agent-metrics.toml.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else there.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
SourceOption = Annotated[list[str] | None, typer.Option("--source", help="Source to pull; may repeat.")]
PathOption = Annotated[str | None, typer.Option("--path", help="Folder of the source `files`.")]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="ISO instant or date, UTC if it has no offset. The default is now.")
]
WarehouseOption = Annotated[
    list[str] | None,
    typer.Option("--warehouse", help="Where to publish and read: duckdb or postgresql://…; may repeat."),
]
EngineOption = Annotated[str | None, typer.Option("--engine", help="What builds the candidate: duckdb or spark.")]
RefreshOption = Annotated[bool, typer.Option("--full-refresh", help="Build from the whole lake; ask no source.")]
RejectedOption = Annotated[
    float | None, typer.Option("--max-rejected-share", help="Close the gate above this share of refused rows.")
]
VolumeOption = Annotated[
    float | None, typer.Option("--max-volume-drop", help="Close the gate above this drop of an account's volume.")
]
FirstOption = Annotated[str, typer.Option("--from", help="First date, in the account's time zone.")]
LastOption = Annotated[str, typer.Option("--to", help="Last date, included.")]
ByOption = Annotated[
    str | None,
    typer.Option("--by", help="In groups: channel, status, tag, day, week (from Monday), month or skill."),
]
FormatOption = Annotated[str, typer.Option("--format", metavar="csv|parquet", help="csv or parquet.")]
FolderOption = Annotated[Path, typer.Option("--to", help="Folder for the files; made if missing.")]
TableOption = Annotated[
    list[str] | None, typer.Option("--table", help="Table of contract/metrics.yml; may repeat. The default is all.")
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace files that no export wrote, too.")]
