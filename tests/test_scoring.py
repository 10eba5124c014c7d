from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otclass.scoring import Terms, _HashTable, packed, score, weigh
from otclass.text import SENTENCE_END, Lexicon, stem_of, tokenize

STEMS = ["grief", "loss", "opioid", "social", "[drug]"]
LEXICON = Lexicon(STEMS)


def some_terms() -> Terms:
    return Terms(
        STEMS,
        np.array([0, 1, 2, 4]),
        np.array([[0, 1], [2, 3]]),
        np.array([[0, 2], [2, 3], [0, 4]]),
        np.array([[2, 4]]),
    )


def by_name(terms: Terms, tokens: list[bytes]) -> dict[str, int]:
    counts = terms.count([tokens])
    names = terms.names()
    return {
        names[term]: times for term, times in zip(counts.term.tolist(), counts.times.tolist(), strict=True)
    }


def slowly(tokens: list[bytes]) -> dict[str, int]:
    """What `Terms.count` is meant to do, spelled out for the terms above."""
    found: Counter[str] = Counter()
    sentences: list[list[str]] = [[]]
    for token in tokens:
        if token == SENTENCE_END:
            sentences.append([])
        elif token not in (b"the", b"x"):
            sentences[-1].append(token.decode())
    for sentence in sentences:
        classes = ["[drug]"] * sentence.count("opioid")
        found.update(word for word in sentence + classes if word in ("grief", "loss", "opioid", "[drug]"))
        found.update(
            f"{a} {b}" for a, b in pairwise(sentence) if (a, b) in (("grief", "loss"), ("opioid", "social"))
        )
        pairs = {("grief", "opioid"), ("opioid", "social"), ("grief", "[drug]")}
        inside = set(sentence + classes)
        found.update(f"{a} & {b}" for a, b in combinations(STEMS, 2) if (a, b) in pairs and {a, b} <= inside)
    return dict(found)


def test_terms_have_names():
    assert some_terms().names()[3:] == [
        "[drug]", "grief loss", "opioid social", "grief & opioid", "opioid & social", "grief & [drug]",
    ]  # fmt: skip


def test_counts_of_a_text():
    tokens = [b"grief", b"the", b"loss", SENTENCE_END, b"social", b"opioid", b"grief"]
    assert by_name(some_terms(), tokens) == {
        "grief": 2, "loss": 1, "opioid": 1, "[drug]": 1, "grief loss": 1,
        "grief & opioid": 1, "opioid & social": 1, "grief & [drug]": 1,
    }  # fmt: skip


def test_an_unknown_word_parts_a_bigram():
    assert "grief loss" not in by_name(some_terms(), [b"grief", b"qqq", b"loss"])
    assert "grief loss" not in by_name(some_terms(), [b"grief", SENTENCE_END, b"loss"])


@given(
    st.lists(
        st.sampled_from([b"grief", b"loss", b"opioid", b"social", b"qqq", b"the", SENTENCE_END]), max_size=40
    )
)
def test_counting_in_bulk_is_counting_one_by_one(tokens):
    assert by_name(some_terms(), tokens) == slowly(tokens)


@given(
    st.lists(
        st.lists(st.sampled_from([b"grief", b"opioid", b"social", SENTENCE_END]), max_size=12), max_size=6
    )
)
def test_texts_do_not_touch_each_other(texts):
    terms = some_terms()
    together = terms.count(texts)
    for place, tokens in enumerate(texts):
        here = together.text == place
        alone = terms.count([tokens])
        assert together.term[here].tolist() == alone.term.tolist()
        assert together.times[here].tolist() == alone.times.tolist()


def test_a_text_has_length_one():
    counts = some_terms().count([[b"grief", b"loss"], [b"opioid"], []])
    weights = weigh(counts, np.linspace(1, 2, len(some_terms())))
    lengths = np.bincount(counts.text, weights**2, minlength=3)
    assert lengths == pytest.approx([1, 1, 0])


def test_a_text_without_a_term_scores_the_intercept():
    terms = some_terms()
    coef = np.ones((len(terms), 2), dtype=np.float32)
    scores = score(terms.count([[], [b"qqq"], [b"grief"]]), np.ones(len(terms)), coef, np.array([-1.0, 3.0]))
    assert scores.tolist() == [[-1, 3], [-1, 3], [0, 4]]
    assert score(terms.count([]), np.ones(len(terms)), coef, np.zeros(2)).shape == (0, 2)


def test_a_subset_counts_the_same_terms():
    terms = some_terms()
    kept = np.array([True, False, False, True, False, True, False, True, True])
    smaller = terms.subset(kept)
    names = [name for name, is_kept in zip(terms.names(), kept, strict=True) if is_kept]
    assert smaller.names() == names
    tokens = [b"grief", b"opioid", b"social", b"loss"]
    expected = {name: times for name, times in by_name(terms, tokens).items() if name in names}
    assert by_name(smaller, tokens) == expected


@given(st.sets(st.integers(0, 2**40), max_size=200), st.lists(st.integers(0, 2**40), max_size=50))
def test_a_hash_table_finds_what_is_there_and_nothing_else(keys, others):
    keys_ = np.array(sorted(keys), dtype=np.int64)
    asked = np.array([*sorted(keys), *others], dtype=np.int64)
    place = {key: number for number, key in enumerate(sorted(keys))}
    assert _HashTable(keys_).find(asked).tolist() == [place.get(key, -1) for key in asked.tolist()]


