"""The gate: what must be true of a candidate before readers see it (rule 9.1).

The checks are plain lists, a module for each concern: a sentence about a table, and the SQL of the rows that contradict
it. `gate` runs them, `page` shows the verdict.
A check of everything in a candidate of DuckDB imports Great Expectations, which takes seconds.
"""
