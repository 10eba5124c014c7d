import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from sklearn.preprocessing import normalize

from otclass.curation import suggest
from otclass.curation.suggest import choose, learn, represent, worth_by_domain
from otclass.labelled import Labelled, read_labelled
from otclass.records import Record
from otclass.tagger import Tagger

GRIEF = "Bereaved widows grieved and mourned their loss."
TOUCH = "Massage and gentle stroking touch of the skin."
NONE = "Renal tubules expressed the receptor in oocytes."


@pytest.fixture
def few(tmp_path) -> Labelled:
    path = tmp_path / "mine.csv"
    rows = [
        (1, GRIEF, "grief"),
        (2, TOUCH, "social_touch"),
        (3, NONE, ""),
        (4, f"{NONE} {TOUCH}", "social_touch"),
    ]
    path.write_text("id,text,domains\n" + "".join(f"{i},{text},{its}\n" for i, text, its in rows))
    return read_labelled(path)


def records(*texts: str) -> list[Record]:
    return [Record(abstract=text) for text in texts]


def test_it_asks_about_what_is_uncertain(few):
    # Alike in length and in likeness to the pool, apart in what is known about them.
    pool = records(
        "Widows grieved and mourned.",
        "Massage and stroking of skin.",
        "Renal tubules expressed oocytes.",
        "Widows mourned; stroking of skin.",
    )
    first = suggest(pool, few, n=1).records[0]
    assert first.place == 3
    assert first.record is pool[3]
    assert 0.1 < first.probability < 0.9


def test_the_reason_names_domain_terms_and_what_is_known(few):
    first = suggest(records("Massage of widows."), few).records[0]
    assert first.asks_about in ("grief", "social_touch")
    assert first.reason.startswith(f"Asks about {first.asks_about} (probability {first.probability:.2f}, ")
    assert f"{few.domains.count(frozenset({first.asks_about}))} labelled so far" in first.reason
    assert "for it: " + ("widows" if first.asks_about == "grief" else "massage") in first.reason


def test_a_batch_does_not_ask_the_same_twice(few):
    pool = records(
        "Massage of widows in mourning.",
        "The widows in mourning: massage.",
        "Gentle loss, stroked by the bereaved oocytes of the skin.",
    )
    # Which of the two alike comes first does not matter; the third record comes between.
    assert suggest(pool, few, n=3).records[1].place == 2


def test_nothing_is_dropped_silently(few):
    pool = [
        Record(),
        Record(abstract=GRIEF.upper()),
        Record(title="A title long enough to be told apart", abstract="Loss."),
        Record(title="A title long enough to be told apart", abstract="Loss of touch."),
        Record(abstract="Another text.", raw={"id": "2"}),
        Record(abstract="Yet another text.", pmid="3"),
    ]
    found = suggest(pool, few)
    assert [one.place for one in found.records] == [2]
    assert found.notes == (
        "Left out 1 record of the pool without title and abstract.",
        "Left out 1 record of the pool that came before.",
        "Left out 3 records of the pool labelled already.",
    )


def test_a_pool_with_nothing_to_label(few):
    assert suggest([Record()], few).records == ()
    assert suggest([], few).notes == ()


def test_domains_that_cannot_be_learned_are_named(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(f"text,grief,therapy\n{GRIEF},1,0\n{NONE},0,0\n")
    found = suggest(records(TOUCH), read_labelled(path))
    assert found.notes == (
        "Nothing is known about therapy yet: a domain needs a labelled text with it and one without it. "
        "Label some by hand, or name a model that knows it.",
    )
    assert [one.asks_about for one in found.records] == ["grief"]


def test_without_labels_and_model_there_is_nothing_to_go_by():
    with pytest.raises(ValueError, match="label a few texts first"):
        suggest(records(GRIEF))


def test_at_least_one_record(few):
    with pytest.raises(ValueError, match="n is 0"):
        suggest(records(GRIEF), few, n=0)


def test_a_tagger_guesses_as_it_tags(fitted, labelled):
    tagger = Tagger(fitted.model_)
    texts = labelled[0][:40]
    found = suggest(records(*texts), n=15, tagger=tagger)
    assert len({one.place for one in found.records}) == 15
    for one in found.records:
        tags = tagger.tag(texts[one.place])
        assert one.guess == tuple(tags)
        assert one.probability == pytest.approx(tags.probabilities[one.asks_about])


def test_rare_domains_weigh_more():
    log_odds = np.tile(np.arange(-5.0, 5.0)[:, None], 2)
    worth = worth_by_domain(log_odds, np.array([0, 99]))
    np.testing.assert_allclose(worth[:, 0], worth[:, 1] * 10)


def test_what_is_worth_most():
    rng = np.random.default_rng(0)
    # One domain the model tells apart; one it denies everywhere.
    log_odds = np.column_stack([rng.normal(0, 4, 2_000), rng.normal(-9, 0.1, 2_000)])
    worth = worth_by_domain(log_odds, np.zeros(2, dtype=np.int64))
    assert log_odds[worth[:, 0].argmax(), 0] == pytest.approx(0, abs=0.05)
    assert worth[:, 0].max() == pytest.approx(np.log(2), abs=1e-3)
    # What a model is sure of is not worth asking, however sure it is of other records.
    assert worth[np.abs(log_odds[:, 0]) > 6, 0].max() < 0.05
    # The denied domain is asked about where it is denied least, but for 1% of the records.
    assert (log_odds[:, 1] > log_odds[worth[:, 1].argmax(), 1]).mean() == pytest.approx(0.01, abs=1e-3)


@given(arrays(np.float64, (5, 2), elements=st.floats(-800, 800)))
def test_worth_is_an_entropy_without_overflow(log_odds):
    worth = worth_by_domain(log_odds, np.zeros(2, dtype=np.int64))
    assert np.isfinite(worth).all()
    assert (worth >= 0).all()
    assert (worth <= np.log(2) + 1e-9).all()


@given(st.integers(1, 12), st.integers(1, 15), st.integers(0, 1000))
def test_a_choice_is_of_distinct_records(n_records, n, seed):
    rng = np.random.default_rng(seed)
    features = normalize(sparse.csr_matrix(rng.random((n_records, 4))))
    chosen = choose(rng.random(n_records), features, n)
    assert len(chosen) == len(set(chosen.tolist())) == min(n, n_records)
    assert set(chosen.tolist()) <= set(range(n_records))


def test_learning_tells_labels_apart():
    represented = represent([GRIEF, TOUCH, NONE, "The widows mourned."])
    y = np.array([[1, 0], [0, 1], [0, 0]], dtype=np.int8)
    coef, intercept = learn(represented.features[:3], y, np.ones(3))
    assert coef.shape == (len(represented.terms), 2)
    log_odds = represented.features @ coef + intercept
    assert log_odds[3, 0] > log_odds[3, 1]
    assert ((log_odds[:3] > 0) == y).all()