@pytest.fixture(scope="module")
def model_terms() -> Terms:
    from otclass import Tagger

    return Tagger.default().model.terms


PIECES = st.sampled_from(
    [
        *("oxytocin (OT) ", "OT", "OTs", "(OT; ", "hypothalamic-pituitary-adrenal (HPA) axis", "HPA"),
        *(" ", ". ", ".", "? ", "; ", "\n", "'", "\x01", "-", "0.5"),
        *("grief", "Opioid", "the ", "stress", "naloxone ", "qqqq ", "β", "couple's "),
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join)))
def test_the_compiled_counter_counts_the_same(model_terms, text):
    pytest.importorskip("otclass._compiled")
    fast, slow = model_terms.count_texts([text, text]), model_terms.count([tokenize(text)] * 2)
    for ours, theirs in zip(fast[:3], slow[:3], strict=True):
        assert ours.tolist() == theirs.tolist()


@given(st.lists(st.lists(PIECES, max_size=40).map("".join), max_size=4))
def test_the_compiled_counter_scores_the_same(texts):
    from otclass import Tagger

    model = Tagger.default().model
    pytest.importorskip("otclass._compiled")
    slow = score(model.terms.count(map(tokenize, texts)), model.idf, model.coef, model.intercept)
    assert model.score(texts) == pytest.approx(slow, abs=1e-9)


def test_words_met_for_the_first_time_count_the_same(model_terms):
    stems = model_terms.lexicon.stems
    bigrams = [[stems[first], stems[second]] for first, second in model_terms.bigrams.tolist()]
    kept = [bigram for bigram in bigrams if all(stem_of(stem.encode()) == stem for stem in bigram)]
    text = ". ".join(" of the ".join(bigram) for bigram in kept[:200])
    new = model_terms.subset(np.ones(len(model_terms), dtype=bool))
    first, second = new.count_texts([text]), new.count_texts([text])
    slow = new.count([tokenize(text)])
    for ours, again, theirs in zip(first[:3], second[:3], slow[:3], strict=True):
        assert ours.tolist() == again.tolist() == theirs.tolist()


def test_more_pairs_than_are_kept_at_once_count_the_same(model_terms):
    stems = [model_terms.lexicon.stems[stem] for stem in model_terms.key_stems.tolist()]
    words = " ".join(stem for stem in stems if stem_of(stem.encode()) == stem)
    text = f"{words}. {words} {words}. Grief and {words}"
    fast, slow = model_terms.count_texts([text, "Grief."]), model_terms.count(map(tokenize, [text, "Grief."]))
    for ours, theirs in zip(fast[:3], slow[:3], strict=True):
        assert ours.tolist() == theirs.tolist()


def test_terms_without_weight_weigh_nothing():
    terms = some_terms()
    coef = np.ones((len(terms), 2), dtype=np.float16)
    nothing, intercept = np.zeros(len(terms)), np.array([-1, 3])
    assert score(terms.count([[b"grief"]]), nothing, coef, intercept).tolist() == [[-1, 3]]
    assert terms.score_texts(["grief"], packed(nothing, coef), intercept).tolist() == [[-1, 3]]


def test_without_the_compiled_counter_python_counts(model_terms):
    terms = model_terms.subset(np.ones(len(model_terms), dtype=bool))
    terms._idle.append(None)
    text = "Grief and oxytocin (OT). OT and loss."
    assert terms.count_texts([text]).term.tolist() == model_terms.count_texts([text]).term.tolist()


def counter_of(number_of):
    nothing = np.full(4, -1, dtype=np.int64).tobytes()
    return pytest.importorskip("otclass._compiled").Counter(number_of, nothing, nothing, b"", b"", b"", 0)


def test_the_compiled_counter_forgets_words_when_full():
    asked = []
    many = b" ".join(b"w%d" % i for i in range(70_000))
    counter = counter_of(lambda word: asked.append(word) or -2)
    for _ in range(2):
        assert counter.count([many]) == b""
    assert 70_000 < len(asked) <= 140_000


def test_the_compiled_counter_passes_errors_on():
    with pytest.raises(ZeroDivisionError):
        counter_of(lambda word: len(word) // 0).count([b"x"])
    with pytest.raises(ValueError, match="none of"):
        counter_of(lambda word: len(word) + 6).count([b"x"])
    with pytest.raises(TypeError):
        counter_of(len).count(["x"])


def test_a_compiled_counter_serves_one_thread_at_a_time():
    def number_of(word):
        counter.count([word])

    counter = counter_of(number_of)
    with pytest.raises(RuntimeError, match="one thread at a time"):
        counter.count([b"x"])


def test_threads_get_counters_of_their_own():
    from concurrent.futures import ThreadPoolExecutor

    from otclass import Tagger

    model = Tagger.default().model
    terms = model.terms.subset(np.ones(len(model.terms), dtype=bool))
    texts = [f"Grief number{i} and oxytocin (OT). OT x{i} and loss of touch." for i in range(2000)]
    expected = terms.count_texts(texts)
    with ThreadPoolExecutor(8) as pool:
        for counts in pool.map(terms.count_texts, [texts] * 16):
            assert all(np.array_equal(ours, its) for ours, its in zip(counts[:3], expected[:3], strict=True))
