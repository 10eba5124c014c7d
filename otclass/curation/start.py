"""Training that starts from a model: what it knows, moved as far as a few labels of one's own justify.

Each label's coefficients are the model's plus a difference, ``w = w0 + delta``, learned by logistic
regression with a penalty on the difference alone: a Gaussian prior around the model [1]_. With no labels the
model stays what it is; the more there are, the further it moves. The thresholds and the bands of review move
likewise.

References
----------
.. [1] C. Chelba and A. Acero, "Adaptation of maximum entropy capitalizer: little data can help a lot",
   Computer Speech & Language 20, 2006, 382-399.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from otclass.cleaning import clean
from otclass.labelled import MIN_POSITIVES, Labelled, LabelledError
from otclass.modelfile import Model
from otclass.scoring import Floats, Ints, expit

if TYPE_CHECKING:
    from scipy import sparse

# Chosen by cross-validation on abstracts of a kind that the model had not seen (benchmarks/start_from.py).
_C = 10.0
_INTERCEPT_SCALE = 0.3
# Positives of one's own at which the threshold and the band of review are half one's own.
_CUT_PRIOR = 20.0
_FOLDS = 5
_FURTHEST = 8.0  # log-odds of a cut


class Started(NamedTuple):
    """What was learned on top of a model.

    Attributes
    ----------
    model : Model
        Its labels are those of the start, then new ones.
    cv_decision : ndarray of float, shape (n_texts, n_labels)
        Log-odds of the labelled texts, each by a model that started likewise but was not trained on it.
    cv_folds : ndarray of int, shape (n_texts,)
        The fold in which each was held out.
    cv_tags : ndarray of bool, shape (n_texts, n_labels)
        Whether each reaches a threshold that was moved by the other folds alone.
    untouched : tuple of str
        Labels that stayed as in the start, as the texts have no example with it or none without it.
    """

    model: Model
    cv_decision: Floats
    cv_folds: Ints
    cv_tags: NDArray[np.bool_]
    untouched: tuple[str, ...]


def start_from(start: Model, labelled: Labelled, *, seed: int = 0) -> Started:
    """Train on labelled texts, starting from a model.

    The terms are those of the start: a word that it does not know is not learned. Where the start knew the
    field only from afar, training afresh was as good from some 1,600 labelled texts on; where it knew all but
    the kind of text, starting was far better up to the 800 measured (``benchmarks/start_from.py``).

    Parameters
    ----------
    start : Model
    labelled : Labelled
        Must not be texts that `start` was trained on; the held-out log-odds would flatter.
    seed : int, default 0
        Seed of the folds.

    Returns
    -------
    Started

    Raises
    ------
    LabelledError
        If there are fewer texts than folds (5), the model knows none of the labels, a label new to it has
        fewer than 5 texts with it or without it, or no label has texts both with it and without it.
    """
    from otclass.classifier import deal_folds, tfidf

    if len(labelled) < _FOLDS:
        raise LabelledError(
            f"{len(labelled)} labelled texts are too few to learn from; label {_FOLDS} or more."
        )
    new = [label for label in labelled.labels if label not in start.labels]
    if len(new) == len(labelled.labels):
        raise LabelledError(
            f"The model to start from knows none of the labels {', '.join(new)}; it knows "
            f"{', '.join(start.labels)}. Name the labels as the model does, or train without a start."
        )
    labels = [*start.labels, *new]
    scope = np.array([bool(flag) for flag in labelled.scope])
    has_scope = all(flag is not None for flag in labelled.scope)
    indicator = np.array([[label in its for label in labels] for its in labelled.domains], dtype=np.int8)
    if start.scope:
        indicator[:, labels.index(start.scope)] = scope if has_scope else 0
    for label in new:
        positives = int(indicator[:, labels.index(label)].sum())
        if not MIN_POSITIVES <= positives <= len(labelled) - MIN_POSITIVES:
            raise LabelledError(
                f"The model to start from does not know {label!r}, and {positives} of {len(labelled)} texts "
                f"have it: a new label needs {MIN_POSITIVES} texts with it and {MIN_POSITIVES} without. The "
                f"model knows {', '.join(start.labels)}."
            )

    counts = start.terms.count_texts(map(clean, labelled.texts))
    coef = np.pad(start.coef.astype(np.float64), ((0, 0), (0, len(new))))
    intercept = np.pad(start.intercept, (0, len(new)))
    # Of each label the threshold and the ends of the band of review.
    cuts = np.vstack([np.column_stack([start.thresholds, start.review]), np.full((len(new), 3), 0.5)])
    features = tfidf(counts, start.idf, len(start.terms))
    before = features @ coef + intercept
    weight = np.asarray(labelled.weights)
    folds = deal_folds(indicator, _FOLDS, seed)
    decision = before.copy()
    tags = np.empty(decision.shape, dtype=bool)
    untouched = []
    for j, positive in enumerate(indicator.T):
        if positive.min() == positive.max():
            untouched.append(labels[j])
            tags[:, j] = expit(decision[:, j]) >= cuts[j, 0]
            continue
        for fold in range(_FOLDS):
            inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            delta, shift = _difference(features[inside], before[inside, j], positive[inside], weight[inside])
            decision[outside, j] += features[outside] @ delta + shift
        delta, shift = _difference(features, before[:, j], positive, weight)
        coef[:, j] += delta
        intercept[j] += shift
        prior = 0.0 if labels[j] in new else _CUT_PRIOR
        for fold in range(_FOLDS):
            inside, outside = folds != fold, folds == fold
            moved = _moved(cuts[j], prior, positive[inside], decision[inside, j], weight[inside], seed)
            tags[outside, j] = expit(decision[outside, j]) >= moved[0]
        cuts[j] = _moved(cuts[j], prior, positive, decision[:, j], weight, seed)
    if len(untouched) == len(labels):
        raise LabelledError(
            f"All {len(labelled)} texts have the same labels, so there is nothing to learn from: label some "
            "with and some without a domain."
        )
    model = replace(
        start,
        labels=tuple(labels),
        coef=coef.astype(np.float16),
        intercept=intercept,
        thresholds=cuts[:, 0],
        review=cuts[:, 1:],
        training={
            "started_from": dict(start.training),
            "untouched": untouched,
            "parameters": {"cv": _FOLDS, "random_state": seed},
        },
    )
    return Started(model, decision, folds, tags, tuple(untouched))


def _difference(
    features: "sparse.csr_matrix", before: Floats, positive: NDArray[np.int8], weight: Floats
) -> tuple[Floats, float]:
    """What to add to a label's coefficients and intercept: logistic regression with an offset, penalised."""
    from scipy.optimize import minimize

    n_terms = features.shape[1]
    used = np.unique(features.indices)
    features = features[:, used]
    sign = np.where(positive == 1, 1.0, -1.0)

    def loss(delta: Floats) -> tuple[float, Floats]:
        margin = sign * (before + features @ delta[:-1] + _INTERCEPT_SCALE * delta[-1])
        # The derivative of log(1 + exp(-margin)) by what is added to the score.
        slope = -sign * weight * expit(-margin)
        gradient = np.append(features.T @ slope, _INTERCEPT_SCALE * slope.sum())
        value = _C * (weight @ np.logaddexp(0.0, -margin)) + 0.5 * (delta @ delta)
        return float(value), _C * gradient + delta

    found = minimize(loss, np.zeros(len(used) + 1), jac=True, method="L-BFGS-B").x
    delta = np.zeros(n_terms)
    delta[used] = found[:-1]
    return delta, float(_INTERCEPT_SCALE * found[-1])


def _moved(
    cuts: Floats, prior: float, positive: NDArray[np.int8], decision: Floats, weight: Floats, seed: int
) -> Floats:
    """Move a label's cuts towards those that its texts ask for, the further the more positives there are."""
    from otclass.classifier import best_threshold, review_band

    if not positive.any():  # a few, all in the fold held out
        return cuts
    probability = expit(decision)
    threshold = best_threshold(positive, probability, weight, seed=seed)
    own = np.array([threshold, *review_band(positive, probability, weight)])
    trust = positive.sum() / (positive.sum() + prior)
    return expit(trust * _log_odds(own) + (1 - trust) * _log_odds(cuts))


def _log_odds(probability: Floats) -> Floats:
    probability = np.clip(probability, expit(np.array(-_FURTHEST)), expit(np.array(_FURTHEST)))
    return np.log(probability / (1 - probability))
