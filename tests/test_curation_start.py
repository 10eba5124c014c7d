import numpy as np
import pytest

from otclass.curation import start_from
from otclass.labelled import Labelled, LabelledError, Row
from otclass.modelfile import load, save
from otclass.scoring import expit

TEXTS = [
    "Bereaved widows grieved.", "Mourning followed the loss of a child.",
    "Grief and loneliness in widowhood.", "Massage felt pleasant.",
    "Gentle stroking of the skin.", "Touch and hugging.",
    "Renal tubules took up water.", "Labour was induced.", "Oocytes expressed a receptor.",
    "Sodium fell in plasma.",
]  # fmt: skip
DOMAINS = ["grief"] * 3 + ["social_touch"] * 3 + [""] * 4


def table(texts, domains, scope=None) -> Labelled:
    n = len(texts)
    its = [frozenset(filter(None, one.split(";"))) for one in domains]
    return Labelled(
        texts=tuple(texts),
        titles=("",) * n,
        ids=("",) * n,
        domains=tuple(its),
        labels=tuple(sorted(set().union(*its))),
        scope=(scope,) * n,
        weights=(1.0,) * n,
        rows=tuple(Row("mine.csv", i + 2) for i in range(n)),
    )


def test_labels_without_examples_stay_as_they_were(fitted):
    started = start_from(fitted.model_, table(TEXTS, DOMAINS))
    assert set(started.untouched) == set(fitted.model_.labels) - {"grief", "social_touch"}
    for j, label in enumerate(fitted.model_.labels):
        same = np.array_equal(started.model.coef[:, j], fitted.model_.coef[:, j])
        assert same == (label in started.untouched)
        if same:
            assert started.model.thresholds[j] == fitted.model_.thresholds[j]
            assert started.model.review[j].tolist() == fitted.model_.review[j].tolist()
            assert started.model.intercept[j] == fitted.model_.intercept[j]


def test_it_moves_towards_the_labels(fitted):
    model = fitted.model_
    # The lab calls grief what the model does not: labour.
    texts = [f"Labour was induced in ward {word}." for word in "one two three four five six".split()]
    own = table([*texts, *TEXTS[3:7]], ["grief"] * 6 + [""] * 4)
    j = model.labels.index("grief")
    before, after = (
        model.score(["Labour in the ward."]),
        start_from(model, own).model.score(["Labour in the ward."]),
    )
    assert after[0, j] > before[0, j] + 1


def test_the_threshold_moves_as_examples_come(fitted):
    model = fitted.model_
    j = model.labels.index("grief")
    twice = table([*TEXTS, *(f"{text} Again." for text in TEXTS)], DOMAINS * 2)
    start = model.thresholds[j]
    once, more = (start_from(model, own).model.thresholds[j] for own in (table(TEXTS, DOMAINS), twice))
    assert min(once, more) > 0
    assert max(once, more) < 1
    assert once != start
    assert abs(once - start) < 0.2


def test_held_out_scores_are_of_models_that_did_not_see_the_text(fitted):
    own = table(TEXTS, DOMAINS)
    started = start_from(fitted.model_, own)
    assert started.cv_decision.shape == (10, len(started.model.labels))
    assert sorted(np.bincount(started.cv_folds)) == [2] * 5
    inside, outside = np.flatnonzero(started.cv_folds != 0), np.flatnonzero(started.cv_folds == 0)
    blind = start_from(fitted.model_, table([TEXTS[i] for i in inside], [DOMAINS[i] for i in inside])).model
    # But for rounding to what a model folder holds.
    expected = blind.score([TEXTS[i] for i in outside])
    np.testing.assert_allclose(started.cv_decision[outside], expected, atol=0.05)
    assert np.abs(started.model.score(TEXTS) - started.cv_decision).max() > 0.5


def test_no_text_has_a_say_in_how_it_is_tagged(fitted, monkeypatch):
    """With scores and folds that stay, the truth of one fold changes the thresholds, but not its own tags."""
    monkeypatch.setattr(
        "otclass.curation.start._difference", lambda features, *_: (np.zeros(features.shape[1]), 0.0)
    )
    monkeypatch.setattr("otclass.classifier.deal_folds", lambda indicator, *_: np.arange(len(indicator)) % 5)
    turned = [*DOMAINS]
    turned[0], turned[5] = turned[5], turned[0]
    one, other = (start_from(fitted.model_, table(TEXTS, domains)) for domains in (DOMAINS, turned))
    np.testing.assert_array_equal(one.cv_tags[[0, 5]], other.cv_tags[[0, 5]])
    assert one.model.thresholds.tolist() != other.model.thresholds.tolist()
    assert one.cv_tags[:, fitted.model_.labels.index("grief")].any()


def test_labels_of_which_none_is_known(fitted):
    with pytest.raises(LabelledError, match=r"knows none of the labels kidney; it knows .*Name the labels"):
        start_from(fitted.model_, table(TEXTS, ["kidney"] * 5 + [""] * 5))


def test_texts_that_all_have_the_same_labels(fitted):
    with pytest.raises(LabelledError, match="All 10 texts have the same labels"):
        start_from(fitted.model_, table(TEXTS, ["grief"] * 10))


def test_a_new_label_is_learned(fitted, tmp_path):
    texts = [f"Renal tubules and water, {word}." for word in "one two three four five six".split()]
    own = table([*texts, *TEXTS[:6]], ["kidney"] * 6 + DOMAINS[:6])
    started = start_from(fitted.model_, own)
    assert started.model.labels == (*fitted.model_.labels, "kidney")
    kidney = expit(started.model.score(["Renal water.", "Grief of widows."]))[:, -1]
    assert kidney[0] > started.model.thresholds[-1] > kidney[1]
    low, high = started.model.review[-1]
    assert low != 0.5
    assert high != 0.5
    save(started.model, tmp_path / "model")
    again = load(tmp_path / "model")
    np.testing.assert_array_equal(again.coef, started.model.coef)


def test_a_new_label_needs_examples(fitted):
    with pytest.raises(LabelledError, match=r"does not know 'kidney', and 1 of 10 texts have it"):
        start_from(fitted.model_, table(TEXTS, [*DOMAINS[:9], "kidney"]))


def test_too_few_texts(fitted):
    with pytest.raises(LabelledError, match="4 labelled texts are too few"):
        start_from(fitted.model_, table(TEXTS[:4], DOMAINS[:4]))
