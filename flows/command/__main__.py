"""`python -m flows.command` is the command `agent-metrics`."""

from __future__ import annotations

import sys

from flows.command.main import main

if __name__ == "__main__":
    sys.exit(main())
