"""What other tools want to read of the dictionary, written from it: `make generate`, or `python -m contract.generate`.

Each file says so in its first line. It works on a checkout, of which these are the files that it writes; nothing that
runs needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from contract.generate import catalogue, models, odcs, phrases, semantic

ROOT = Path(__file__).parent.parent.parent


def main(arguments: Sequence[str]) -> int:
    """Write what is stale, or with `--check` only name it; the exit status."""
    texts = generated()
    files = stale()
    for file in files:
        if "--check" in arguments:
            print(f"is stale, run `make generate`: {file}")
        else:
            file.write_text(texts[file], "utf-8")
            print(f"wrote {file}")
    return 1 if files and "--check" in arguments else 0


def generated() -> dict[Path, str]:
    """The content of every generated file of this checkout."""
    written = models.files() | semantic.files() | odcs.files() | catalogue.files() | phrases.files(ROOT)
    return {ROOT / file: text for file, text in written.items()}


def stale() -> list[Path]:
    """Generated files that are not as they would be written now."""
    return [file for file, text in generated().items() if not file.exists() or file.read_text("utf-8") != text]
