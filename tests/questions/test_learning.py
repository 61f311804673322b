"""What grouping learns (flows/questions/learning.py), beside scikit-learn's own way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, random_array
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import adjusted_mutual_info_score

from flows.questions import learning


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=60),
)
def test_groupings_agree_as_scikit_learn_says(pairs: list[tuple[int, int]]) -> None:
    one, other = np.array(pairs).T
    assert learning.agreement(one, other) == pytest.approx(adjusted_mutual_info_score(one, other), abs=1e-9)


@pytest.mark.parametrize("groups", [2, 7, 40])
def test_discriminants_part_groups_as_those_of_scikit_learn(groups: int) -> None:
    dice = np.random.default_rng(groups)
    of = dice.permutation(np.arange(300) % groups)
    places = (dice.normal(size=(groups, 20))[of] + dice.normal(size=(300, 20))).astype(np.float32)
    theirs = LinearDiscriminantAnalysis(solver="eigen", shrinkage=learning.SHRINKAGE).fit(places, of).transform(places)
    ours = places @ learning.discriminants(places, of)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-3)  # a direction may point either way


def test_axes_hold_nearly_all_that_so_few_can() -> None:
    dice = np.random.default_rng(1)
    noise = random_array((400, 900), density=0.01, rng=dice, dtype=np.float32)
    plain = dice.normal(size=(400, 10)) @ dice.normal(size=(10, 900))
    weighed = csr_matrix((noise + 0.3 * plain).astype(np.float32))
    found = learning.axes(weighed, 20)
    best = np.sqrt((np.linalg.svd(weighed.toarray(), compute_uv=False)[:20] ** 2).sum())
    assert found.shape == (900, 20)
    np.testing.assert_allclose(found.T @ found, np.eye(20), atol=1e-3)
    assert np.linalg.norm(weighed @ found) > 0.998 * best
