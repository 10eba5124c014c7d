from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from otclass.curation import learning_curve
from otclass.curation.curve import WORTHWHILE, _extrapolated
from otclass.labelled import LabelledError, read_labelled


@pytest.fixture(scope="module")
def own():
    return read_labelled(Path(__file__).parents[1] / "models" / "training" / "invented.csv")


def first(labelled, n):
    sequences = ("texts", "titles", "ids", "domains", "scope", "weights", "rows")
    return replace(labelled, **{name: getattr(labelled, name)[:n] for name in sequences})


def test_a_curve_of_invented_abstracts(own):
    own = first(own, 200)
    curve = learning_curve(own)
    assert curve.sizes == (50, 100, 200)
    assert len(curve.macro_f1) == 3
    assert all(len(values) == 3 for values in curve.f1.values())
    assert curve.macro_f1[-1] == pytest.approx(np.mean([values[-1] for values in curve.f1.values()]))
    assert curve.macro_f1[-1] > curve.macro_f1[0]
    assert curve.macro_f1[-1] <= curve.doubled < 1
    assert curve.more_pays
    assert set(curve.least_learned) <= set(curve.f1)
    assert "more labels would pay" in curve.advice
    left_out = ", ".join(label for label in own.labels if label not in curve.f1)
    assert f"(without {left_out}: too few texts) is {curve.macro_f1[-1]:.2f} with 200" in curve.advice


def test_a_flat_curve_promises_nothing(own):
    # One word decides: half of the texts teach as much as all.
    domains = tuple(frozenset({"grief"} if i % 2 else ()) for i in range(120))
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("bcdfg"), 5)) for _ in range(50)]
    texts = tuple(" ".join([*("grief" if its else "labour",) * 3, *rng.choice(words, 8)]) for its in domains)
    flat = replace(first(own, 120), texts=texts, domains=domains, labels=("grief",))
    curve = learning_curve(flat)
    assert curve.macro_f1[-1] == 1
    assert curve.doubled - curve.macro_f1[-1] < WORTHWHILE
    assert not curve.more_pays
    assert curve.least_learned == ()
    assert "would gain little" in curve.advice


def test_a_power_law_is_followed():
    sizes = np.array([100, 200, 400])
    assert _extrapolated(sizes, 1 - 2 * sizes**-0.5, 800) == pytest.approx(1 - 2 * 800**-0.5)


def test_too_few_texts(own):
    with pytest.raises(
        LabelledError, match="99 labelled texts are too few for a learning curve: it needs 100"
    ):
        learning_curve(first(own, 99))


def test_no_label_is_frequent_enough(own):
    rare = replace(first(own, 100), domains=(frozenset({"grief"}),) * 9 + (frozenset(),) * 91)
    with pytest.raises(LabelledError, match="No label has the 10 texts"):
        learning_curve(rare)
