"""The linear TF-IDF scorer: stem numbers -> term counts -> weights -> scores.

The one scoring path, of training and of use, in NumPy; the compiled part (``_compiled.c``) goes it in one
pass where it was built. A term is a stem, a bigram of neighbouring stems, or a pair:
two key stems in one sentence, in either order. A text is the vector of its terms' weights
``(1 + log(count)) * idf``, scaled to length 1, as scikit-learn's ``TfidfVectorizer(sublinear_tf=True)`` has
it; a score is that vector times the label's coefficients, plus the label's intercept.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from otclass.text import Lexicon, fold, tokenize

try:
    from otclass._compiled import Counter
except ImportError:
    Counter = None

COMPILED = Counter is not None
"""Whether the compiled counter was built."""

_MAX_IDLE = 16
"""Counters kept for further calls: each holds some megabytes."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class _HashTable:
    """Places of 64-bit keys, found for many keys at once (open addressing, linear probing)."""

    _MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)

    def __init__(self, keys: Ints) -> None:
        bits = max(4, int(2 * len(keys)).bit_length())
        self._shift = np.uint64(64 - bits)
        self._mask = (1 << bits) - 1
        self._keys = np.full(1 << bits, -1, dtype=np.int64)
        self._places = np.full(1 << bits, -1, dtype=np.int64)
        pending = np.arange(len(keys))
        slots = self._slots(keys)
        self._probes = 0
        while len(pending):
            self._probes += 1
            free = self._keys[slots] == -1
            # Where several keys want one free slot the last written wins; the others move on.
            self._keys[slots[free]] = keys[pending[free]]
            lost = self._keys[slots] != keys[pending]
            won = ~lost
            self._places[slots[won]] = pending[won]
            pending, slots = pending[lost], (slots[lost] + 1) & self._mask

    def _slots(self, keys: Ints) -> Ints:
        return ((keys.view(np.uint64) * self._MULTIPLIER) >> self._shift).view(np.int64)

    def find(self, keys: Ints) -> Ints:
        """Places of the keys, -1 for a key that is not there."""
        slots = self._slots(keys)
        places = self._places[slots]
        missed = np.flatnonzero(self._keys[slots] != keys)
        if len(missed):
            places[missed] = -1
            slots = slots[missed]
            for _ in range(self._probes - 1):
                slots = (slots + 1) & self._mask
                here = self._keys[slots]
                found = here == keys[missed]
                places[missed[found]] = self._places[slots[found]]
                going = ~found & (here != -1)
                missed, slots = missed[going], slots[going]
                if not len(missed):
                    break
        return places


class Counts(NamedTuple):
    """How often each term stands in each text, without zeros.

    Attributes
    ----------
    text, term, times : ndarray of int, shape (n_entries,)
        Sorted by text, then term.
    n_texts : int
    """

    text: Ints
    term: Ints
    times: Ints
    n_texts: int


class Row(NamedTuple):
    """The stems of all texts in a row.

    Attributes
    ----------
    stem : ndarray of int, shape (n_stems,)
        Stem numbers, negative for an unknown word or a sentence end; a sentence end after each text.
    text, sentence : ndarray of int, shape (n_stems,)
        Where each stands, the sentences counted through all texts.
    n_texts : int
    """

    stem: Ints
    text: Ints
    sentence: Ints
    n_texts: int


def stem_row(lexicon: Lexicon, texts: Iterable[Iterable[bytes]]) -> Row:
    """Lay the stems of tokenized texts in a row, ignored words left out.

    Parameters
    ----------
    lexicon : Lexicon
    texts : iterable of iterable of bytes
        Each from `otclass.text.tokenize`.
    """
    row: list[int] = []
    ends = [0]
    for tokens in texts:
        row.extend(lexicon.numbers(tokens))
        row.append(Lexicon.END)
        ends.append(len(row))
    stem = np.array(row, dtype=np.int64)
    text = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    kept = stem != Lexicon.IGNORED
    stem, text = stem[kept], text[kept]
    ended = stem == Lexicon.END
    return Row(stem, text, np.cumsum(ended) - ended, len(ends) - 1)


