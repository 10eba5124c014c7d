import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from otclass.curation import audit
from otclass.curation.audit import FEW_POSITIVES, judge
from otclass.labelled import LabelledError, read_labelled

SENTENCES = {
    "grief": ["Bereaved widows grieved.", "Mourning followed the loss.", "Loneliness of the bereaved."],
    "social_touch": ["Massage felt pleasant.", "Gentle stroking of skin.", "Hugging and cuddling touch."],
}
OTHERS = [
    "Renal tubules took up water", "Labour was induced in the ward", "Oocytes expressed a receptor",
    "Sodium fell in plasma", "The peptide was sequenced", "Binding was measured in membranes",
]  # fmt: skip


def rows(n: int, wrong: set[int] = frozenset()) -> list[tuple[str, str]]:
    """Invented texts, a third each of two domains and of none; at the places `wrong` labelled wrongly."""
    rng = np.random.default_rng(0)
    texts = []
    for place in range(n):
        kind = ("grief", "social_touch", "")[place % 3]
        words = " ".join(rng.permutation([*OTHERS, *SENTENCES.get(kind, [])])[:7].tolist())
        # Letters of its own keep texts from being near-duplicates.
        own = " ".join("".join(rng.choice(list("abcdefghij"), 7)) for _ in range(40))
        label = {"grief": "social_touch", "social_touch": "", "": "grief"}[kind] if place in wrong else kind
        texts.append((f"{' '.join(SENTENCES.get(kind, []))} {words} {own}", label))
    return texts


def table(tmp_path, texts):
    path = tmp_path / "mine.csv"
    path.write_text("text,domains\n" + "".join(f"{text},{its}\n" for text, its in texts))
    return read_labelled(path)


def test_wrong_labels_stand_first(tmp_path):
    wrong = {5, 19, 33}
    found = audit(table(tmp_path, rows(90, wrong)))
    # A wrong label is two wrong answers where one domain took another's place.
    assert {one.place for one in found.labels[:4]} == wrong
    assert {found.labels[0], found.labels[1]} <= set(found.suspects)
    assert {one.place for one in found.suspects} <= wrong
    first = found.labels[0]
    assert first.confidence < 0.5
    assert first.row.number == first.place + 2
    assert len(found.labels) == 90 * 2
    confidence = [one.confidence for one in found.labels]
    assert confidence == sorted(confidence)


def test_twins_labelled_apart_are_found(tmp_path):
    texts = rows(60)
    text, _ = texts[0]
    found = audit(
        table(tmp_path, [*texts, (f"{text} Once more", "social_touch"), (f"{text} And more", "grief")])
    )
    assert {twins.places for twins in found.twins} == {(0, 60), (60, 61)}
    assert found.twins[0].differing == ("social_touch", "grief")
    assert all(0.8 <= twins.similarity <= 1 for twins in found.twins)


def test_rare_domains_are_named(tmp_path):
    found = audit(table(tmp_path, [*rows(60), ("Naloxone and endorphin", "opioid_interaction")]))
    assert found.few_positives == {"social_touch": 20, "grief": 20, "opioid_interaction": 1}
    assert found.not_judged == ("opioid_interaction",)
    assert {one.label for one in found.labels} == {"grief", "social_touch"}
    assert FEW_POSITIVES > 20


def test_too_few_texts_to_judge(tmp_path):
    with pytest.raises(LabelledError, match="No label has 5 texts with it and 5 without"):
        audit(table(tmp_path, rows(9)))


def test_suspicion_is_confident_learning():
    # Held-out probabilities 0.9, 0.7 | 0.2, 0.8: the mean among those given the label is 0.8, of the others'
    # complement 0.5. The last text, not given it, reaches 0.8: suspect. No given one reaches 0.5.
    probability = np.array([[0.9], [0.7], [0.2], [0.8]])
    given_ = np.array([[True], [True], [False], [False]])
    confidence, suspect = judge(given_, np.log(probability / (1 - probability)))
    np.testing.assert_allclose(confidence.ravel(), [0.9, 0.7, 0.8, 0.2])
    assert suspect.ravel().tolist() == [False, False, False, True]


@given(arrays(np.float64, (8, 2), elements=st.floats(-50, 50)))
def test_turning_a_question_round_changes_nothing(log_odds):
    given_ = np.tile([[True, False], [False, True]], (4, 1))
    confidence, suspect = judge(given_, log_odds)
    turned_confidence, turned_suspect = judge(~given_, -log_odds)
    np.testing.assert_array_equal(confidence, turned_confidence)
    np.testing.assert_array_equal(suspect, turned_suspect)
    assert (confidence[suspect] < 0.5).all()
