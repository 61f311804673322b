"""How terms are weighed (flows/questions/terms.py), beside scikit-learn's own way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from flows.questions.forms import plain
from flows.questions.terms import Kind, learned

WAYS: dict[Kind, dict[str, object]] = {
    "pieces": {"analyzer": "char_wb", "ngram_range": (3, 5)},
    "words": {"token_pattern": r"\w+", "ngram_range": (1, 2)},
}
QUESTIONS = ["Do you ship to Norway?", "I forgot my password", "Wo ist mein Paket?", "为什么？ a b", "Где мой заказ"]


@pytest.mark.parametrize("kind", WAYS)
@given(texts=st.lists(st.one_of(st.sampled_from(QUESTIONS), st.text(max_size=40)), max_size=6))
def test_terms_weigh_as_scikit_learn_weighs_them(kind: Kind, texts: list[str]) -> None:
    """They are weighed here to spare an everyday run the import; topics must not depend on who did it."""
    learned_from, asked = plain(QUESTIONS), plain(texts)
    theirs = TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **WAYS[kind]).fit(learned_from)
    ours = learned(kind, learned_from)
    assert ours.columns == theirs.vocabulary_
    assert not asked or np.allclose(ours.weigh(asked).toarray(), theirs.transform(asked).toarray(), atol=1e-6)
    assert ours.weigh([]).shape == (0, len(ours.columns))