def with_classes(row: Row, class_of: Ints) -> Row:
    """Add to a row, at its end, the word classes of its stems.

    Parameters
    ----------
    row : Row
    class_of : ndarray of int, shape (n_classes_a_stem, n_stems + 3)
        Stem numbers of the classes that each stem belongs to, -1 where there are fewer.
    """
    stems, texts, sentences = [row.stem], [row.text], [row.sentence]
    for classes in class_of:
        its = classes[row.stem]
        has = np.flatnonzero(its >= 0)
        stems.append(its[has])
        texts.append(row.text[has])
        sentences.append(row.sentence[has])
    return Row(np.concatenate(stems), np.concatenate(texts), np.concatenate(sentences), row.n_texts)


def bigram_keys(row: Row, n_stems: int) -> tuple[Ints, Ints]:
    """Give text and key, ``first * n_stems + second``, of every bigram of a row of words."""
    first, second = row.stem[:-1], row.stem[1:]
    both = np.flatnonzero((first >= 0) & (second >= 0))
    return row.text[both], first[both] * n_stems + second[both]


def pair_keys(row: Row, key_of: Ints, n_keys: int) -> Iterator[tuple[Ints, Ints]]:
    """Give text and key, ``smaller * n_keys + larger``, of every pair of a row, once a sentence.

    Parameters
    ----------
    row : Row
    key_of : ndarray of int, shape (n_stems + 3,)
        Place of each stem among the key stems, -1 for the others and for the lexicon's negative numbers.
    n_keys : int

    Yields
    ------
    text, key : ndarray of int, shape (n_pairs,)
        Of the pairs that are so far apart among their sentence's sorted key stems, for one distance after the
        other: those of a long text of key stems would not fit into memory together.
    """
    key = key_of[row.stem]
    kept = np.flatnonzero(key >= 0)
    # Sorted and without repetitions, so that the stems of a sentence stand together, the smaller first.
    members = np.unique(row.sentence[kept] * max(1, n_keys) + key[kept])
    sentence, key = np.divmod(members, max(1, n_keys))
    text_of_sentence = row.text[row.stem == Lexicon.END]
    for apart in range(1, n_keys):
        together = np.flatnonzero(sentence[apart:] == sentence[:-apart])
        if not len(together):
            break
        yield text_of_sentence[sentence[together]], key[together] * n_keys + key[together + apart]


