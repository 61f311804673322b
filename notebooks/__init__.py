"""Pages that read the published tables, as notebooks of marimo."""

from pathlib import Path

PAGE = Path(__file__).with_name("performance.py")
