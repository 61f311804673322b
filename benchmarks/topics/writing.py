"""A set of questions and articles as files, the same bytes for the same rows."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any


def write(name: str, questions: list[dict[str, Any]], articles: list[dict[str, Any]]) -> None:
    """Write `<name>.questions.jsonl.gz` and `<name>.articles.jsonl.gz` beside this file."""
    for kind, rows in {"questions": questions, "articles": articles}.items():
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        file = Path(__file__).with_name(f"{name}.{kind}.jsonl.gz")
        file.write_bytes(gzip.compress(lines.encode(), mtime=0))
        print(file.name, len(rows))
