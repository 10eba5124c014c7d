"""Agreement of two annotators, and the texts to talk about.

References
----------
.. [1] J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement
   20, 1960, 37-46.
.. [2] K. Krippendorff, "Content analysis: an introduction to its methodology", 2nd ed., Sage 2004, ch. 11.
.. [3] R. J. Passonneau, "Measuring agreement on set-valued items (MASI) for semantic and pragmatic
   annotation", LREC 2006, 831-836.
"""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, TypeVar

from otclass.labelled import Labelled, LabelledError, Row

Domains = frozenset[str]
_Value = TypeVar("_Value", bound=Hashable)


class DomainAgreement(NamedTuple):
    """How two annotators agree on one domain.

    Attributes
    ----------
    both, only_a, only_b, neither : int
        Texts.
    kappa : float or None
        Cohen's kappa [1]_, at most 1, 0 for agreement by chance; None where both gave all texts the same.
    alpha : float or None
        Krippendorff's alpha for nominal data [2]_, at most 1; None likewise.
    """

    both: int
    only_a: int
    only_b: int
    neither: int
    kappa: float | None
    alpha: float | None


class Confusion(NamedTuple):
    """Where two annotators part in the same way.

    Attributes
    ----------
    only_a, only_b : tuple of str
        The domains that only the one, and only the other, gave.
    times : int
    """

    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    times: int


class Disagreement(NamedTuple):
    """A text to talk about.

    Attributes
    ----------
    text, title, id : str
    rows : tuple of Row
        In the one's table and in the other's.
    a, b : frozenset of str
        The domains that each gave.
    distance : float
        MASI distance of the two, above 0, at most 1.
    """

    text: str
    title: str
    id: str
    rows: tuple[Row, Row]
    a: Domains
    b: Domains
    distance: float


class Comparison(NamedTuple):
    """Agreement of two annotators.

    Attributes
    ----------
    n : int
        Texts that both labelled.
    exact : float
        Share of them with the same set of domains, between 0 and 1.
    alpha : float or None
        Krippendorff's alpha over the sets of domains, with MASI distance [3]_; None where all sets are the
        same.
    domains : dict of str to DomainAgreement
    confusions : tuple of Confusion
        The most frequent first.
    disagreements : tuple of Disagreement
        The furthest apart first, then in the order of the first table.
    only_in_a, only_in_b : tuple of Row
        Texts that only one table holds.
    """

    n: int
    exact: float
    alpha: float | None
    domains: dict[str, DomainAgreement]
    confusions: tuple[Confusion, ...]
    disagreements: tuple[Disagreement, ...]
    only_in_a: tuple[Row, ...]
    only_in_b: tuple[Row, ...]


def compare(a: Labelled, b: Labelled) -> Comparison:
    """Measure the agreement of two annotators.

    Texts are matched by their ids if every row of both tables has one, else by the text itself, case and
    spacing aside.

    Parameters
    ----------
    a, b : Labelled

    Returns
    -------
    Comparison

    Raises
    ------
    LabelledError
        If the two tables have no text in common.

    Examples
    --------
    >>> from otclass.labelled import read_labelled
    >>> agreement = compare(read_labelled("mine.csv"), read_labelled("hers.csv"))  # doctest: +SKIP
    >>> agreement.domains["grief"].kappa  # doctest: +SKIP
    0.81
    """
    by_id = all(a.ids) and all(b.ids)
    keys_a, keys_b = (tuple(one.ids if by_id else map(_normal, one.texts)) for one in (a, b))
    place_in_b = {key: place for place, key in enumerate(keys_b)}
    pairs = [(i, place_in_b[key]) for i, key in enumerate(keys_a) if key in place_in_b]
    if not pairs:
        raise LabelledError(
            f"The two tables have no text in common (matched by {'id' if by_id else 'text'}). Are they of "
            "the same abstracts?"
        )
    sets = [(a.domains[i], b.domains[j]) for i, j in pairs]
    labels = [*a.labels, *(label for label in b.labels if label not in a.labels)]
    parted = Counter(
        (_in_order(one - other, labels), _in_order(other - one, labels))
        for one, other in sets
        if one != other
    )
    disagreements = [
        Disagreement(
            a.texts[i],
            a.titles[i],
            a.ids[i],
            (a.rows[i], b.rows[j]),
            a.domains[i],
            b.domains[j],
            masi_distance(a.domains[i], b.domains[j]),
        )
        for i, j in pairs
        if a.domains[i] != b.domains[j]
    ]
    matched_a, matched_b = {i for i, _ in pairs}, {j for _, j in pairs}
    return Comparison(
        n=len(pairs),
        exact=sum(one == other for one, other in sets) / len(pairs),
        alpha=krippendorff_alpha(sets, masi_distance),
        domains={label: _agreement(label, sets) for label in labels},
        confusions=tuple(Confusion(*which, times) for which, times in parted.most_common()),
        disagreements=tuple(sorted(disagreements, key=lambda found: -found.distance)),
        only_in_a=tuple(row for i, row in enumerate(a.rows) if i not in matched_a),
        only_in_b=tuple(row for j, row in enumerate(b.rows) if j not in matched_b),
    )


def masi_distance(one: Domains, other: Domains) -> float:
    """Give the MASI distance of two sets: 1 - Jaccard's index times monotonicity [3]_.

    Monotonicity is 1 for equal sets, 2/3 if one holds the other, 1/3 if they overlap, 0 if they do not. Two
    empty sets are equal; an empty one and another do not overlap.

    Parameters
    ----------
    one, other : frozenset of str

    Returns
    -------
    float
        Between 0 and 1.
    """
    if one == other:
        return 0.0
    shared = one & other
    if not shared:
        return 1.0
    monotonicity = 2 / 3 if shared in (one, other) else 1 / 3
    return 1.0 - len(shared) / len(one | other) * monotonicity


def krippendorff_alpha(
    pairs: Sequence[tuple[_Value, _Value]], distance: Callable[[_Value, _Value], float]
) -> float | None:
    """Give Krippendorff's alpha of two annotators who labelled everything: 1 - observed / expected distance.

    Parameters
    ----------
    pairs : sequence of tuple of two values
        What each annotator gave, a pair a text; at least one.
    distance : callable
        Distance of two values, 0 for equal ones.

    Returns
    -------
    float or None
        None if all values are the same, as there is nothing then to tell apart.
    """
    times = Counter(value for pair in pairs for value in pair)
    n_values = 2 * len(pairs)
    observed = math.fsum(distance(one, other) for one, other in pairs) / len(pairs)
    expected = math.fsum(
        n_one * n_other * distance(one, other)
        for one, n_one in times.items()
        for other, n_other in times.items()
        if one != other
    ) / (n_values * (n_values - 1))
    return 1.0 - observed / expected if expected else None


def _agreement(label: str, sets: Sequence[tuple[Domains, Domains]]) -> DomainAgreement:
    pairs = [(label in one, label in other) for one, other in sets]
    times = Counter(pairs)
    both, only_a = times[True, True], times[True, False]
    only_b, neither = times[False, True], times[False, False]
    n = len(pairs)
    by_chance = ((both + only_a) * (both + only_b) + (neither + only_a) * (neither + only_b)) / n**2
    kappa = ((both + neither) / n - by_chance) / (1 - by_chance) if by_chance < 1 else None
    alpha = krippendorff_alpha(pairs, lambda one, other: float(one != other))
    return DomainAgreement(both, only_a, only_b, neither, kappa, alpha)


def _in_order(domains: Domains, labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(label for label in labels if label in domains)


def _normal(text: str) -> str:
    return " ".join(text.casefold().split())
