"""Which records to label next: those whose labels would teach the model most.

The strategy is uncertainty sampling [1]_ for several domains at once [2]_: a record is worth the entropy of
the model's answer for each domain, added up, the domains weighing less the more positives they have. The
answers are brought to one scale first, so that a domain of which the model knows next to nothing, and which
it therefore denies everywhere, is asked about too: at the records where it denies it least. That worth is
multiplied by the record's likeness to the pool (information density [3]_, so that oddities come late) and,
one record after the other, by its unlikeness to those already chosen (ranked batch mode [4]_, so that a batch
does not ask the same question twice). ``benchmarks/active_learning.py`` measures what this saves.

References
----------
.. [1] D. D. Lewis and W. A. Gale, "A sequential algorithm for training text classifiers", SIGIR 1994, 3-12.
.. [2] A. Esuli and F. Sebastiani, "Active learning strategies for multi-label text classification", ECIR
   2009, 102-113.
.. [3] B. Settles and M. Craven, "An analysis of active learning strategies for sequence labeling tasks",
   EMNLP 2008, 1070-1079.
.. [4] T. N. C. Cardoso, R. M. Silva, S. Canuto, M. M. Moro and M. A. Goncalves, "Ranked batch-mode active
   learning", Information Sciences 379, 2017, 313-337.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from otclass.cleaning import clean
from otclass.labelled import Labelled
from otclass.modelfile import Model
from otclass.records import Duplicates, Record
from otclass.scoring import Floats, Ints, Terms, expit, score
from otclass.tagger import Tagger
from otclass.text import tokenize

if TYPE_CHECKING:
    from scipy import sparse

    from otclass.evidence import DomainEvidence

# Log-odds for one unit of a support vector machine's margin: what its probability would rise by, about.
_SLOPE = 2.0
# Chosen by simulation on labelled abstracts.
_RARITY = 0.5
_DENSITY = 0.5
_UNLIKENESS = 2.0
_LEAST_ASKED = 0.01
_SHORTLIST = 25

_TERMS = 3


class Suggestion(NamedTuple):
    """A record to label.

    Attributes
    ----------
    place : int
        Of the record in the pool, from 0.
    record : Record
    guess : tuple of str
        The domains that the model would give, the most probable first.
    asks_about : str
        The domain that the record would teach most about.
    probability : float
        Of that domain, between 0 and 1; not calibrated unless a tagger was given.
    reason : str
        A sentence for people.
    """

    place: int
    record: Record
    guess: tuple[str, ...]
    asks_about: str
    probability: float
    reason: str


@dataclass(frozen=True)
class Suggestions:
    """Records to label, and what was left out of the pool.

    Attributes
    ----------
    records : tuple of Suggestion
        The most useful first.
    notes : tuple of str
        What was left out of the pool, and which domains could not be asked about.
    """

    records: tuple[Suggestion, ...]
    notes: tuple[str, ...]


def suggest(
    pool: Iterable[Record],
    labelled: Labelled | None = None,
    n: int = 20,
    tagger: Tagger | None = None,
    seed: int = 0,
) -> Suggestions:
    """Choose the records whose labels would teach the model most.

    Parameters
    ----------
    pool : iterable of Record
        Unlabelled. Records without text, repetitions and what is labelled already are left out.
    labelled : Labelled, optional
        What is labelled so far.
    n : int, default 20
        How many records to choose, at least 1.
    tagger : Tagger, optional
        The model to improve, such as `Tagger.default()` while labels are few. By default one is learned from
        `labelled`.
    seed : int, default 0
        Seed of the model that is learned.

    Returns
    -------
    Suggestions
        Fewer than `n` if the pool holds no more.

    Raises
    ------
    ValueError
        If `n` is less than 1, or there is neither a tagger nor a label to learn from.

    Examples
    --------
    >>> from otclass import Record, Tagger
    >>> pool = [Record(title="Massage and oxytocin"), Record(title="Grief in widowed voles"), Record()]
    >>> chosen = suggest(pool, n=1, tagger=Tagger.default())
    >>> len(chosen.records), chosen.notes
    (1, ('Left out 1 record of the pool without title and abstract.',))
    """
    from otclass.classifier import tfidf

    if n < 1:
        raise ValueError(f"n is {n}; ask for at least one record.")
    places, records, texts, notes = _candidates(pool, labelled)
    if tagger is None:
        model, unlearned = _learned(labelled, texts, seed)
        tagger = Tagger(model)
        if unlearned:
            notes.append(
                f"Nothing is known about {', '.join(unlearned)} yet: a domain needs a labelled text with it "
                "and one without it. Label some by hand, or name a model that knows it."
            )
    if not texts:
        return Suggestions((), tuple(notes))

    model, labels = tagger.model, tagger.domains
    columns = [model.labels.index(label) for label in labels]
    counts = model.terms.count_texts(texts)
    log_odds = score(counts, model.idf, model.coef, model.intercept)[:, columns]
    positives = np.array(
        [sum(label in its for its in labelled.domains) if labelled is not None else 0 for label in labels]
    )
    worth = worth_by_domain(log_odds, positives)
    chosen = choose(worth.sum(axis=1), tfidf(counts, model.idf, len(model.terms)), n)
    suggestions = []
    for i in chosen.tolist():
        j = int(worth[i].argmax())
        explanation = tagger.explain(texts[i])
        evidence = explanation.domains[labels[j]]
        suggestions.append(
            Suggestion(
                place=places[i],
                record=records[i],
                guess=explanation.tags,
                asks_about=labels[j],
                probability=evidence.probability,
                reason=_reason(evidence, int(positives[j]) if labelled is not None else None),
            )
        )
    return Suggestions(tuple(suggestions), tuple(notes))


def worth_by_domain(log_odds: Floats, positives: Ints) -> Floats:
    """Give what each record would teach about each domain: the entropy of the answer, more for a rare domain.

    The log-odds of a domain are counted from the model's boundary or, if less than 1% of the pool lies beyond
    it, from where 1% does; in their standard deviations over the pool if these are below 1, as with a model
    that has seen few labels. What lies at the boundary is worth most.

    Parameters
    ----------
    log_odds : ndarray of float, shape (n_records, n_domains)
        Of the pool; at least one record.
    positives : ndarray of int, shape (n_domains,)
        How many texts have the domain so far.

    Returns
    -------
    ndarray of float, shape (n_records, n_domains)
        In nats, over the square root of one more than `positives`.
    """
    boundary = np.minimum(0.0, np.quantile(log_odds, 1.0 - _LEAST_ASKED, axis=0))
    spread = np.clip(log_odds.std(axis=0), 1e-9, 1.0)
    scaled = (log_odds - boundary) / spread
    # -p log p - (1 - p) log(1 - p) by the logarithms of p and of 1 - p, neither of which is that of 0.
    entropy = expit(scaled) * np.logaddexp(0, -scaled) + expit(-scaled) * np.logaddexp(0, scaled)
    return np.asarray(entropy / (1.0 + positives) ** _RARITY)


def choose(worth: Floats, features: "sparse.csr_matrix", n: int) -> Ints:
    """Choose records of much worth that are like the pool and unlike each other.

    Parameters
    ----------
    worth : ndarray of float, shape (n_records,)
    features : sparse matrix, shape (n_records, n_terms)
        Weights of each record's terms, none negative, of length 1.
    n : int

    Returns
    -------
    ndarray of int, shape (min(n, n_records),)
        The best first.
    """
    center = np.asarray(features.mean(axis=0)).ravel()
    worth = worth * (features @ center) ** _DENSITY
    # Unlikeness only lowers a record's worth: those far below the best would hardly come to the top.
    shortlist = np.argsort(-worth, kind="stable")[: _SHORTLIST * n]
    worth, features = worth[shortlist], features[shortlist]
    likeness = np.zeros(len(worth))
    free = np.ones(len(worth), dtype=bool)
    chosen = []
    for _ in range(min(n, len(worth))):
        best = int(np.where(free, worth * (1.0 - likeness) ** _UNLIKENESS, -1.0).argmax())
        chosen.append(best)
        free[best] = False
        to_best = (features @ features[[best]].T).toarray().ravel()
        # Rounding may bring a text's likeness to itself above 1.
        likeness = np.maximum(likeness, np.minimum(to_best, 1.0))
    return shortlist[chosen]


def _candidates(
    pool: Iterable[Record], labelled: Labelled | None
) -> tuple[list[int], list[Record], list[str], list[str]]:
    """Places, records and cleaned texts of what can be labelled, and notes on the rest."""
    known = {_normal(text) for text in labelled.texts} if labelled is not None else set()
    ids = set(filter(None, labelled.ids)) if labelled is not None else set()
    seen = Duplicates()
    places, records, texts = [], [], []
    empty = repeated = done = 0
    for place, record in enumerate(pool):
        text = "\n".join(filter(None, (record.title, record.abstract)))
        if not text.strip():
            empty += 1
        elif seen.first(record) is not None:
            repeated += 1
        elif _normal(text) in known or _id(record) in ids or record.pmid in ids or record.doi in ids:
            done += 1
        else:
            places.append(place)
            records.append(record)
            texts.append(clean(text))
    what = ((empty, "without title and abstract"), (repeated, "that came before"), (done, "labelled already"))
    notes = [f"Left out {k} record{'s' * (k != 1)} of the pool {why}." for k, why in what if k]
    return places, records, texts, notes


def _normal(text: str) -> str:
    return " ".join(text.casefold().split())


def _id(record: Record) -> str:
    return str(record.raw.get("id", "") or "")


class Representation(NamedTuple):
    """Texts as weights of their stems and bigrams; no label has a say in it.

    Attributes
    ----------
    terms : Terms
    idf : ndarray of float, shape (n_terms,)
    features : sparse matrix, shape (n_texts, n_terms)
    """

    terms: Terms
    idf: Floats
    features: "sparse.csr_matrix"


def represent(texts: Iterable[str]) -> Representation:
    """Weigh the stems and bigrams of cleaned texts.

    Parameters
    ----------
    texts : iterable of str

    Returns
    -------
    Representation
    """
    from otclass.classifier import TopicClassifier, tfidf

    tokens = [tokenize(text) for text in texts]
    # Without pairs, which labels choose: any labels do.
    any_labels = (np.arange(len(tokens)) % 2).astype(np.int8)[:, None]
    terms, family = TopicClassifier(n_key_stems=0, min_df=1).candidate_terms(tokens, any_labels)
    counts = terms.count(tokens)
    df = np.bincount(counts.term, minlength=len(terms))
    idf = (np.log((1 + counts.n_texts) / (1 + df)) + 1) * family
    return Representation(terms, idf, tfidf(counts, idf, len(terms)))


def learn(
    features: "sparse.csr_matrix", indicator: NDArray[np.int8], weight: Floats, seed: int = 0
) -> tuple[Floats, Floats]:
    """Learn each label from few texts, neither calibrated nor given a threshold: both would be guesses.

    Measured on labelled abstracts, calibrated probabilities chose worse: of a domain with few positives they
    say no everywhere, and so do not ask about it.

    Parameters
    ----------
    features : sparse matrix, shape (n_texts, n_terms)
    indicator : ndarray of 0 and 1, shape (n_texts, n_labels)
    weight : ndarray of float, shape (n_texts,)
    seed : int, default 0

    Returns
    -------
    coef : ndarray of float, shape (n_terms, n_labels)
    intercept : ndarray of float, shape (n_labels,)
        Rough log-odds.
    """
    from otclass.classifier import TopicClassifier

    classifier = TopicClassifier(random_state=seed)
    coef = np.zeros((features.shape[1], indicator.shape[1]))
    used = np.unique(features.indices)
    features = features[:, used]
    intercept = np.zeros(indicator.shape[1])
    for j, positive in enumerate(indicator.T):
        coef[used, j], intercept[j] = classifier.fit_label(features, positive, weight)
    return _SLOPE * coef, _SLOPE * intercept


def _learned(labelled: Labelled | None, texts: Sequence[str], seed: int) -> tuple[Model, list[str]]:
    """A model of what is labelled so far, and the labels that could not be learned."""
    sizes = {}
    if labelled is not None:
        sizes = {label: sum(label in its for its in labelled.domains) for label in labelled.labels}
    labels = [label for label, size in sizes.items() if labelled and 0 < size < len(labelled)]
    if labelled is None or not labels:
        raise ValueError(
            "There is nothing to learn from: label a few texts first, some with and some without each "
            "domain, or name a model to begin with."
        )
    indicator = np.array([[label in its for label in labels] for its in labelled.domains], dtype=np.int8)
    represented = represent([*map(clean, labelled.texts), *texts])
    coef, intercept = learn(
        represented.features[: len(labelled)], indicator, np.asarray(labelled.weights), seed
    )
    half = np.full(len(labels), 0.5)
    model = Model(
        labels=tuple(labels),
        terms=represented.terms,
        idf=represented.idf,
        coef=coef.astype(np.float16),
        intercept=intercept,
        thresholds=half,
        review=np.column_stack([half, half]),
    )
    return model, [label for label in sizes if label not in labels]


def _reason(evidence: "DomainEvidence", positives: int | None) -> str:
    known = "" if positives is None else f", {positives} labelled so far"
    parts = [f"Asks about {evidence.domain} (probability {evidence.probability:.2f}{known})"]
    for head, terms in (("for it", evidence.supporting), ("against it", evidence.opposing)):
        # Terms made of the same words are named once.
        named = list(dict.fromkeys(term.words[0].lower() for term in terms if term.words))
        if named:
            parts.append(f"{head}: {', '.join(named[:_TERMS])}")
    return "; ".join(parts) + "."
