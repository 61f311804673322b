"""The page: who may see it, what a visitor reads, and the server. What it looks like is in notebooks/performance.py."""
