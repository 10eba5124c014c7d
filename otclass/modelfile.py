"""A model, and its folder on disk: safe to open, readable, independent of library versions."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from otclass.scoring import Floats, Terms, score


@dataclass(frozen=True, eq=False)
class Model:
    """What a classifier has learned.

    Attributes
    ----------
    labels : tuple of str
        In the order of the columns below.
    terms : Terms
    idf : ndarray of float, shape (n_terms,)
    coef : ndarray of float32, shape (n_terms, n_labels)
        Log-odds for a weight of 1.
    intercept : ndarray of float, shape (n_labels,)
    thresholds : ndarray of float, shape (n_labels,)
        Probability from which a text gets the label.
    review : ndarray of float, shape (n_labels, 2)
        Lower and upper end of the band of probabilities in which a person should look.
    """

    labels: tuple[str, ...]
    terms: Terms
    idf: Floats
    coef: NDArray[np.float32]
    intercept: Floats
    thresholds: Floats
    review: Floats

    def score(self, tokens: Iterable[Iterable[bytes]]) -> Floats:
        """Give the log-odds of every label for tokenized texts, shape (n_texts, n_labels)."""
        return score(self.terms.count(tokens), self.idf, self.coef, self.intercept)
