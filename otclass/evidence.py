"""Which words and sentences carried a tag, exactly; text, HTML and JSON views of it.

A linear model's score is a sum: the intercept, plus for each term of the text its weight times its
coefficient. An explanation gives the summands, and where in the text each term stands: tokens are placed in
the cleaned text, and from there in the text as it was given.
"""

import html
import math
import re
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import cycle, islice, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from otclass.cleaning import clean_with_offsets
from otclass.domains import DOMAINS
from otclass.modelfile import Model
from otclass.scoring import Counts, Floats, Ints, Terms, score, weigh
from otclass.text import SENTENCE_END, Lexicon, abbreviations, fold, spell_out, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Color(NamedTuple):
    """A domain's colour, and the line that tells it from others without colour.

    Attributes
    ----------
    rgb : tuple of int
    line : str
        A CSS border style.
    ansi : int
        The nearest of a terminal's 256 colours that is legible on black and on white.
    """

    rgb: tuple[int, int, int]
    line: str
    ansi: int


COLORS: tuple[Color, ...] = (
    Color((230, 159, 0), "solid", 172),
    Color((86, 180, 233), "dashed", 74),
    Color((0, 158, 115), "dotted", 36),
    Color((240, 228, 66), "double", 142),
    Color((0, 114, 178), "solid", 32),
    Color((213, 94, 0), "dashed", 166),
    Color((204, 121, 167), "dotted", 175),
)
"""The colour-blind safe palette of M. Okabe and K. Ito, "Color universal design", 2008; a domain each, in the
model's order. Text keeps the page's own colour, on a tint that shows on white and on black."""

_NAMES = {domain.key: domain.name for domain in DOMAINS}
_CANDIDATES = 40
_MISSING = 8
_IN_VIEW = 8
_SENTENCES_IN_VIEW = 3
# Of the strongest place's contribution; what carried less is not marked.
_FAINTEST = 0.12
_LEVELS = 3
_ENTITY = re.compile(r"&(?:amp;)*#?\w+;?")
_WORD = re.compile(rb"[A-Za-z0-9](?:[A-Za-z0-9']*[A-Za-z0-9])?")
_CONTROL = dict.fromkeys([*range(9), *range(14, 32), *range(127, 160), *range(0x202A, 0x202F)], "\ufffd")
_WHITESPACE = dict.fromkeys([9, 10, 11, 12, 13, 0x2028, 0x2029], " ")


class Span(NamedTuple):
    """A stretch of a text, from character `start` up to `end`."""

    start: int
    end: int


class Token(NamedTuple):
    """A word and where it stands.

    Attributes
    ----------
    word : bytes
        As `otclass.text.tokenize` gives it.
    span : Span
        In the text; for a word of a spelled-out abbreviation that of the short form; empty for a sentence
        end.
    """

    word: bytes
    span: Span


class TermEvidence(NamedTuple):
    """What one term of the text added to a domain's score.

    Attributes
    ----------
    term : str
        As the model names it: "grief", "social touch", "opioid & social", "[opioid]".
    words : tuple of str
        As it stands in the text, each way of writing once.
    contribution : float
        In log-odds: weight times coefficient. Negative if the term spoke against the domain.
    weight : float
        TF-IDF weight in the text, between 0 and 1.
    coefficient : float
        Log-odds for a weight of 1.
    occurrences : tuple of tuple of Span
        Where it stands in the original text: one span a word; for a bigram one from its first to its last
        word; for a pair one for each of its words in a sentence.
    """

    term: str
    words: tuple[str, ...]
    contribution: float
    weight: float
    coefficient: float
    occurrences: tuple[tuple[Span, ...], ...]


class SentenceEvidence(NamedTuple):
    """What one sentence added to a domain's score: the share of its occurrences in each term's contribution.

    Attributes
    ----------
    span : Span
        In the original text.
    text : str
        The sentence, cleaned.
    contribution : float
        In log-odds.
    """

    span: Span
    text: str
    contribution: float


class MissingTerm(NamedTuple):
    """A strong term of a domain that the text lacks.

    Attributes
    ----------
    term : str
    gain : float
        What the score would rise by, in log-odds, if the term alone stood in the text once.
    suffices : bool
        Whether that would reach the threshold.
    """

    term: str
    gain: float
    suffices: bool


