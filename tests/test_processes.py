"""How tests are spread over processes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_tests_of_a_file_are_run_by_one_process(tmp_path: Path) -> None:
    """Marks for groups had no effect with a newer pytest: two clusters, two Prefect servers, everything twice."""
    spread = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-vv", "-p", "no:cacheprovider"]
    files = [f"tests/contract/test_{name}.py" for name in ("types", "generate", "dictionary")]
    command = [sys.executable, "-m", "pytest", *spread, f"--basetemp={tmp_path / 'theirs'}", *files]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    processes = defaultdict(set)
    for process, file in re.findall(r"\[(gw\d)\].* PASSED (\S+?)::", said):
        processes[file].add(process)
    assert processes.keys() == set(files), said
    assert all(len(of) == 1 for of in processes.values()), said
