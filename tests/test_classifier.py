import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks

from otclass.classifier import TopicClassifier, best_threshold, review_band
from otclass.domains import DOMAIN_KEYS

# The rest of scikit-learn's checks fit numbers, and so cannot apply to an estimator of texts; check_estimator
# leaves them out by itself, as the tags say that input is strings.
CHECKS = [
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]

TEXTS = ["grief after loss", "bereaved and in grief", "loss of a partner brings grief"] * 3 + [
    "pleasant touch", "gentle touch of the skin", "stroking touch soothes",
] * 3 + ["receptor binding", "labour ward"] * 3  # fmt: skip
LABELS = [["grief"]] * 9 + [["touch"]] * 9 + [[]] * 6


def small(**parameters) -> TopicClassifier:
    return TopicClassifier(**{"cv": 2, "min_df": 1, **parameters})


@pytest.mark.parametrize("check", CHECKS)
def test_scikit_learns_checks(check):
    getattr(estimator_checks, check)("TopicClassifier", TopicClassifier())


def test_scikit_learns_own_choice_of_checks():
    with pytest.warns(match="requires input"):
        results = estimator_checks.check_estimator(TopicClassifier(), on_skip=None)
    assert all(result["status"] == "passed" for result in results)


def test_it_learns(labelled, fitted):
    domains = labelled[1]
    assert fitted.classes_.tolist() == sorted(DOMAIN_KEYS)
    # Held-out figures: far above chance, though 490 texts are few.
    y = np.array([[key in row for key in fitted.classes_] for row in domains])
    held_out = fitted.cv_decision_ > np.log(fitted.thresholds_ / (1 - fitted.thresholds_))
    found = (held_out & y).sum() / y.sum()
    right = (held_out & y).sum() / held_out.sum()
    assert found > 0.6
    assert right > 0.6


def test_shapes_and_consistency(labelled, fitted):
    texts = labelled[0][:20]
    decision, probability, predicted = (
        fitted.decision_function(texts),
        fitted.predict_proba(texts),
        fitted.predict(texts),
    )
    assert decision.shape == probability.shape == predicted.shape == (20, 7)
    assert ((probability >= 0) & (probability <= 1)).all()
    assert np.allclose(probability, 1 / (1 + np.exp(-decision)))
    assert (predicted == (probability >= fitted.thresholds_)).all()
    assert fitted.score(labelled[0], labelled[1]) > 0.9


def test_an_indicator_and_lists_of_labels_teach_the_same():
    indicator = [[int("grief" in row), int("touch" in row)] for row in LABELS]
    by_lists = small().fit(TEXTS, LABELS)
    by_indicator = small(labels=["grief", "touch"]).fit(np.array(TEXTS), np.array(indicator))
    assert np.array_equal(by_lists.decision_function(TEXTS), by_indicator.decision_function(TEXTS))
    assert by_lists.score(TEXTS, indicator) == by_lists.score(TEXTS, LABELS)
    assert small().fit(TEXTS, indicator).classes_.tolist() == ["0", "1"]


def test_fitting_twice_gives_the_same():
    assert np.array_equal(small().fit(TEXTS, LABELS).model_.coef, small().fit(TEXTS, LABELS).model_.coef)


def test_weights_count():
    doubled = small(cv=2).fit(TEXTS, LABELS, sample_weight=np.full(len(TEXTS), 2.0))
    assert not np.array_equal(doubled.model_.coef, small(cv=2).fit(TEXTS, LABELS).model_.coef)
    with pytest.raises(ValueError, match="sample_weight"):
        small().fit(TEXTS, LABELS, sample_weight=[1.0])


def test_it_works_in_scikit_learns_tools():
    y = np.array([["grief" in row, "touch" in row] for row in LABELS]).astype(int)
    splits = KFold(3, shuffle=True, random_state=0)
    assert (cross_validate(small(), TEXTS, y, cv=splits)["test_score"] > 0.5).all()
    search = GridSearchCV(small(), {"C": [0.1, 1.0]}, cv=splits).fit(TEXTS, y)
    assert search.best_params_["C"] in (0.1, 1.0)
    pipeline = Pipeline(
        [("upper", FunctionTransformer(lambda texts: [text.upper() for text in texts])), ("tag", small())]
    )
    assert pipeline.fit(TEXTS, y).predict(["GRIEF"]).shape == (1, 2)
    assert clone(small(C=3)).C == 3


def test_parallel_folds_give_the_same():
    assert np.array_equal(
        small(n_jobs=2).fit(TEXTS, LABELS).model_.coef, small().fit(TEXTS, LABELS).model_.coef
    )


def test_it_can_be_pickled_by_whoever_wants_that(fitted):
    assert np.array_equal(
        pickle.loads(pickle.dumps(fitted)).predict_proba(["grief"]), fitted.predict_proba(["grief"])
    )


def test_few_terms_are_the_weightiest(labelled):
    classifier = TopicClassifier(cv=2, max_terms=500).fit(*labelled)
    assert len(classifier.model_.terms) == 500
    assert "grief" in classifier.model_.terms.names()


def test_no_pairs_where_none_are_wanted(labelled):
    classifier = TopicClassifier(cv=2, n_key_stems=0, max_terms=2000).fit(*labelled)
    assert len(classifier.model_.terms.pairs) == 0


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (TEXTS, LABELS[:-1], "24 texts but y has 23 rows"),
        ([*TEXTS[:-1], None], LABELS, "item 23 of X is NoneType"),
        ("one text", [["grief"]], "X is one text"),
        (TEXTS, [["grief"]] * 24, "'grief' has 24 positive texts of 24"),
        (TEXTS, [[0, 2]] * 24, "must hold 0 and 1"),
        (TEXTS, list(range(24)), "must hold 0 and 1"),
    ],
)
def test_what_it_cannot_learn_from(X, y, message):
    with pytest.raises((ValueError, TypeError), match=message):
        small().fit(X, y)


def test_labels_may_be_fixed():
    with pytest.raises(ValueError, match="row 0 of y has the label 'grief'"):
        small(labels=["touch"]).fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match="cv is 99"):
        small(cv=99).fit(TEXTS, LABELS)


def test_the_best_threshold_parts_what_can_be_parted():
    positive = np.array([0] * 50 + [1] * 50, dtype=np.int8)
    probability = np.concatenate([np.linspace(0, 0.4, 50), np.linspace(0.6, 1, 50)])
    assert 0.4 < best_threshold(positive, probability, np.ones(100), seed=0) < 0.62


def test_the_review_band_lies_between_recall_and_precision():
    rng = np.random.default_rng(0)
    probability = rng.uniform(size=2000)
    positive = (rng.uniform(size=2000) < probability).astype(np.int8)
    low, high = review_band(positive, probability, np.ones(2000))
    assert low < high
    assert positive[probability >= low].sum() / positive.sum() == pytest.approx(0.95, abs=0.01)
    assert positive[probability >= high].mean() == pytest.approx(0.95, abs=0.01)
