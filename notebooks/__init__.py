"""Notebooks of marimo on the published tables, for analysts."""
