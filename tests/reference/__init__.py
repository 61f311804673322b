"""A second, slow reading of the definitions, to hold the project against: see `derive.py`."""
