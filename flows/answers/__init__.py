"""Answers by the name of a metric: the figures of the report with all that a program needs to quote them."""
