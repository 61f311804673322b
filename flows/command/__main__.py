"""`python -m flows.command` is the command `agent-metrics`."""

from __future__ import annotations

from flows.command.main import script

if __name__ == "__main__":
    script()
