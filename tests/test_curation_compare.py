import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from otclass.curation import compare
from otclass.curation.compare import krippendorff_alpha, masi_distance
from otclass.labelled import Labelled, LabelledError, Row

LABELS = ("grief", "social_touch", "therapy")
sets = st.frozensets(st.sampled_from(LABELS))
filled = st.frozensets(st.sampled_from(LABELS), min_size=1)


def table(domains, *, texts=None, ids=None) -> Labelled:
    n = len(domains)
    return Labelled(
        texts=tuple(texts or (f"Text {i}" for i in range(n))),
        titles=("",) * n,
        ids=tuple(ids or ("",) * n),
        domains=tuple(frozenset(its) for its in domains),
        labels=LABELS,
        scope=(None,) * n,
        weights=(1.0,) * n,
        rows=tuple(Row("table.csv", i + 2) for i in range(n)),
    )


def nominal(one, other) -> float:
    return float(one != other)


def test_confusions_and_texts_to_talk_about():
    a = table([{"grief"}, {"grief"}, {"grief", "therapy"}, set(), {"grief"}])
    b = table([{"grief"}, {"therapy"}, {"grief"}, set(), {"therapy"}])
    found = compare(a, b)
    assert (found.n, found.exact) == (5, 0.4)
    assert found.confusions == ((("grief",), ("therapy",), 2), (("therapy",), (), 1))
    assert [one.rows[0].number for one in found.disagreements] == [3, 6, 4]
    assert [one.distance for one in found.disagreements] == pytest.approx([1, 1, 1 - 1 / 2 * 2 / 3])
    grief = found.domains["grief"]
    assert (grief.both, grief.only_a, grief.only_b, grief.neither) == (2, 2, 0, 1)
    assert found.domains["social_touch"].kappa is None
    assert found.domains["social_touch"].alpha is None


def test_matched_by_text_where_an_id_is_missing():
    a = table([{"grief"}, set()], texts=["One  text", "Other"], ids=["1", ""])
    b = table([set(), {"grief"}], texts=["Third", "ONE text"], ids=["1", "2"])
    found = compare(a, b)
    assert (found.n, found.exact) == (1, 1)
    assert (found.only_in_a, found.only_in_b) == ((a.rows[1],), (b.rows[0],))


def test_matched_by_id_where_all_have_one():
    a = table([{"grief"}, set()], texts=["One text", "Other"], ids=["1", "2"])
    b = table([{"grief"}], texts=["The text retyped"], ids=["1"])
    assert compare(a, b).n == 1


def test_nothing_in_common():
    with pytest.raises(LabelledError, match=r"no text in common \(matched by text\)"):
        compare(table([set()], texts=["One"]), table([set()], texts=["Other"]))


@given(st.lists(st.tuples(sets, sets), min_size=1, max_size=30))
def test_kappa_is_that_of_scikit_learn(pairs):
    found = compare(table([a for a, _ in pairs]), table([b for _, b in pairs]))
    for label in LABELS:
        a, b = ([label in one[side] for one in pairs] for side in (0, 1))
        if len({*a, *b}) == 1:
            assert found.domains[label].kappa is None
        else:
            assert found.domains[label].kappa == pytest.approx(cohen_kappa_score(a, b))


@given(st.lists(st.tuples(sets, sets), min_size=1, max_size=30))
def test_agreement_with_oneself_and_either_way(pairs):
    a, b = table([a for a, _ in pairs]), table([b for _, b in pairs])
    itself = compare(a, a)
    assert itself.exact == 1
    assert itself.alpha in (None, 1)
    assert not itself.disagreements
    assert compare(a, b).alpha == compare(b, a).alpha


def test_alpha_of_krippendorffs_example():
    # K. Krippendorff, "Computing Krippendorff's alpha-reliability", 2011, section A: two observers, ten
    # units, binary data; alpha is 0.095.
    a = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    b = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    assert krippendorff_alpha(list(zip(a, b, strict=True)), nominal) == pytest.approx(0.095, abs=5e-4)


@given(sets, sets)
def test_masi_tells_sets_apart_either_way(one, other):
    assert 0 <= masi_distance(one, other) <= 1
    assert (masi_distance(one, other) == 0) == (one == other)
    assert masi_distance(one, other) == masi_distance(other, one)


@given(filled, filled, filled)
def test_no_way_round_is_shorter(one, other, third):
    assert masi_distance(one, third) <= masi_distance(one, other) + masi_distance(other, third) + 1e-12


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("ab", "ab", 0),
        ("ab", "a", 1 - 1 / 2 * 2 / 3),
        ("abc", "bcd", 1 - 2 / 4 * 1 / 3),
        ("ab", "cd", 1),
        ("", "a", 1),
        ("", "", 0),
    ],
)
def test_masi_by_hand(one, other, distance):
    assert masi_distance(frozenset(one), frozenset(other)) == pytest.approx(distance)
