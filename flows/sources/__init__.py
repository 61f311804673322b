"""Sources: each maps one system's records to the landing contract and writes them into the lake as one load."""
