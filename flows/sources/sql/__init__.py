"""A SQL database of the shop's: tables, views and queries of theirs as landing tables."""