class Terms:
    """The terms that a model weighs, numbered: unigrams first, then bigrams, then pairs.

    Parameters
    ----------
    stems : iterable of str
        The lexicon that the terms are made of.
    unigrams : ndarray of int, shape (n_unigrams,)
        Stem numbers.
    bigrams : ndarray of int, shape (n_bigrams, 2)
        Stem numbers in the text's order; neighbours once ignored words are left out.
    pairs : ndarray of int, shape (n_pairs, 2)
        Stem numbers, the smaller first; the stems that stand here are the key stems.
    classes : ndarray of int, shape (n_memberships, 2)
        Stem numbers of a word's stem and of a word class that it belongs to (`otclass.wordclasses`).
    """

    def __init__(
        self, stems: Iterable[str], unigrams: Ints, bigrams: Ints, pairs: Ints, classes: Ints
    ) -> None:
        self.lexicon = Lexicon(stems)
        self.unigrams, self.bigrams, self.pairs, self.classes = unigrams, bigrams, pairs, classes
        n_stems = len(self.lexicon)
        is_key = np.zeros(n_stems, dtype=bool)
        is_key[pairs] = True
        self.key_stems = np.flatnonzero(is_key)
        self._n_keys = len(self.key_stems)
        self._unigram_of = places_of(unigrams, n_stems)
        self._key_of = places_of(self.key_stems, n_stems)
        self.class_of = _class_table(classes, n_stems)
        self._bigram_keys = bigrams[:, 0] * n_stems + bigrams[:, 1]
        self._pair_keys = self._key_of[pairs[:, 0]] * self._n_keys + self._key_of[pairs[:, 1]]
        self._idle: list[Any] = []

    @cached_property
    def _bigrams(self) -> _HashTable:
        return _HashTable(self._bigram_keys)

    @cached_property
    def _pairs(self) -> _HashTable:
        return _HashTable(self._pair_keys)

    @contextmanager
    def _counter(self) -> Iterator[Any]:
        """Lend a compiled counter, one a call; None where there is none, or too many terms for it."""
        try:
            counter = self._idle.pop()
        except IndexError:
            counter = self._new_counter()
        yield counter
        if len(self._idle) < _MAX_IDLE:
            self._idle.append(counter)

    def _new_counter(self) -> Any:
        if Counter is None:
            return None
        arrays = (self._unigram_of, self._key_of, self.class_of, self._bigram_keys, self._pair_keys)
        contents = [array.astype(np.int64).tobytes() for array in arrays]
        try:
            return Counter(self.lexicon.number, *contents, len(self.unigrams))
        except OverflowError:
            return None

    def __len__(self) -> int:
        return len(self.unigrams) + len(self.bigrams) + len(self.pairs)

    def names(self) -> list[str]:
        """Give every term as people read it: "grief", "social touch", "opioid & social"."""
        stems = self.lexicon.stems
        return [
            *(stems[stem] for stem in self.unigrams.tolist()),
            *(f"{stems[first]} {stems[second]}" for first, second in self.bigrams.tolist()),
            *(f"{stems[first]} & {stems[second]}" for first, second in self.pairs.tolist()),
        ]

    def subset(self, kept: NDArray[np.bool_]) -> "Terms":
        """Keep some terms, and of the lexicon what they are made of.

        Parameters
        ----------
        kept : ndarray of bool, shape (n_terms,)
        """
        first, second = len(self.unigrams), len(self.unigrams) + len(self.bigrams)
        unigrams = self.unigrams[kept[:first]]
        bigrams, pairs = self.bigrams[kept[first:second]], self.pairs[kept[second:]]
        used = np.concatenate([unigrams, bigrams.ravel(), pairs.ravel()])
        classes = self.classes[np.isin(self.classes[:, 1], used)]
        used = np.unique(np.concatenate([used, classes.ravel()]))
        number = places_of(used, len(self.lexicon))
        stems = [self.lexicon.stems[stem] for stem in used.tolist()]
        return Terms(stems, number[unigrams], number[bigrams], number[pairs], number[classes])

    def count_texts(self, texts: Iterable[str]) -> Counts:
        """Count the terms of cleaned texts: `count` of their tokens, by the compiled counter if there is one.

        Parameters
        ----------
        texts : iterable of str

        Returns
        -------
        Counts
        """
        with self._counter() as counter:
            if counter is None:
                return self.count(map(tokenize, texts))
            folded = list(map(fold, texts))
            entries = np.frombuffer(counter.count(folded), dtype=np.int64).reshape(-1, 3)
        return Counts(entries[:, 0], entries[:, 1], entries[:, 2], len(folded))

    def score_texts(self, texts: Iterable[str], rows: NDArray[np.void], intercept: Floats) -> Floats:
        """Score cleaned texts: `score` of `count_texts`, by the compiled counter if there is one.

        Parameters
        ----------
        texts : iterable of str
        rows : ndarray, shape (n_terms,)
            idf and coefficients, from `packed`.
        intercept : ndarray of float, shape (n_labels,)

        Returns
        -------
        ndarray of float, shape (n_texts, n_labels)
        """
        with self._counter() as counter:
            if counter is None:
                return score(self.count(map(tokenize, texts)), rows["idf"], rows["coef"], intercept)
            folded = list(map(fold, texts))
            contiguous = np.ascontiguousarray(intercept, dtype=np.float64)
            scores = np.frombuffer(counter.score(folded, rows, contiguous), dtype=np.float64)
        return scores.reshape(len(folded), len(intercept))

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_idle": []}

    def count(self, texts: Iterable[Iterable[bytes]]) -> Counts:
        """Count the terms of tokenized texts.

        Parameters
        ----------
        texts : iterable of iterable of bytes
            Each from `otclass.text.tokenize`.

        Returns
        -------
        Counts
        """
        words = stem_row(self.lexicon, texts)
        row = with_classes(words, self.class_of)
        texts_of, terms_of = [row.text], [self._unigram_of[row.stem]]
        bigrams = [bigram_keys(words, len(self.lexicon))]
        pairs = pair_keys(row, self._key_of, self._n_keys)
        first = len(self.unigrams)
        for table, found in ((self._bigrams, bigrams), (self._pairs, pairs)):
            for text, key in found:
                term = table.find(key)
                known = np.flatnonzero(term >= 0)
                texts_of.append(text[known])
                terms_of.append(term[known] + first)
            first += len(self.bigrams)
        text, term = np.concatenate(texts_of), np.concatenate(terms_of)
        known = np.flatnonzero(term >= 0)
        width = max(1, len(self))
        entries = text[known] * width + term[known]
        entries.sort()
        firsts = np.flatnonzero(np.diff(entries, prepend=-1))
        times = np.diff(firsts, append=len(entries))
        text, term = np.divmod(entries[firsts], width)
        return Counts(text, term, times, row.n_texts)


