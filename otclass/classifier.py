"""TopicClassifier: the scikit-learn estimator that learns from labelled text and yields a Tagger.

The method is a linear support vector machine on TF-IDF weights, one label against the rest, in the spirit of
NBSVM [1]_: each label sees the terms scaled by how unequally they stand among its positives and negatives.
The decision values of held-out texts then teach a small logistic regression per label [2]_, over the values
of all labels [3]_, which turns them into log-odds; since it is linear too, it is multiplied into the
coefficients, and one weight a term and label is all that remains.

References
----------
.. [1] S. Wang and C. D. Manning, "Baselines and bigrams: simple, good sentiment and topic classification",
   ACL 2012, 90-94.
.. [2] J. Platt, "Probabilistic outputs for support vector machines and comparisons to regularized likelihood
   methods", Advances in Large Margin Classifiers, 1999, 61-74.
.. [3] S. Godbole and S. Sarawagi, "Discriminative methods for multi-labeled classification", PAKDD 2004,
   22-30.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import partial
from itertools import combinations, pairwise
from typing import Any, NamedTuple, Self

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import chi2
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted

from otclass import text as text_
from otclass.cleaning import clean
from otclass.modelfile import Model
from otclass.scoring import (
    Counts,
    Floats,
    Ints,
    Terms,
    bigram_keys,
    expit,
    pair_keys,
    places_of,
    score,
    stem_row,
    weigh,
    with_classes,
)
from otclass.tagger import Tagger
from otclass.wordclasses import WORD_CLASSES

Indicator = NDArray[np.int8]

# How strongly the log-ratio of a term's frequencies among positives and negatives scales it (chosen by
# cross-validation, as are the defaults of TopicClassifier).
_RATIO_SMOOTHING = 0.03
_RATIO_POWER = 0.75
_RATIO_FLOOR = 1.0
_RATIO_CAP = 6.0
_BOOTSTRAPS = 100
_REVIEW_LEVEL = 0.95


class TopicClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Multilabel classifier of texts: TF-IDF of stems, bigrams and key-stem pairs, linear SVM, calibrated.

    Parameters
    ----------
    labels : sequence of str, optional
        Names of the columns of `y`, or the labels allowed in it, in the order of the outputs. By default the
        sorted labels found in `y`, or the column numbers as strings.
    C : float, default 1.0
        Inverse strength of the regularisation; lower it for small or noisy data.
    positive_weight : float, default 2.0
        Weight of a label's positives against its negatives in training; raise it for rare labels.
    n_key_stems : int, default 700
        How many stems, picked by chi-squared over the labels, form pairs in a sentence. 0 for no pairs.
    bigram_weight, pair_weight : float, default 0.7 and 1.0
        Weight of bigrams and pairs against single stems.
    min_df : int, default 2
        Texts that a stem must stand in to be a term; bigrams and pairs need one more.
    max_terms : int, default 60000
        Terms kept, the weightiest first.
    cv : int, default 5
        Folds of the inner cross-validation that calibrates and chooses thresholds.
    n_jobs : int, optional
        Folds fitted at once, through joblib.
    random_state : int, default 0
        Seed of the folds and of the solver.

    Attributes
    ----------
    classes_ : ndarray of str, shape (n_labels,)
        The labels, in the order of the outputs.
    thresholds_ : ndarray of float, shape (n_labels,)
        Probability from which a text gets the label: where F1 is best by cross-validation.
    review_ : ndarray of float, shape (n_labels, 2)
        Band of probabilities in which a person should look: between the points of 95% recall and of 95%
        precision by cross-validation. Empty (low above high) where one cut reaches both.
    cv_decision_ : ndarray of float, shape (n_texts, n_labels)
        Log-odds of the training texts, each from a model that was not trained on it.
    cv_folds_ : ndarray of int, shape (n_texts,)
        The fold in which each was held out.
    model_ : Model
        What was learned.

    Examples
    --------
    >>> from otclass import TopicClassifier
    >>> texts = ["grief after loss", "bereaved and grieving", "the loss of a partner", "massage and touch",
    ...          "gentle touch", "stroking touch soothes", "receptor binding", "labour ward"]
    >>> y = [["grief"], ["grief"], ["grief"], ["touch"], ["touch"], ["touch"], [], []]
    >>> classifier = TopicClassifier(min_df=1, cv=2).fit(texts, y)
    >>> classifier.classes_
    array(['grief', 'touch'], dtype='<U5')
    >>> classifier.predict_proba(["a touch"]).shape
    (1, 2)
    """

    def __init__(
        self,
        *,
        labels: Sequence[str] | None = None,
        C: float = 1.0,
        positive_weight: float = 2.0,
        n_key_stems: int = 700,
        bigram_weight: float = 0.7,
        pair_weight: float = 1.0,
        min_df: int = 2,
        max_terms: int = 60_000,
        cv: int = 5,
        n_jobs: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.labels = labels
        self.C = C
        self.positive_weight = positive_weight
        self.n_key_stems = n_key_stems
        self.bigram_weight = bigram_weight
        self.pair_weight = pair_weight
        self.min_df = min_df
        self.max_terms = max_terms
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(
        self,
        X: Iterable[str],
        y: ArrayLike | Sequence[Collection[str]],
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from labelled texts.

        Parameters
        ----------
        X : iterable of str, shape (n_texts,)
        y : array of 0 and 1, shape (n_texts, n_labels), or sequence of collections of str
            The labels of each text.
        sample_weight : array of float, shape (n_texts,), optional
            How much each text counts, in training, calibration and choice of thresholds.

        Returns
        -------
        TopicClassifier
            Itself.

        Raises
        ------
        TypeError
            If an item of `X` is no text.
        ValueError
            If `X` and `y` differ in length, a label is unknown, or no text or every text has it.
        """
        tokens = [text_.tokenize(text) for text in _cleaned(X)]
        labels, indicator = _indicator(y, self.labels)
        if len(indicator) != len(tokens):
            raise ValueError(f"X has {len(tokens)} texts but y has {len(indicator)} rows.")
        for label, positives in zip(labels, indicator.sum(axis=0), strict=True):
            if not 0 < positives < len(tokens):
                raise ValueError(
                    f"label {label!r} has {positives} positive texts of {len(tokens)}: it needs at least one "
                    "with and one without it."
                )
        if sample_weight is None:
            weight = np.ones(len(tokens))
        else:
            weight = np.asarray(sample_weight, dtype=np.float64)
            if weight.shape != (len(tokens),):
                raise ValueError(f"sample_weight has shape {weight.shape}, expected ({len(tokens)},).")
        folds = deal_folds(indicator, self.cv, self.random_state)

        def held_out(fold: int) -> Floats:
            inside = np.flatnonzero(folds != fold)
            linear = self._fit_linear([tokens[i] for i in inside], indicator[inside], weight[inside])
            outside = [tokens[i] for i in np.flatnonzero(folds == fold)]
            return score(linear.terms.count(outside), linear.idf, linear.coef, linear.intercept)

        fitted = Parallel(n_jobs=self.n_jobs)(
            [delayed(held_out)(fold) for fold in range(self.cv)]
            + [delayed(self._fit_linear)(tokens, indicator, weight)]
        )
        decision = np.empty(indicator.shape)
        for fold in range(self.cv):
            decision[folds == fold] = fitted[fold]
        linear = fitted[-1]
        mixing, offset = _calibrate(decision, indicator, weight)

        self.classes_ = np.array(labels)
        self.cv_folds_ = folds
        self.cv_decision_ = decision @ mixing + offset
        probability = expit(self.cv_decision_)
        self.thresholds_ = np.array(
            [
                best_threshold(indicator[:, j], probability[:, j], weight, seed=self.random_state)
                for j in range(len(labels))
            ]
        )
        self.review_ = np.array(
            [review_band(indicator[:, j], probability[:, j], weight) for j in range(len(labels))]
        )
        self.model_ = Model(
            labels=tuple(labels),
            terms=linear.terms,
            idf=linear.idf,
            # float16 is what a model folder holds; the same numbers serve here and there.
            coef=(linear.coef @ mixing).astype(np.float16),
            intercept=linear.intercept @ mixing + offset,
            thresholds=self.thresholds_,
            review=self.review_,
        )
        return self

    def decision_function(self, X: Iterable[str]) -> Floats:
        """Score texts.

        Parameters
        ----------
        X : iterable of str, shape (n_texts,)

        Returns
        -------
        ndarray of float, shape (n_texts, n_labels)
            Calibrated log-odds.
        """
        check_is_fitted(self)
        return self.model_.score(_cleaned(X))

    def predict_proba(self, X: Iterable[str]) -> Floats:
        """Give each label's probability.

        Parameters
        ----------
        X : iterable of str, shape (n_texts,)

        Returns
        -------
        ndarray of float, shape (n_texts, n_labels)
            Each between 0 and 1; a row need not add up to 1.
        """
        return expit(self.decision_function(X))

    def predict(self, X: Iterable[str]) -> NDArray[np.int64]:
        """Give the labels of texts.

        Parameters
        ----------
        X : iterable of str, shape (n_texts,)

        Returns
        -------
        ndarray of int, shape (n_texts, n_labels)
            1 where the probability reaches the label's threshold.
        """
        return (self.predict_proba(X) >= self.thresholds_).astype(np.int64)

    def score(
        self,
        X: Iterable[str],
        y: ArrayLike | Sequence[Collection[str]],
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Give the macro-averaged F1 of the predictions.

        Parameters
        ----------
        X : iterable of str, shape (n_texts,)
        y : array of 0 and 1, shape (n_texts, n_labels), or sequence of collections of str
        sample_weight : array of float, shape (n_texts,), optional

        Returns
        -------
        float
            Between 0 and 1.
        """
        predicted = self.predict(X)
        _, indicator = _indicator(y, self.classes_.tolist())
        return float(
            f1_score(indicator, predicted, average="macro", sample_weight=sample_weight, zero_division=0)
        )

    def to_tagger(self) -> Tagger:
        """Give the tagger that uses what was learned."""
        check_is_fitted(self)
        return Tagger(self.model_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.target_tags.single_output = False
        tags.target_tags.multi_output = True
        tags.classifier_tags.multi_class = False
        tags.classifier_tags.multi_label = True
        return tags

    def _fit_linear(self, tokens: list[list[bytes]], indicator: Indicator, weight: Floats) -> "_Linear":
        terms, family = self.candidate_terms(tokens, indicator)
        linear = self._fit_terms(terms, family, tokens, indicator, weight)
        if len(terms) <= self.max_terms:
            return linear
        kept = np.zeros(len(terms), dtype=bool)
        kept[np.argsort(-linear.importance, kind="stable")[: self.max_terms]] = True
        return self._fit_terms(terms.subset(kept), family[kept], tokens, indicator, weight)

    def candidate_terms(self, tokens: list[list[bytes]], indicator: Indicator) -> tuple[Terms, Floats]:
        """Find the terms that are frequent enough to be learned from.

        Parameters
        ----------
        tokens : list of list of bytes
            From `otclass.text.tokenize`, a list a text.
        indicator : ndarray of 0 and 1, shape (n_texts, n_labels)
            Chooses the key stems.

        Returns
        -------
        terms : Terms
        family : ndarray of float, shape (n_terms,)
            1 for a stem, else `bigram_weight` or `pair_weight`.
        """
        stems = sorted({stem for word in set().union(*tokens) if (stem := text_.stem_of(word))})
        stems, classes = _with_classes(stems)
        n_stems = len(stems)
        words = stem_row(text_.Lexicon(stems), tokens)
        none = np.empty((0, 2), dtype=np.int64)
        row = with_classes(words, Terms(stems, none[:, 0], none, none, classes).class_of)
        known = row.stem >= 0
        frequent = _frequent(row.text[known], row.stem[known], self.min_df)
        presence = sparse.csr_matrix(
            (np.ones(known.sum()), (row.text[known], row.stem[known])), shape=(row.n_texts, n_stems)
        )[:, frequent]
        presence.data[:] = 1.0
        keys = np.sort(frequent[_key_stems(presence, indicator, self.n_key_stems)])
        n_keys = max(1, len(keys))
        bigrams = _frequent(*bigram_keys(words, n_stems), self.min_df + 1)
        # An empty pair of arrays, for texts without any.
        found = [(row.text[:0], row.stem[:0]), *pair_keys(row, places_of(keys, n_stems), len(keys))]
        pair_texts, pair_stems = (np.concatenate(its) for its in zip(*found, strict=True))
        pairs = _frequent(pair_texts, pair_stems, self.min_df + 1)
        pairs = np.column_stack([keys[pairs // n_keys], keys[pairs % n_keys]]) if len(pairs) else none
        # A word beside its own class says no more than the word.
        membership = classes.min(axis=1) * n_stems + classes.max(axis=1)
        pairs = pairs[~np.isin(pairs[:, 0] * n_stems + pairs[:, 1], membership)]
        family = np.repeat(
            [1.0, self.bigram_weight, self.pair_weight], [len(frequent), len(bigrams), len(pairs)]
        )
        bigrams = np.column_stack(np.divmod(bigrams, n_stems)) if len(bigrams) else none
        return Terms(stems, frequent, bigrams, pairs, classes), family

    def _fit_terms(
        self, terms: Terms, family: Floats, tokens: list[list[bytes]], indicator: Indicator, weight: Floats
    ) -> "_Linear":
        counts = terms.count(tokens)
        df = np.bincount(counts.term, minlength=len(terms))
        # As precise as in a model folder.
        idf = ((np.log((1 + counts.n_texts) / (1 + df)) + 1) * family).astype(np.float32).astype(np.float64)
        features = tfidf(counts, idf, len(terms))
        coef = np.zeros((len(terms), indicator.shape[1]))
        intercept = np.zeros(indicator.shape[1])
        for j, positive in enumerate(indicator.T):
            coef[:, j], intercept[j] = self.fit_label(features, positive, weight)
        importance = np.abs(coef).max(axis=1) * idf * np.sqrt(df)
        return _Linear(terms, idf, coef, intercept, importance)

    def fit_label(
        self, features: sparse.csr_matrix, positive: NDArray[np.int8], weight: Floats
    ) -> tuple[Floats, float]:
        """Learn one label, uncalibrated.

        Parameters
        ----------
        features : sparse matrix, shape (n_texts, n_terms)
            From `tfidf`.
        positive : ndarray of 0 and 1, shape (n_texts,)
        weight : ndarray of float, shape (n_texts,)

        Returns
        -------
        coef : ndarray of float, shape (n_terms,)
        intercept : float
            Their decision value is that of a support vector machine, 1 and -1 being its margins; everywhere 1
            or -1 for a label that all texts or none have.
        """
        if positive.min() == positive.max():
            return np.zeros(features.shape[1]), float(2 * positive[0] - 1)
        scale = _ratio_scale(features, positive, weight)
        scaled = features @ sparse.diags(scale)
        unit = np.sqrt(np.asarray(scaled.multiply(scaled).sum(axis=1)).ravel()).mean()
        svm = LinearSVC(C=self.C, random_state=self.random_state, tol=1e-3, max_iter=5000)
        svm.fit(
            scaled / unit, positive, sample_weight=weight * np.where(positive == 1, self.positive_weight, 1.0)
        )
        return svm.coef_.ravel() * scale / unit, float(svm.intercept_[0])


def pipeline_of(model: Model) -> Pipeline:
    """Rebuild a model from scikit-learn's parts alone; see `Tagger.to_pipeline`."""
    vectorizer = TfidfVectorizer(
        analyzer=partial(terms_of, model.terms),
        vocabulary={name: place for place, name in enumerate(model.terms.names())},
        sublinear_tf=True,
    )
    vectorizer.idf_ = model.idf
    # Fitted on next to nothing for scikit-learn to lay out its attributes, then given the model's numbers.
    blank = sparse.csr_matrix((2, len(model.terms)))
    logistic = OneVsRestClassifier(LogisticRegression())
    logistic.fit(blank, np.repeat([[0], [1]], len(model.labels), axis=1))
    logistic.classes_ = np.array(model.labels)
    for j, one in enumerate(logistic.estimators_):
        one.coef_ = model.coef[:, j].astype(np.float64)[None, :]
        one.intercept_ = model.intercept[j : j + 1]
    return Pipeline([("tfidf", vectorizer), ("logistic", logistic)])


def terms_of(terms: Terms, text: str) -> list[str]:
    """List the terms of one text by name, each as often as it stands there: an analyzer for scikit-learn.

    It spells out what `Terms.count` does in bulk: stems, neighbours within a sentence once ignored words are
    left out, and pairs of key stems once a sentence.
    """
    names = terms.lexicon.stems
    keys = set(terms.key_stems.tolist())
    classes: dict[int, list[int]] = {}
    for member, its_class in terms.classes.tolist():
        classes.setdefault(member, []).append(its_class)
    found = []
    sentence: list[int] = []
    for number in [*terms.lexicon.numbers(text_.tokenize(clean(text))), text_.Lexicon.END]:
        if number == text_.Lexicon.IGNORED:
            continue
        if number != text_.Lexicon.END:
            sentence.append(number)
            continue
        with_its = sentence + [its for number in sentence for its in classes.get(number, ())]
        found += [names[stem] for stem in with_its if stem >= 0]
        neighbours = [(first, second) for first, second in pairwise(sentence) if first >= 0 and second >= 0]
        found += [f"{names[first]} {names[second]}" for first, second in neighbours]
        together = combinations(sorted(keys & set(with_its)), 2)
        found += [f"{names[first]} & {names[second]}" for first, second in together]
        sentence = []
    return found


class _Linear(NamedTuple):
    terms: Terms
    idf: Floats
    coef: Floats
    intercept: Floats
    importance: Floats


def best_threshold(positive: NDArray[np.int8], probability: Floats, weight: Floats, *, seed: int) -> float:
    """Find the probability from which to tag so that F1 is best, steadied by the bootstrap.

    Parameters
    ----------
    positive : ndarray of 0 and 1, shape (n_texts,)
    probability, weight : ndarray of float, shape (n_texts,)
    seed : int
        Seed of the resampling.

    Returns
    -------
    float
        Mean of the best cut of 100 resamplings.
    """
    order = np.argsort(-probability, kind="stable")
    ordered, hit = probability[order], positive[order].astype(np.float64)
    between = np.append((ordered[:-1] + ordered[1:]) / 2, ordered[-1] / 2)
    rng = np.random.default_rng(seed)
    share = weight[order] / weight.sum()
    cuts = []
    for _ in range(_BOOTSTRAPS):
        times = rng.multinomial(len(order), share).astype(np.float64)
        tagged = np.cumsum(times)
        right = np.cumsum(times * hit)
        f1 = 2 * right / np.maximum(tagged + right[-1], 1e-12)
        cuts.append(between[int(np.argmax(f1))])
    return float(np.mean(cuts))


def review_band(positive: NDArray[np.int8], probability: Floats, weight: Floats) -> tuple[float, float]:
    """Find the band of probabilities in which a person should look.

    Parameters
    ----------
    positive : ndarray of 0 and 1, shape (n_texts,)
    probability, weight : ndarray of float, shape (n_texts,)

    Returns
    -------
    low, high : float
        Tagging from `low` still finds 95% of the positives; tagging from `high` is right in 95%.
    """
    order = np.argsort(-probability, kind="stable")
    ordered, hit = probability[order], positive[order] * weight[order]
    right = np.cumsum(hit)
    recall = right / max(right[-1], 1e-12)
    precise = np.flatnonzero(right / np.cumsum(weight[order]) >= _REVIEW_LEVEL)
    low = ordered[int(np.searchsorted(recall, _REVIEW_LEVEL))]
    high = ordered[precise[-1]] if len(precise) else 1.0
    return float(low), float(high)


def _cleaned(X: Iterable[str]) -> list[str]:
    if isinstance(X, str):
        raise TypeError("X is one text; give a list of texts.")
    texts = []
    for place, item in enumerate(X):
        if not isinstance(item, str):
            raise TypeError(f"item {place} of X is {type(item).__name__}, not a text.")
        texts.append(clean(item))
    return texts


def _indicator(
    y: ArrayLike | Sequence[Collection[str]], labels: Sequence[str] | None
) -> tuple[list[str], Indicator]:
    """Bring `y` into the form of 0 and 1, a column a label."""
    collections = (list, tuple, set, frozenset)
    if isinstance(y, (list, tuple)) and all(
        isinstance(row, collections) and all(isinstance(label, str) for label in row) for row in y
    ):
        names = list(labels) if labels is not None else sorted({label for row in y for label in row})
        column = {label: j for j, label in enumerate(names)}
        indicator = np.zeros((len(y), len(names)), dtype=np.int8)
        for i, row in enumerate(y):
            for label in row:
                if label not in column:
                    raise ValueError(f"row {i} of y has the label {label!r}, which is none of {names}.")
                indicator[i, column[label]] = 1
        return names, indicator
    array = np.asarray(y)
    if array.ndim != 2 or not np.isin(array, (0, 1)).all():
        raise ValueError("y must hold 0 and 1 in a column a label, or be a list of collections of labels.")
    names = list(labels) if labels is not None else [str(j) for j in range(array.shape[1])]
    if len(names) != array.shape[1]:
        raise ValueError(f"y has {array.shape[1]} columns for {len(names)} labels.")
    return names, array.astype(np.int8)


def deal_folds(indicator: Indicator, n_folds: int, seed: int) -> Ints:
    """Deal texts out to folds so that each combination of labels is spread evenly.

    Parameters
    ----------
    indicator : ndarray of 0 and 1, shape (n_texts, n_labels)
    n_folds : int
        From 2 to the number of texts.
    seed : int

    Returns
    -------
    ndarray of int, shape (n_texts,)
        The fold of each, from 0.

    Raises
    ------
    ValueError
        If `n_folds` is out of its range.
    """
    if not 2 <= n_folds <= len(indicator):
        raise ValueError(f"cv is {n_folds}: it must lie between 2 and the number of texts, {len(indicator)}.")
    combination = np.unique(indicator, axis=0, return_inverse=True)[1].ravel()
    shuffled = np.random.default_rng(seed).permutation(len(indicator))
    order = shuffled[np.argsort(combination[shuffled], kind="stable")]
    folds = np.empty(len(indicator), dtype=np.int64)
    folds[order] = np.arange(len(indicator)) % n_folds
    return folds


def _with_classes(stems: list[str]) -> tuple[list[str], Ints]:
    """Add the word classes that some stem belongs to, and say which stem belongs to which."""
    place = {stem: number for number, stem in enumerate(stems)}
    stems = list(stems)
    members = set()
    for name, words in WORD_CLASSES.items():
        its = {place[stem] for word in words if (stem := text_.stem_of(word.encode())) in place}
        members |= {(number, len(stems)) for number in its}
        if its:
            stems.append(name)
    return stems, np.array(sorted(members), dtype=np.int64).reshape(-1, 2)


def _frequent(text: Ints, key: Ints, min_df: int) -> Ints:
    """Keys that stand in at least `min_df` texts, sorted."""
    if not len(key):
        return key
    width = int(key.max()) + 1
    distinct = np.unique(text * width + key) % width
    keys, df = np.unique(distinct, return_counts=True)
    return keys[df >= min_df]


def _key_stems(presence: sparse.csr_matrix, indicator: Indicator, n_keys: int) -> Ints:
    """Columns that chi-squared ranks first, the labels taking turns."""
    ranks = [
        np.argsort(-np.nan_to_num(chi2(presence, positive)[0]), kind="stable") for positive in indicator.T
    ]
    taken: dict[int, None] = {}
    for column in np.column_stack(ranks).ravel().tolist():
        if len(taken) >= n_keys:
            break
        taken[column] = None
    return np.array(list(taken), dtype=np.int64)


def tfidf(counts: Counts, idf: Floats, n_terms: int) -> sparse.csr_matrix:
    """Give the weights of counted texts as a matrix.

    Parameters
    ----------
    counts : Counts
    idf : ndarray of float, shape (n_terms,)
    n_terms : int

    Returns
    -------
    sparse matrix, shape (n_texts, n_terms)
        As `otclass.scoring.weigh` gives them: every row of length 1.
    """
    return sparse.csr_matrix(
        (weigh(counts, idf), (counts.text, counts.term)), shape=(counts.n_texts, n_terms)
    )


def _ratio_scale(features: sparse.csr_matrix, positive: NDArray[np.int8], weight: Floats) -> Floats:
    among_positive = _RATIO_SMOOTHING + features.T @ (positive * weight)
    among_negative = _RATIO_SMOOTHING + features.T @ ((1 - positive) * weight)
    ratio = np.log((among_positive / among_positive.sum()) / (among_negative / among_negative.sum()))
    scale: Floats = _RATIO_FLOOR + np.minimum(np.abs(ratio), _RATIO_CAP) ** _RATIO_POWER
    return scale


def _calibrate(decision: Floats, indicator: Indicator, weight: Floats) -> tuple[Floats, Floats]:
    """Coefficients and intercepts that turn the decision values of all labels into log-odds of each."""
    mixing = np.zeros((decision.shape[1], decision.shape[1]))
    offset = np.zeros(decision.shape[1])
    for j, positive in enumerate(indicator.T):
        logistic = LogisticRegression(C=1.0, max_iter=1000).fit(decision, positive, sample_weight=weight)
        mixing[:, j], offset[j] = logistic.coef_.ravel(), logistic.intercept_[0]
    return mixing, offset
