"""Each measure against pycocoevalcap's own code, and in corner cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge

from rex.evaluation.measures.captions import caption_samples, count_ngrams, read_texts, rouge_l

WORDS = st.sampled_from(["the", "red", "car", "is", "on", "#1", "#12", "@3"])
TEXTS = st.lists(WORDS, max_size=12).map(" ".join)
TRUE_TEXTS = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)
LONG_TEXTS = st.lists(WORDS, min_size=60, max_size=90).map(" ".join)


def measured(hypotheses: list[str], references: list[str]) -> dict[str, float]:
    samples = caption_samples(range(len(hypotheses)), hypotheses, references)
    return {name: sample.score().value or 0.0 for name, sample in samples.items()}


def library(hypotheses: list[str], references: list[str]) -> dict[str, float]:
    ours = {row: [text] for row, text in enumerate(hypotheses)}
    theirs = {row: [text] for row, text in enumerate(references)}
    bleu, _ = Bleu(4).compute_score(theirs, ours, verbose=0)
    found = {f"bleu{order}": 100 * bleu[order - 1] for order in range(1, 5)}
    found["rouge-l"] = 100 * Rouge().compute_score(theirs, ours)[0]
    found["cider"] = 100 * Cider().compute_score(theirs, ours)[0]
    return found


@given(st.lists(st.tuples(TEXTS, TRUE_TEXTS), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_measures_equal_the_library(pairs: list[tuple[str, str]]) -> None:
    hypotheses, references = [p[0] for p in pairs], [p[1] for p in pairs]
    assert measured(hypotheses, references) == pytest.approx(
        library(hypotheses, references), rel=1e-9, abs=1e-9
    )


@given(st.lists(st.tuples(LONG_TEXTS, LONG_TEXTS), min_size=1, max_size=3))
@settings(max_examples=15, deadline=None)
def test_texts_longer_than_a_machine_word(pairs: list[tuple[str, str]]) -> None:
    hypotheses, references = [p[0] for p in pairs], [p[1] for p in pairs]
    assert measured(hypotheses, references) == pytest.approx(library(hypotheses, references))


def test_identical_texts_score_full_marks() -> None:
    texts = ["#0 is brown and big", "there is no cat here", "#2 is on #1 now"]
    found = measured(texts, texts)
    assert found["bleu4"] == pytest.approx(100)
    assert found["rouge-l"] == pytest.approx(100)
    assert found["cider"] == pytest.approx(1000)


def test_a_wrong_region_earns_nothing() -> None:
    # PTB's tokeniser would split #12 into "#" and "12", and give half the credit for "#13"
    assert measured(["#13"], ["#12"])["bleu1"] == pytest.approx(0, abs=1e-6)
    assert measured(["#12"], ["#12"])["bleu1"] == pytest.approx(100)


def test_an_empty_explanation_counts_as_zero() -> None:
    texts = ["#0 is brown and big", "there is no cat here"]
    half = measured([texts[0], ""], texts)
    whole = measured(texts, texts)
    assert half["rouge-l"] == pytest.approx(whole["rouge-l"] / 2)
    assert half["cider"] == pytest.approx(whole["cider"] / 2)
    # BLEU sums over the corpus: the missing text costs brevity penalty, exp(1 - 10 / 5)
    assert half["bleu1"] == pytest.approx(100 * np.exp(-1))


def test_nothing_but_empty_explanations() -> None:
    found = measured(["", ""], ["#0 is brown", "no"])
    assert found == pytest.approx(dict.fromkeys(found, 0.0), abs=1e-6)


def test_no_explanation_at_all_is_no_number() -> None:
    score = caption_samples([], [], [])["bleu4"].score()
    assert score.value is None
    assert score.reason == "no question of this kind"


def test_rouge_l_by_hand() -> None:
    # the longest common subsequence of "a b c d" and "a c d e f" is "a c d": P = 3/4, R = 3/5
    value = rouge_l(read_texts(["a b c d"], ["a c d e f"]))[0]
    precision, recall, beta = 3 / 4, 3 / 5, 1.2**2
    assert value == pytest.approx((1 + beta) * precision * recall / (recall + beta * precision))


def test_ngrams_do_not_cross_texts() -> None:
    counts = count_ngrams(read_texts(["a b", "c"], ["a b a b", ""]), 2)
    pair, _, ours, theirs = counts[1]
    assert pair[ours > 0].tolist() == [0]
    assert sorted(theirs[theirs > 0].tolist()) == [1, 2]  # "b a" once, "a b" twice


def test_unequal_numbers_of_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="2 hypotheses for 1 references"):
        read_texts(["a", "b"], ["a"])
