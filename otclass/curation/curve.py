"""Whether more labels would pay: the learning curve, and what it promises.

References
----------
.. [1] R. L. Figueroa, Q. Zeng-Treitler, S. Kandula and L. H. Ngo, "Predicting sample size required for
   classification performance", BMC Medical Informatics and Decision Making 12, 2012, 8.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from otclass.labelled import MIN_POSITIVES, Labelled, LabelledError
from otclass.scoring import Floats, Ints

WORTHWHILE = 0.01
"""Gain in macro-F1 by doubling the labels from which more labels pay."""

_SHARES = (0.125, 0.25, 0.5, 1.0)
_REPEATS = (4, 3, 2, 1)
_FEWEST = 50


class LearningCurve(NamedTuple):
    """Quality by number of labelled texts.

    Attributes
    ----------
    sizes : tuple of int
        Labelled texts, ascending.
    macro_f1 : tuple of float
        By cross-validation among so many, mean of several draws; between 0 and 1.
    f1 : dict of str to tuple of float
        Of each label that could be judged, at each size.
    doubled : float
        Macro-F1 expected of twice as many texts.
    more_pays : bool
        Whether that would gain `WORTHWHILE` or more.
    least_learned : tuple of str
        The labels that gained most by the last doubling, and so would gain most from more, first.
    advice : str
        A sentence for people.
    """

    sizes: tuple[int, ...]
    macro_f1: tuple[float, ...]
    f1: dict[str, tuple[float, ...]]
    doubled: float
    more_pays: bool
    least_learned: tuple[str, ...]
    advice: str


def learning_curve(labelled: Labelled, *, n_jobs: int | None = None, seed: int = 0) -> LearningCurve:
    """Measure how quality grows with the number of labels, and say whether more would pay.

    `TopicClassifier` is fitted on an eighth, a quarter, half and all of the texts (not on fewer than 50) and
    judged by cross-validation, as `otclass.training.train` does. An inverse power law [1]_ through these
    figures says what twice as many texts would reach. It takes about three times as long as training.

    Parameters
    ----------
    labelled : Labelled
    n_jobs : int, optional
        Folds fitted at once.
    seed : int, default 0
        Seed of the draws.

    Returns
    -------
    LearningCurve

    Raises
    ------
    LabelledError
        If there are fewer than 100 texts, or no label has enough positives to be judged at every size.
    """
    n = len(labelled)
    steps = [(share, times) for share, times in zip(_SHARES, _REPEATS, strict=True) if n * share >= _FEWEST]
    if len(steps) < 2:
        raise LabelledError(f"{n} labelled texts are too few for a learning curve: it needs {2 * _FEWEST}.")
    smallest = steps[0][0]
    labels = []
    for label in labelled.labels:
        size = sum(label in its for its in labelled.domains)
        if min(size, n - size) * smallest >= MIN_POSITIVES:
            labels.append(label)
    if not labels:
        raise LabelledError(
            f"No label has the {round(MIN_POSITIVES / smallest)} texts with it and without it that a "
            "learning curve needs."
        )
    indicator = np.array([[label in its for label in labels] for its in labelled.domains], dtype=np.int8)
    rng = np.random.default_rng(seed)
    sizes, figures = [], []
    for share, times in steps:
        draws = [_draw(indicator, share, rng) for _ in range(times)]
        sizes.append(round(float(np.mean([len(places) for places in draws]))))
        figures.append(
            np.mean([_held_out_f1(labelled, indicator, p, labels, n_jobs, seed) for p in draws], axis=0)
        )
    f1 = np.array(figures)
    macro = f1.mean(axis=1)
    doubled = max(_extrapolated(np.array(sizes), macro, 2 * n), float(macro[-1]))
    gained = f1[-1] - f1[-2]
    least_learned = tuple(labels[j] for j in np.argsort(-gained, kind="stable") if gained[j] >= WORTHWHILE)
    pays = doubled - float(macro[-1]) >= WORTHWHILE
    return LearningCurve(
        sizes=tuple(sizes),
        macro_f1=tuple(macro.tolist()),
        f1={label: tuple(column) for label, column in zip(labels, f1.T.tolist(), strict=True)},
        doubled=doubled,
        more_pays=pays,
        least_learned=least_learned,
        advice=_advice(labelled, labels, float(macro[-1]), doubled, pays, least_learned),
    )


def _draw(indicator: NDArray[np.int8], share: float, rng: np.random.Generator) -> Ints:
    """Draw a share of the texts, the same share of each combination of labels as nearly as can be."""
    combination = np.unique(indicator, axis=0, return_inverse=True)[1].ravel()
    shuffled = rng.permutation(len(indicator))
    order = shuffled[np.argsort(combination[shuffled], kind="stable")]
    step = round(1 / share)
    return np.sort(order[rng.integers(step) :: step])


def _held_out_f1(
    labelled: Labelled,
    indicator: NDArray[np.int8],
    places: Ints,
    labels: list[str],
    n_jobs: int | None,
    seed: int,
) -> Floats:
    from sklearn.metrics import f1_score

    from otclass.classifier import TopicClassifier
    from otclass.training import cross_fit

    classifier = TopicClassifier(labels=labels, n_jobs=n_jobs, random_state=seed)
    texts = [labelled.texts[i] for i in places.tolist()]
    weight = np.asarray(labelled.weights)[places]
    classifier.fit(texts, indicator[places], sample_weight=weight)
    _, tagged = cross_fit(classifier, indicator[places], weight)
    # A label at a time: of a single column f1_score would give the figure of the negatives too.
    return np.array(
        [
            f1_score(truth, its, zero_division=0)
            for truth, its in zip(indicator[places].T, tagged.T, strict=True)
        ]
    )


def _extrapolated(sizes: Ints, quality: Floats, size: int) -> float:
    """Follow 1 - b * n ** -c through the points, the larger sizes weighing more, to `size`."""
    error = np.log(np.maximum(1.0 - quality, 1e-6))
    slope, offset = np.polyfit(np.log(sizes), error, 1, w=np.sqrt(sizes))
    return float(1.0 - np.exp(offset + slope * np.log(size)))


def _advice(
    labelled: Labelled,
    labels: list[str],
    reached: float,
    doubled: float,
    pays: bool,
    least_learned: tuple[str, ...],
) -> str:
    left_out = [label for label in labelled.labels if label not in labels]
    rare = f" (without {', '.join(left_out)}: too few texts)" if left_out else ""
    expected = (
        f"Macro-F1{rare} is {reached:.2f} with {len(labelled):,} labelled texts; {doubled:.2f} is expected "
        "with twice as many"
    )
    if not pays:
        return f"{expected}: more of the same would gain little. Are the labels right (otclass audit)?"
    most = f" Most is to be gained for {', '.join(least_learned[:3])}." if least_learned else ""
    return f"{expected}: more labels would pay.{most}"
