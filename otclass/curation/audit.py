"""Labels to doubt: those that held-out judgement contradicts, twins labelled apart, domains too rare.

References
----------
.. [1] C. G. Northcutt, L. Jiang and I. L. Chuang, "Confident learning: estimating uncertainty in dataset
   labels", Journal of Artificial Intelligence Research 70, 2021, 1373-1411.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from otclass.cleaning import clean
from otclass.labelled import MIN_POSITIVES, Labelled, LabelledError, Row
from otclass.scoring import Floats, expit

FEW_POSITIVES = 30
"""Positives below which a domain's figures say little: its recall is known to within 0.15 or so."""

TWIN_SIMILARITY = 0.8
"""Cosine of word and bigram weights from which two texts count as near-duplicates."""


class JudgedLabel(NamedTuple):
    """A label given, or not given, to a text, and what a model thinks that was not trained on the text.

    Attributes
    ----------
    place : int
        Of the text in `Labelled`, from 0.
    row : Row
    id, title : str
        Empty where the table has none.
    label : str
    given : bool
        Whether the text has the label.
    confidence : float
        Probability, between 0 and 1, that this is right.
    suspect : bool
        Whether the opposite is more than likely by confident learning.
    """

    place: int
    row: Row
    id: str
    title: str
    label: str
    given: bool
    confidence: float
    suspect: bool


class Twins(NamedTuple):
    """Two texts nearly the same, with different labels.

    Attributes
    ----------
    places : tuple of int
        Of both texts in `Labelled`.
    rows : tuple of Row
    similarity : float
        Cosine, between `TWIN_SIMILARITY` and 1.
    differing : tuple of str
        The labels that only one of them has.
    """

    places: tuple[int, int]
    rows: tuple[Row, Row]
    similarity: float
    differing: tuple[str, ...]


class Audit(NamedTuple):
    """What to look at in a labelled table.

    Attributes
    ----------
    labels : tuple of JudgedLabel
        Every text and every label that could be judged, the least credible first; the suspects are marked.
    twins : tuple of Twins
        The most similar first.
    few_positives : dict of str to int
        Labels with fewer than `FEW_POSITIVES` positives, and how many.
    not_judged : tuple of str
        Labels with too few texts with or without them to be judged.
    """

    labels: tuple[JudgedLabel, ...]
    twins: tuple[Twins, ...]
    few_positives: dict[str, int]
    not_judged: tuple[str, ...]

    @property
    def suspects(self) -> tuple[JudgedLabel, ...]:
        """The labels that are likely wrong, the least credible first."""
        return tuple(label for label in self.labels if label.suspect)


def audit(labelled: Labelled, *, n_jobs: int | None = None, seed: int = 0) -> Audit:
    """Find what is likely wrong in labelled texts.

    Each label is judged by a `TopicClassifier` that was not trained on its text. As many folds are fitted as
    the classifier has, and once more the whole: about a minute for 5,000 abstracts.

    Parameters
    ----------
    labelled : Labelled
    n_jobs : int, optional
        Folds fitted at once.
    seed : int, default 0
        Seed of the folds.

    Returns
    -------
    Audit

    Raises
    ------
    LabelledError
        If no label has enough texts with and without it.

    Examples
    --------
    >>> from otclass.labelled import read_labelled
    >>> found = audit(read_labelled("mine.csv"))  # doctest: +SKIP
    >>> found.suspects[0].row, found.suspects[0].label  # doctest: +SKIP
    (Row(file='mine.csv', number=212), 'social_touch')
    """
    from otclass.classifier import TopicClassifier

    positives = {label: sum(label in its for its in labelled.domains) for label in labelled.labels}
    judged = [k for k, size in positives.items() if MIN_POSITIVES <= size <= len(labelled) - MIN_POSITIVES]
    if not judged:
        raise LabelledError(
            f"No label has {MIN_POSITIVES} texts with it and {MIN_POSITIVES} without, as judging it needs. "
            "Label more texts."
        )
    given = np.array([[label in its for label in judged] for its in labelled.domains])
    classifier = TopicClassifier(labels=judged, n_jobs=n_jobs, random_state=seed)
    classifier.fit(labelled.texts, given.astype(np.int8), sample_weight=labelled.weights)
    confidence, suspect = judge(given, classifier.cv_decision_)
    labels = []
    for cell in np.argsort(confidence, axis=None, kind="stable").tolist():
        i, j = divmod(cell, len(judged))
        labels.append(
            JudgedLabel(
                place=i,
                row=labelled.rows[i],
                id=labelled.ids[i],
                title=labelled.titles[i],
                label=judged[j],
                given=bool(given[i, j]),
                confidence=float(confidence[i, j]),
                suspect=bool(suspect[i, j]),
            )
        )
    return Audit(
        labels=tuple(labels),
        twins=_twins(labelled),
        few_positives={label: size for label, size in positives.items() if size < FEW_POSITIVES},
        not_judged=tuple(label for label in labelled.labels if label not in judged),
    )


def judge(given: NDArray[np.bool_], log_odds: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Judge given labels by held-out log-odds: confident learning, each label a question of its own.

    A label is suspect if the probability of the opposite reaches the mean of that probability over the texts
    whose given label is the opposite, as in the confident joint, and also exceeds one half: without this,
    many sound labels of rare domains would be suspect. The order is by self-confidence. cleanlab, the
    authors' implementation, finds as much (``benchmarks/audit.py``).

    Parameters
    ----------
    given : ndarray of bool, shape (n_texts, n_labels)
        Each label at some texts but not at all.
    log_odds : ndarray of float, shape (n_texts, n_labels)
        From models not trained on the text.

    Returns
    -------
    confidence : ndarray of float, shape (n_texts, n_labels)
        Probability that what is given is right.
    suspect : ndarray of bool, shape (n_texts, n_labels)
    """
    confidence = expit(np.where(given, log_odds, -log_odds))
    with_it = np.where(given, confidence, 0.0).sum(axis=0) / given.sum(axis=0)
    without = np.where(given, 0.0, confidence).sum(axis=0) / (~given).sum(axis=0)
    opposite = 1.0 - confidence
    return confidence, (opposite >= np.where(given, without, with_it)) & (opposite > 0.5)


def _twins(labelled: Labelled) -> tuple[Twins, ...]:
    """Near-duplicates with different labels."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.neighbors import radius_neighbors_graph

    weights = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit_transform(map(clean, labelled.texts))
    near = radius_neighbors_graph(weights, 1.0 - TWIN_SIMILARITY, mode="distance", metric="cosine").tocoo()
    found = []
    for i, j, distance in zip(near.row.tolist(), near.col.tolist(), near.data.tolist(), strict=True):
        differing = labelled.domains[i] ^ labelled.domains[j]
        if i < j and differing:
            in_order = tuple(label for label in labelled.labels if label in differing)
            rows = (labelled.rows[i], labelled.rows[j])
            found.append(Twins((i, j), rows, min(1.0, 1.0 - distance), in_order))
    return tuple(sorted(found, key=lambda twins: -twins.similarity))
