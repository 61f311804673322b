"""Versions of how questions are understood, kept by hand.

Raise one where the code or the words that it stands for give other outcomes than before, and only there: a comment, a
docstring or a faster way to the same outcome asks nothing of those who upgrade. tests/questions/test_versions.py fails
where outcomes moved and the version did not.

Another version of numpy, scipy, scikit-learn or wordllama is not another version of ours. The vectors of wordllama are
pinned with its package, so that the same test sees where they move; of the others rounding is all that differs, and
what is grouped stays as it is.
"""

from __future__ import annotations

# Which messages ask (wording.py, words.toml), which cannot stand alone (context.py, follow_ups.toml), what they are
# about (kinds.py, kinds.toml), which of them belong together and how topics are called (space.py, grouping.py,
# account.py, naming.py, continuity.py): where it is raised, all questions are grouped anew.
GROUPING = 12
# How articles are held against questions (coverage.py): where it is raised, all articles are tested again.
COVERAGE = 2


def grouping(embedder: str) -> str:
    """Names how texts are understood: an account whose texts were understood otherwise is grouped anew."""
    return f"{embedder} {GROUPING}"


def method(embedder: str) -> str:
    """Names how texts are understood and tested: where it changes, every question is looked at again."""
    return f"{embedder} {GROUPING} {COVERAGE}"
