"""Pages that read the published tables, as notebooks of marimo."""