def places_of(stems: Ints, n_stems: int) -> Ints:
    """Invert a selection of stems: the place of each stem in it, -1 for the others.

    Returns
    -------
    ndarray of int, shape (n_stems + 3,)
        Three places more than stems, for the lexicon's negative numbers to find a -1 in.
    """
    places = np.full(n_stems + 3, -1, dtype=np.int64)
    places[stems] = np.arange(len(stems))
    return places


def _class_table(classes: Ints, n_stems: int) -> Ints:
    """The classes of each stem, as `with_classes` takes them."""
    width = int(np.bincount(classes[:, 0]).max()) if len(classes) else 0
    table = np.full((width, n_stems + 3), -1, dtype=np.int64)
    filled = np.zeros(n_stems, dtype=np.int64)
    for stem, its_class in classes.tolist():
        table[filled[stem], stem] = its_class
        filled[stem] += 1
    return table


def weigh(counts: Counts, idf: Floats) -> Floats:
    """Weigh counted terms: sublinear term frequency, inverse document frequency, length 1 for each text.

    Parameters
    ----------
    counts : Counts
    idf : ndarray of float, shape (n_terms,)

    Returns
    -------
    ndarray of float, shape (n_entries,)
        One weight for each entry of `counts`.
    """
    weights = (1.0 + np.log(counts.times)) * idf[counts.term]
    lengths = np.sqrt(np.bincount(counts.text, weights * weights, minlength=counts.n_texts))
    lengths[lengths == 0] = 1.0
    return weights / lengths[counts.text]


def packed(idf: Floats, coef: NDArray[np.floating[Any]]) -> NDArray[np.void]:
    """Lay what a term weighs side by side, in few bytes: scoring mostly waits for the memory.

    Parameters
    ----------
    idf : ndarray of float, shape (n_terms,)
    coef : ndarray of float, shape (n_terms, n_labels)

    Returns
    -------
    ndarray, shape (n_terms,)
        Fields ``idf`` (float32) and ``coef`` (float16, a label each), as precise as a model's folder.
    """
    rows = np.empty(len(idf), dtype=[("idf", "=f4"), ("coef", "=f2", (coef.shape[1],))])
    rows["idf"], rows["coef"] = idf, coef
    return rows


def score(counts: Counts, idf: Floats, coef: NDArray[np.floating[Any]], intercept: Floats) -> Floats:
    """Score counted texts for every label.

    Parameters
    ----------
    counts : Counts
    idf : ndarray of float, shape (n_terms,)
    coef : ndarray of float, shape (n_terms, n_labels)
    intercept : ndarray of float, shape (n_labels,)

    Returns
    -------
    ndarray of float, shape (n_texts, n_labels)
    """
    contributions = weigh(counts, idf)[:, None] * coef[counts.term]
    scores = np.tile(np.asarray(intercept, dtype=np.float64), (counts.n_texts, 1))
    starts = np.flatnonzero(np.diff(counts.text, prepend=-1))
    if len(starts):
        scores[counts.text[starts]] += np.add.reduceat(contributions, starts, axis=0)
    return scores


def expit(log_odds: Floats) -> Floats:
    """Turn log-odds into probabilities, without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * log_odds))