def explain(
    model: Model, fields: Sequence[str], probabilities: Mapping[str, float], thresholds: Mapping[str, float]
) -> "Explanation":
    """Explain the tags of one text; `Tagger.explain` is the way to call it.

    Parameters
    ----------
    model : Model
    fields : sequence of str
        The text; or title and abstract, which are cleaned apart.
    probabilities, thresholds : mapping of str to float
        Of each domain.

    Returns
    -------
    Explanation
    """
    return Explanation(_Reading(model, fields), probabilities, thresholds)


class Explanation:
    """Why one text got its tags.

    Attributes
    ----------
    source : str
        The original text that spans refer to; of a title and an abstract, the two with a line break between.
    domains : dict of str to DomainEvidence
        By key, the most probable first.
    tags : tuple of str
        Keys of the domains given, the most probable first.
    review : tuple of str
        Keys of the domains that a person should look at, the most probable first.

    Examples
    --------
    >>> from otclass import Tagger
    >>> explanation = Tagger.default().explain("Grief after the loss of a child. Bereaved parents took part.")
    >>> grief = explanation.domains["grief"]
    >>> grief.terms[0].term
    'grief'
    >>> grief.terms[0].occurrences
    ((Span(start=0, end=5),),)
    >>> abs(grief.intercept + sum(term.contribution for term in grief.terms) - grief.score) < 1e-9
    True
    """

    def __init__(
        self, reading: "_Reading", probabilities: Mapping[str, float], thresholds: Mapping[str, float]
    ) -> None:
        self._reading = reading
        self.source = reading.source
        colors = dict(zip(probabilities, cycle(COLORS), strict=False))
        order = sorted(probabilities, key=probabilities.__getitem__, reverse=True)
        self.domains = {
            key: DomainEvidence(reading, key, colors[key], probabilities[key], thresholds[key])
            for key in order
        }
        self.tags = tuple(key for key, domain in self.domains.items() if domain.tagged)
        self.review = tuple(key for key, domain in self.domains.items() if domain.in_review)

    def to_dict(self) -> dict[str, Any]:
        """Give everything as plain values that `json.dumps` takes.

        Returns
        -------
        dict
            ``text``, ``tags``, ``review``; ``terms``, in the model's order, each with its contribution to
            every domain; ``domains``, the most probable first, each with its sentences, ranked. Spans are
            ``[start, end]`` in ``text``.
        """
        reading, domains = self._reading, self.domains.values()
        contributions = np.column_stack([domain.contributions for domain in domains]).tolist()
        return {
            "text": self.source,
            "tags": list(self.tags),
            "review": list(self.review),
            "terms": [
                {
                    "term": reading.names[term],
                    "words": list(reading.forms(entry)),
                    "weight": weight,
                    "occurrences": [[list(span) for span in spans] for spans in reading.occurrences(entry)],
                    "contributions": dict(zip(self.domains, contributions[entry], strict=True)),
                }
                for entry, (term, weight) in enumerate(
                    zip(reading.counts.term.tolist(), reading.weights.tolist(), strict=True)
                )
            ],
            "domains": [domain.to_dict() for domain in domains],
        }

    def text(self, *, color: bool = True, width: int = 80) -> str:
        """Write the evidence for a terminal: given and uncertain domains in full, the others in a line.

        Parameters
        ----------
        color : bool, default True
            Whether to colour, with ANSI escape codes, what carried a domain.
        width : int, default 80
            Columns of the terminal, at least 40.

        Returns
        -------
        str
            Lines, without a line break at the end. Control characters of the text are replaced, so that it
            cannot steer the terminal.
        """
        width = max(40, width)
        shown = self._in_view()
        lines: list[str] = []
        for domain in shown:
            lines += [*_terminal_lines(domain, self._reading, color, width), ""]
        others = [f"{_safe(d.name)} {d.probability:.2f}" for d in self.domains.values() if d not in shown]
        if others:
            lines += textwrap.wrap("Others: " + ", ".join(others), width)
        return "\n".join(lines).rstrip("\n")

    def __repr__(self) -> str:
        return self.text(color=False)

    def _repr_html_(self) -> str:
        """Show the text with its evidence in a notebook: no script, one colour and line a domain."""
        shown = self._in_view()
        parts = [
            '<div lang="en" style="max-width:60em;line-height:1.6;color:inherit">',
            f'<p role="list" aria-label="Domains">{" ".join(map(_html_label, shown))}</p>',
            f"<p>{self._marked_text(shown)}</p>",
            *(_html_details(domain, self._reading) for domain in shown),
        ]
        others = [
            f"{html.escape(d.name)} {d.probability:.2f}" for d in self.domains.values() if d not in shown
        ]
        if others:
            parts.append(f"<p><small>Others: {', '.join(others)}</small></p>")
        return "\n".join([*parts, "</div>"])

    def _in_view(self) -> list["DomainEvidence"]:
        """The domains given or in review; of none, the most probable."""
        domains = list(self.domains.values())
        return [domain for domain in domains if domain.tagged or domain.in_review] or domains[:1]

    def _marked_text(self, shown: list["DomainEvidence"]) -> str:
        """The cleaned text, each place in the colour of the domain that it carried most."""
        reading = self._reading
        levels = np.array([domain.levels for domain in shown]).reshape(len(shown), len(reading.cleaned))
        heat = np.array([domain.heat for domain in shown]).reshape(levels.shape)
        strongest = np.where(levels > 0, heat, 0).argmax(axis=0)
        level = levels[strongest, np.arange(levels.shape[1])] if len(shown) else levels.sum(axis=0)

        def marked(text: str, mark: int) -> str:
            domain = shown[mark // (_LEVELS + 1)]
            return _html_mark(domain, text, mark % (_LEVELS + 1))

        marks = np.where(level > 0, strongest * (_LEVELS + 1) + level, 0)
        return _render(reading.cleaned, Span(0, len(reading.cleaned)), marks, html.escape, marked).replace(
            "\n", "<br>\n"
        )


class DomainEvidence:
    """Why a text got one domain, or not.

    Attributes
    ----------
    domain : str
        Key.
    name : str
        Name for people.
    color : Color
    probability, threshold : float
        Between 0 and 1.
    review_band : tuple of float
        Lower and upper end of the probabilities at which a person should look.
    score : float
        Log-odds: the intercept and all contributions.
    intercept : float
        Log-odds of a text without any known term.
    tagged, in_review : bool
    contributions : ndarray of float
        Log-odds, of the text's terms in the model's order.
    margin : float
        Log-odds from the threshold to the probability, negative below it; infinite for a threshold of 0 or 1.
    """

    def __init__(
        self, reading: "_Reading", domain: str, color: Color, probability: float, threshold: float
    ) -> None:
        model = reading.model
        self._reading = reading
        self._column = model.labels.index(domain)
        self.contributions: Floats = reading.weights * model.coef[reading.counts.term, self._column]
        self.domain, self.name, self.color = domain, _NAMES.get(domain, domain), color
        self.probability, self.threshold = probability, threshold
        low, high = model.review[self._column].tolist()
        self.review_band = (low, high)
        self.intercept = float(model.intercept[self._column])
        self.score = self.intercept + float(self.contributions.sum())
        self.tagged: bool = probability >= threshold
        self.in_review: bool = low <= probability <= high
        self.margin = self.score - _log_odds(threshold)

    @cached_property
    def terms(self) -> tuple[TermEvidence, ...]:
        """Every known term of the text, the strongest for the domain first, the strongest against it last."""
        reading = self._reading
        coef = reading.model.coef[:, self._column]
        contributions, weights = self.contributions.tolist(), reading.weights.tolist()
        coefficients, terms = coef[reading.counts.term].tolist(), reading.counts.term.tolist()
        return tuple(
            TermEvidence(
                reading.names[terms[entry]],
                reading.forms(entry),
                contributions[entry],
                weights[entry],
                coefficients[entry],
                reading.occurrences(entry),
            )
            for entry in np.argsort(-self.contributions, kind="stable").tolist()
        )

    @property
    def supporting(self) -> tuple[TermEvidence, ...]:
        """The terms that spoke for the domain, the strongest first."""
        return tuple(term for term in self.terms if term.contribution > 0)

    @property
    def opposing(self) -> tuple[TermEvidence, ...]:
        """The terms that spoke against the domain, the strongest first."""
        return tuple(term for term in reversed(self.terms) if term.contribution < 0)

    @cached_property
    def sentences(self) -> tuple[SentenceEvidence, ...]:
        """Every sentence, that which carried most first; with the intercept they sum to the score."""
        return tuple(
            SentenceEvidence(self._reading.original(span), self._reading.form(span), carried)
            for span, carried in self._carried
        )

    @cached_property
    def missing(self) -> tuple[MissingTerm, ...]:
        """Strong terms of the domain that the text lacks, by what they would add; empty if it is tagged."""
        if self.tagged:
            return ()
        reading = self._reading
        model, counts = reading.model, reading.counts
        strongest = _ranking(model)[:_CANDIDATES, self._column]
        absent = strongest[~np.isin(strongest, counts.term)]
        absent = absent[model.coef[absent, self._column] > 0]
        # The text once for each absent term, with this term added: scored like any text.
        n, size = len(absent), len(counts.term)
        added = Counts(
            np.repeat(np.arange(n), size + 1),
            np.column_stack([np.tile(counts.term, (n, 1)), absent]).ravel(),
            np.column_stack([np.tile(counts.times, (n, 1)), np.ones(n, dtype=np.int64)]).ravel(),
            n,
        )
        gains = score(added, model.idf, model.coef, model.intercept)[:, self._column] - self.score
        found = [
            MissingTerm(reading.names[term], gain, gain + self.margin >= 0)
            for term, gain in zip(absent.tolist(), gains.tolist(), strict=True)
            if gain > 0
        ]
        return tuple(sorted(found, key=lambda missing: -missing.gain)[:_MISSING])

    @property
    def reason(self) -> str:
        """The decision in a sentence or two, for people."""
        cut = f"probability {self.probability:.2f}, threshold {self.threshold:.2f}"
        distance = f"{abs(self.margin):.1f} log-odds {'over' if self.margin >= 0 else 'short of'} it"
        said = f"{'Given' if self.tagged else 'Not given'}: {cut}, {distance}."
        if self.in_review:
            low, high = self.review_band
            for_it = sum(term.contribution for term in self.supporting)
            against = -sum(term.contribution for term in self.opposing)
            said += (
                f" Worth a look: between {low:.2f} and {high:.2f} the model is often mistaken."
                f" Here terms for it weigh {for_it:.1f}, terms against it {against:.1f},"
                f" and a text starts at {self.intercept:.1f}."
            )
        if not self.tagged:
            enough = [missing.term for missing in self.missing if missing.suffices][:3]
            if enough:
                said += f" Any one of these would have reached it: {', '.join(enough)}."
            elif self.missing:
                said += " No single further term would have reached it."
        return said

    def to_dict(self) -> dict[str, Any]:
        """Give all but the terms as plain values, spans as ``[start, end]``; an infinite margin is None."""
        return {
            "domain": self.domain,
            "name": self.name,
            "tagged": self.tagged,
            "in_review": self.in_review,
            "probability": self.probability,
            "threshold": self.threshold,
            "review_band": list(self.review_band),
            "score": self.score,
            "intercept": self.intercept,
            "margin": self.margin if math.isfinite(self.margin) else None,
            "reason": self.reason,
            "sentences": [sentence._asdict() | {"span": list(sentence.span)} for sentence in self.sentences],
            "missing": [missing._asdict() for missing in self.missing],
        }

    @cached_property
    def _carried(self) -> list[tuple[Span, float]]:
        """Sentences in the cleaned text and what they carried, most first."""
        reading = self._reading
        carried = [0.0] * len(reading.sentences)
        for places, contribution in zip(reading.places, self.contributions.tolist(), strict=True):
            for place in places:
                carried[place.sentence] += contribution / len(places)
        ranked = sorted(zip(reading.sentences, carried, strict=True), key=lambda found: -found[1])
        return [(span, value) for span, value in ranked]

    @cached_property
    def heat(self) -> Floats:
        """What each character of the cleaned text carried, the shares of all terms upon it added up."""
        heat = np.zeros(len(self._reading.cleaned))
        for places, contribution in zip(self._reading.places, self.contributions.tolist(), strict=True):
            for place in places:
                for start, end in place.spans:
                    heat[start:end] += contribution / (len(places) * len(place.spans))
        return heat

    @cached_property
    def levels(self) -> Ints:
        """How strongly to mark each character of the cleaned text, from 0 (not) to 3."""
        most = self.heat.max(initial=0.0)
        if most <= 0:
            return np.zeros(len(self.heat), dtype=np.int64)
        share = self.heat / most
        return np.where(share < _FAINTEST, 0, np.ceil(share * _LEVELS)).astype(np.int64).clip(0, _LEVELS)


# --- Where terms stand --------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """One occurrence of a term: its sentence's number, and its spans in the cleaned text."""

    sentence: int
    spans: tuple[Span, ...]


class _Reading:
    """One text as the model read it: its terms, their weights and places. All domains share it."""

    def __init__(self, model: Model, fields: Sequence[str]) -> None:
        self.model = model
        self.source = "\n".join(fields)
        parts = [clean_with_offsets(field) for field in fields]
        self.cleaned = "\n".join(cleaned for cleaned, _ in parts)
        starts = np.cumsum([0, *(len(field) + 1 for field in fields)])
        offsets = [offset + start for (_, offset), start in zip(parts, starts.tolist(), strict=False)]
        self._offsets: list[int] = np.concatenate(offsets).tolist()
        tokens = place_tokens(self.cleaned)
        self.names = _names(model.terms)
        self.counts = model.terms.count([[token.word for token in tokens]])
        self.weights = weigh(self.counts, model.idf)
        self.sentences, sentence_of = _sentences(self.cleaned, tokens)
        self.places = _places(model.terms, self.counts.term, tokens, sentence_of)
        self._occurrences: dict[int, tuple[tuple[Span, ...], ...]] = {}
        self._forms: dict[int, tuple[str, ...]] = {}

    def occurrences(self, entry: int) -> tuple[tuple[Span, ...], ...]:
        """Where a term of `counts` stands in the original text."""
        if entry not in self._occurrences:
            places = self.places[entry]
            self._occurrences[entry] = tuple(tuple(map(self.original, place.spans)) for place in places)
        return self._occurrences[entry]

    def forms(self, entry: int) -> tuple[str, ...]:
        """How a term of `counts` is written in the cleaned text, without regard to case."""
        if entry not in self._forms:
            written = (" … ".join(map(self.form, place.spans)) for place in self.places[entry])
            self._forms[entry] = tuple({form.lower(): form for form in written}.values())
        return self._forms[entry]

    def form(self, span: Span) -> str:
        """What stands at a span of the cleaned text, on one line."""
        return " ".join(self.cleaned[span.start : span.end].split())

    def original(self, span: Span) -> Span:
        """Give where a span of the cleaned text, not empty, stands in the original."""
        start, last = self._offsets[span.start], self._offsets[span.end - 1]
        end = last + 1
        if self.cleaned[span.end - 1] != self.source[last]:
            entity = _ENTITY.match(self.source, last, max(end, self._offsets[span.end]))
            end = entity.end() if entity else end
        return Span(start, end)


def place_tokens(text: str) -> list[Token]:
    """Tokenize a text, keeping where each token stands.

    Parameters
    ----------
    text : str
        Cleaned already.

    Returns
    -------
    list of Token
        Their words are those of `otclass.text.tokenize`.

    Examples
    --------
    >>> place_tokens("β-blockers. Yes")[:2]
    [Token(word=b'beta', span=Span(start=0, end=1)), Token(word=b'blockers', span=Span(start=2, end=10))]
    """
    folded = fold(text)
    origin = _origins(text)
    matches = _WORD.finditer(folded)
    tokens = words(folded)
    spans: list[Span] = []
    end = 0
    for token in tokens:
        if token == SENTENCE_END:
            spans.append(Span(end, end))
            continue
        match = next(matches)
        start, stop = origin[match.start()], match.end()
        end = max(origin[stop - 1] + 1, origin[stop])
        spans.append(Span(start, end))
    long_forms = abbreviations(folded)
    times = [len(long_forms.get(token, ".")) for token in tokens]
    spans = [span for span, n in zip(spans, times, strict=True) for _ in range(n)]
    spell_out(tokens, long_forms)
    return [Token(word, span) for word, span in zip(tokens, spans, strict=True)]


def _origins(text: str) -> list[int]:
    """Which character of a text each byte of its folding came from; at the end the text's length."""
    sizes = np.ones(len(text), dtype=np.int64)
    for place, character in enumerate(text):
        if not character.isascii():
            # How a micro sign is written depends on the unit behind it, of at most three letters.
            behind = text[place + 1 : place + 5]
            sizes[place] = len(fold(character + behind)) - len(fold(behind))
    return [*np.repeat(np.arange(len(text)), sizes).tolist(), len(text)]


def _sentences(cleaned: str, tokens: list[Token]) -> tuple[list[Span], list[int]]:
    """The sentences that hold words, with what touches their words, and each token's sentence."""
    extents: list[Span] = []
    sentence_of: list[int] = []
    ended = True
    for word, span in tokens:
        if word == SENTENCE_END:
            ended = True
        elif ended:
            extents.append(span)
            ended = False
        else:
            extents[-1] = Span(extents[-1].start, span.end)
        sentence_of.append(len(extents) - 1)
    sentences: list[Span] = []
    before = 0
    for number, (start, end) in enumerate(extents):
        while start > before and not cleaned[start - 1].isspace():
            start -= 1
        after = extents[number + 1].start if number + 1 < len(extents) else len(cleaned)
        while end < after and not cleaned[end].isspace():
            end += 1
        sentences.append(Span(start, end))
        before = end
    return sentences, sentence_of


def _places(terms: Terms, found: Ints, tokens: list[Token], sentence_of: list[int]) -> list[list[_Place]]:
    """Where each of the terms found stands, as often as `Terms.count` counted it."""
    stem_places: dict[int, list[int]] = defaultdict(list)
    by_sentence: dict[int, dict[int, list[Span]]] = defaultdict(lambda: defaultdict(list))
    neighbours: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    previous, previous_at = Lexicon.END, 0
    numbers = list(terms.lexicon.numbers(token.word for token in tokens))
    classes_at = terms.class_of[:, numbers].T.tolist()
    for at, number in enumerate(numbers):
        if number == Lexicon.IGNORED:
            continue
        if number >= 0:
            for stem in (number, *(its_class for its_class in classes_at[at] if its_class >= 0)):
                stem_places[stem].append(at)
                by_sentence[stem][sentence_of[at]].append(tokens[at].span)
            if previous >= 0:
                neighbours[previous, number].append((previous_at, at))
        previous, previous_at = number, at

    n_unigrams, n_bigrams = len(terms.unigrams), len(terms.bigrams)
    places: list[list[_Place]] = []
    for term in found.tolist():
        if term < n_unigrams:
            at_places = stem_places[int(terms.unigrams[term])]
            places.append([_Place(sentence_of[at], (tokens[at].span,)) for at in at_places])
        elif term < n_unigrams + n_bigrams:
            first, second = terms.bigrams[term - n_unigrams].tolist()
            places.append(
                [
                    _Place(sentence_of[one], (Span(tokens[one].span.start, tokens[other].span.end),))
                    for one, other in neighbours[first, second]
                ]
            )
        else:
            first, second = terms.pairs[term - n_unigrams - n_bigrams].tolist()
            one, other = by_sentence[first], by_sentence[second]
            together = sorted(one.keys() & other.keys())
            places.append([_Place(s, tuple(sorted({*one[s], *other[s]}))) for s in together])
    return places


# --- What a domain means to the model -----------------------------------------------------------------------


@lru_cache(4)
def _names(terms: Terms) -> list[str]:
    return terms.names()


@lru_cache(4)
def importance(model: Model) -> Floats:
    """Give what each term carries for each label across the literature.

    The root mean square of the term's contribution over texts: coefficient times idf, times the square root
    of the share of texts that hold the term, as if once each. That share is read off the idf,
    ``exp(1 - idf)``; for bigrams and pairs of a model that gives them less weight than single stems it comes
    out too high. Without the division by the length of each text's vector the unit is arbitrary.

    Parameters
    ----------
    model : Model

    Returns
    -------
    ndarray of float, shape (n_terms, n_labels)
        Positive for the label, negative against it.
    """
    return np.asarray(model.coef * (model.idf * np.exp((1.0 - model.idf) / 2.0))[:, None], dtype=np.float64)


@lru_cache(4)
def _ranking(model: Model) -> Ints:
    """Terms by importance for each label, the strongest first."""
    return np.argsort(-importance(model), axis=0, kind="stable")


def strongest_terms(model: Model, label: str, n: int = 30) -> list[tuple[str, float]]:
    """List the strongest terms of a label; `Tagger.terms` is the way to call it.

    Parameters
    ----------
    model : Model
    label : str
    n : int, default 30
        How many for the label, and how many against it.

    Returns
    -------
    list of tuple of str and float
        Term and weight (`importance`), the strongest for the label first, the strongest against it last.

    Raises
    ------
    ValueError
        If the model has no such label, or `n` is negative.
    """
    if label not in model.labels:
        raise ValueError(f"the model knows no domain {label!r}; it knows {', '.join(model.labels)}.")
    if n < 0:
        raise ValueError(f"n is {n}; it must be 0 or more.")
    column = model.labels.index(label)
    weights, order = importance(model)[:, column], _ranking(model)[:, column]
    names = _names(model.terms)
    supporting = [term for term in order[:n].tolist() if weights[term] > 0]
    opposing = [term for term in order[max(0, len(order) - n) :].tolist() if weights[term] < 0]
    return [(names[term], float(weights[term])) for term in (*supporting, *opposing)]


def plot_terms(model: Model, label: str, n: int = 15) -> "Axes":
    """Plot the strongest terms of a label as bars; `Tagger.plot_terms` is the way to call it.

    Parameters
    ----------
    model, label, n
        As for `strongest_terms`.

    Returns
    -------
    matplotlib.axes.Axes
        On a figure of its own.
    """
    from matplotlib import pyplot as plt

    terms = strongest_terms(model, label, n)
    _, axes = plt.subplots(figsize=(6.4, 1.2 + 0.2 * len(terms)), layout="constrained")
    blue, orange = (tuple(part / 255 for part in COLORS[place].rgb) for place in (4, 0))
    axes.barh(
        range(len(terms)),
        [weight for _, weight in terms],
        color=[blue if weight > 0 else orange for _, weight in terms],
    )
    # A dollar sign would begin a formula.
    axes.set_yticks(range(len(terms)), [term.replace("$", r"\$") for term, _ in terms], fontsize=8)
    axes.invert_yaxis()
    axes.axvline(0, color="gray", linewidth=0.8)
    axes.set_xlabel("weight across the literature: against (left), for (right)")
    axes.set_title(_NAMES.get(label, label).replace("$", r"\$"))
    axes.spines[["top", "right"]].set_visible(False)
    return axes


# --- Views --------------------------------------------------------------------------------------------------


def _log_odds(probability: float) -> float:
    if not 0 < probability < 1:
        return math.inf if probability >= 1 else -math.inf
    return math.log(probability / (1 - probability))


def _safe(text: str) -> str:
    """Keep a text's characters, one for one, but no line break and nothing that steers a terminal."""
    return text.translate(_WHITESPACE).translate(_CONTROL)


def _render(
    text: str,
    span: Span,
    marks: NDArray[np.int64],
    plain: Callable[[str], str],
    marked: Callable[[str, int], str],
) -> str:
    """Write a span of a text, stretches of one mark other than 0 by `marked`, the rest by `plain`."""
    if span.end <= span.start:
        return ""
    here = marks[span.start : span.end]
    starts = [*np.flatnonzero(np.diff(here, prepend=here[0] - 1)).tolist(), len(here)]
    parts = []
    for start, end in pairwise(starts):
        piece, mark = text[span.start + start : span.start + end], int(here[start])
        parts.append(marked(piece, mark) if mark else plain(piece))
    return "".join(parts)


def _with_words(term: TermEvidence) -> str:
    """A term with how it is written in the text, where that differs."""
    written = [words for words in term.words if words.lower() != term.term][:3]
    return f"{term.term} ({', '.join(written)})" if written else term.term


def _state(domain: DomainEvidence) -> str:
    states = ["given" if domain.tagged else "not given", *(["worth a look"] if domain.in_review else [])]
    return ", ".join(states)


def _terminal_lines(domain: DomainEvidence, reading: _Reading, color: bool, width: int) -> Iterator[str]:
    import click

    def styled(text: str, level: int) -> str:
        if not color:
            return text
        return click.style(text, fg=domain.color.ansi, bold=level > 1 or None, underline=level > 2 or None)

    def listed(head: str, items: Sequence[str]) -> list[str]:
        indent = " " * 11
        text = f"  {head:<9}" + _safe("; ".join(items))
        return textwrap.wrap(text, width, subsequent_indent=indent) if items else []

    title = f"{_safe(domain.name)}  {domain.probability:.2f}"
    yield styled(title, 2) + f"  {_state(domain)}"
    yield from textwrap.wrap(_safe(domain.reason), width, initial_indent="  ", subsequent_indent="  ")
    for head, terms in (("for", domain.supporting), ("against", domain.opposing)):
        yield from listed(head, [f"{_with_words(t)} {t.contribution:+.2f}" for t in terms[:_IN_VIEW]])
    yield from listed("missing", [f"{missing.term} {missing.gain:+.2f}" for missing in domain.missing])
    cleaned = _safe(reading.cleaned)
    for span, carried in islice(domain._carried, _SENTENCES_IN_VIEW):
        if carried <= 0:
            break
        at = span.start
        wrapped = textwrap.wrap(cleaned[span.start : span.end], width - 9, expand_tabs=False)
        for number, line in enumerate(wrapped):
            # Wrapping drops nothing but spaces, so that each line is found where it stands.
            at = cleaned.index(line, at)
            here = Span(at, at + len(line))
            head = f"{carried:+7.2f}  " if number == 0 else " " * 9
            yield head + _render(cleaned, here, domain.levels, str, styled)
            at = here.end


def _html_mark(domain: DomainEvidence, text: str, level: int) -> str:
    red, green, blue = domain.color.rgb
    width = 3 if domain.color.line == "double" else 2
    return (
        f'<mark title="{html.escape(domain.name)}" style="color:inherit;'
        f"background:rgba({red},{green},{blue},{0.12 * level:.2f});"
        f'border-bottom:{width}px {domain.color.line} rgb({red},{green},{blue})">{html.escape(text)}</mark>'
    )


def _html_label(domain: DomainEvidence) -> str:
    mark = _html_mark(domain, f"{domain.name} {domain.probability:.2f}", 2)
    return f'<span role="listitem">{mark} <small>{_state(domain)}</small></span>'


def _html_details(domain: DomainEvidence, reading: _Reading) -> str:
    """One domain's evidence to unfold, in words, so that nothing is told by colour alone."""
    name = html.escape(domain.name)

    def table(head: str, rows: Sequence[tuple[str, float]]) -> str:
        if not rows:
            return ""
        body = "".join(
            f'<tr><th scope="row" style="text-align:left;font-weight:normal">{html.escape(term)}</th>'
            f"<td>{value:+.2f}</td></tr>"
            for term, value in rows
        )
        return (
            '<table style="display:inline-table;vertical-align:top;margin-right:2em;color:inherit">'
            f'<caption style="text-align:left;color:inherit">{head}</caption>'
            f'<thead><tr><th scope="col" style="text-align:left">Term</th><th scope="col">Log-odds</th></tr>'
            f"</thead><tbody>{body}</tbody></table>"
        )

    def marked(text: str, level: int) -> str:
        return _html_mark(domain, text, level)

    tables = [
        table(head, [(_with_words(term), term.contribution) for term in terms[:_IN_VIEW]])
        for head, terms in ((f"For {name}", domain.supporting), (f"Against {name}", domain.opposing))
    ]
    tables.append(table(f"Missing for {name}", [(missing.term, missing.gain) for missing in domain.missing]))
    sentences = "".join(
        f"<li>{carried:+.2f}: {_render(reading.cleaned, span, domain.levels, html.escape, marked)}</li>"
        for span, carried in islice(domain._carried, _SENTENCES_IN_VIEW)
        if carried > 0
    )
    return (
        f"<details><summary>{name}: the evidence</summary>"
        f"<p>{html.escape(domain.reason)}</p>{''.join(tables)}"
        + (f"<p>Sentences that carried it:</p><ol>{sentences}</ol>" if sentences else "")
        + "</details>"
    )
