"""What is written from the definitions' models and metrics: `make generate`, or `python -m flows.audiences.generate`.

It works on a checkout, of which these are the files that it writes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from flows.audiences.exposures import exposures_text
from flows.audiences.reading import SCHEMA
from flows.audiences.schema import schema_text
from flows.audiences.tables import with_tables

CHECKOUT = Path(__file__).parent.parent.parent
PAGE = CHECKOUT / "docs" / "segments.md"
EXPOSURES = CHECKOUT / "dbt_project" / "models" / "segment_exposures.yml"


def generated() -> dict[Path, str]:
    """The content of every generated file of this checkout."""
    return {SCHEMA: schema_text(), PAGE: with_tables(PAGE.read_text("utf-8")), EXPOSURES: exposures_text()}


def main(arguments: Sequence[str]) -> int:
    """Write what is stale, or with `--check` only name it; the exit status."""
    stale = {file: text for file, text in generated().items() if not file.exists() or file.read_text("utf-8") != text}
    for file, text in stale.items():
        if "--check" in arguments:
            print(f"is stale, run `make generate`: {file}")
        else:
            file.write_text(text, "utf-8")
            print(f"wrote {file}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
