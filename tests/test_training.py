"""Training: figures, cross-fitting, model card, model folder. All texts are invented."""

import csv
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

from otclass.classifier import TopicClassifier
from otclass.curation import LearningCurve
from otclass.domains import DOMAIN_KEYS
from otclass.labelled import Labelled, LabelledError, Row, read_labelled
from otclass.modelfile import ModelError
from otclass.tagger import Tagger
from otclass.training import (
    N_BINS,
    CardText,
    Evaluation,
    Trained,
    _calibration,
    _evaluation,
    cross_fit,
    evaluate,
    save,
    train,
    train_from,
)

LABELS = ("grief", "social_touch")
OWN_DATA = Path(__file__).parents[1] / "models" / "training"
WORDS = {
    "grief": "bereaved widow mourning loss yearning funeral lonely",
    "social_touch": "massage stroking hugging caress skin gentle huddle",
    "": "kidney labour receptor binding ward artery assay protein infusion dose",
}


def make(n: int, seed: int, **changes: Any) -> Labelled:
    """Texts of a few words, half of them on one or both of two domains."""
    rng = random.Random(seed)
    texts, domains = [], []
    for at in range(n):
        its = frozenset([(), (), ("grief",), ("social_touch",), ("grief", "social_touch")][at % 5])
        pool = [word for key in (*sorted(its), "") for word in WORDS[key].split()]
        texts.append(f"Study {at}\n" + " ".join(rng.choice(pool) for _ in range(14)) + ".")
        domains.append(its)
    fields = {
        "texts": tuple(texts),
        "titles": tuple(f"Study {at}" for at in range(n)),
        "ids": tuple(map(str, range(n))),
        "domains": tuple(domains),
        "labels": LABELS,
        "scope": (None,) * n,
        "weights": (1.0,) * n,
        "rows": tuple(Row("real.csv" if at % 3 else "invented.csv", at + 2) for at in range(n)),
    }
    return Labelled(**(fields | changes))


@pytest.fixture(scope="module")
def data() -> Labelled:
    return make(120, 1, scope=tuple(at % 4 == 0 for at in range(120)))


@pytest.fixture(scope="module")
def trained(data: Labelled) -> Trained:
    return train(data, judged=["real.csv"], min_df=1)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_train_learns_domains_and_scope(trained: Trained, data: Labelled) -> None:
    assert trained.model.labels == (*LABELS, "neuropeptide")
    assert trained.model.scope == "neuropeptide"
    assert [its.key for its in trained.cross_validation.domains] == list(LABELS)
    assert trained.cross_validation.scope is not None
    assert trained.cross_validation.macro_f1.value is not None
    assert trained.cross_validation.macro_f1.value > 0.8
    assert trained.notes == ()
    tags = Tagger(trained.model).tag("A widow mourning her loss, bereaved and yearning.")
    assert tags == ("grief",)
    assert set(tags.probabilities) == set(LABELS)
    assert trained.model.training["texts"] == len(data)


def test_figures_count_the_files_judged_alone(trained: Trained, data: Labelled) -> None:
    n_real = sum(row.file == "real.csv" for row in data.rows)
    assert trained.judged == ("real.csv",)
    assert trained.cross_validation.texts == n_real
    assert trained.by_file["real.csv"] == trained.cross_validation
    assert trained.by_file["invented.csv"].texts == len(data) - n_real
    with pytest.raises(LabelledError, match=r"the files are invented.csv, real.csv"):
        train(data, judged=["other.csv"])


@pytest.mark.parametrize(
    ("scope", "note"),
    [
        ((None,) * 40, ""),
        ((None, *(at % 2 == 0 for at in range(39))), "as 1 of 40 texts have none"),
        ((True,) * 38 + (False,) * 2, "as 38 of 40 texts are in it"),
    ],
)
def test_scope_that_cannot_be_learned_is_left_out(scope: tuple[bool | None, ...], note: str) -> None:
    trained = train(make(40, 2, scope=scope), min_df=1, cv=2)
    assert trained.model.labels == LABELS
    assert trained.model.scope == ""
    assert trained.cross_validation.scope is None
    assert [note in said for said in trained.notes] == ([True] if note else [])


def test_the_card_shows_a_learning_curve(trained: Trained, tmp_path: Path) -> None:
    curve = LearningCurve(
        sizes=(60, 120),
        macro_f1=(0.6, 0.8),
        f1={"grief": (0.5, 0.8), "social_touch": (0.7, 0.8)},
        doubled=0.9,
        more_pays=True,
        least_learned=("grief",),
        advice="Twice as many labels would pay.",
    )
    save(trained, tmp_path / "with", curve=curve)
    save(trained, tmp_path / "without")
    assert "Twice as many labels would pay.\n\n![F1" in (tmp_path / "with" / "README.md").read_text()
    picture = contents(tmp_path / "with")["learning-curve.png"]
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 100_000
    assert contents(tmp_path / "with").keys() - contents(tmp_path / "without").keys() == {
        "learning-curve.png"
    }


def own_texts(n: int, **changes: Any) -> Labelled:
    """Texts of another lab, which knows touch and a domain of its own but no grief."""
    data = make(n, 7)
    kidney = (
        its - {"grief"} | ({"kidney"} if "kidney" in text else set())
        for its, text in zip(data.domains, data.texts, strict=True)
    )
    return replace(data, domains=tuple(map(frozenset, kidney)), labels=("kidney", "social_touch"), **changes)


def test_train_from_a_model(trained: Trained, tmp_path: Path) -> None:
    data = own_texts(40)
    on_top = train_from(trained.model, data)
    assert on_top.model.labels == (*LABELS, "neuropeptide", "kidney")
    assert on_top.model.scope == "neuropeptide"
    assert on_top.notes == (
        "The figures flatter if the model to start from was trained on some of these texts.",
        "Stayed as in the model to start from, as either no text or every text has it: grief, neuropeptide.",
    )
    figures = on_top.cross_validation
    assert [its.key for its in figures.domains] == ["kidney", "social_touch"]
    assert [its.support for its in figures.domains] == [
        sum(label in its for its in data.domains) for label in ("kidney", "social_touch")
    ]
    assert figures.texts == 40
    assert figures.scope is None
    assert figures.domains[1].f1.value > 0.8
    assert on_top.model.training["started_from"]["texts"] == 120
    grief = [model.score(["A widow mourning her loss."])[0, 0] for model in (trained.model, on_top.model)]
    assert grief[0] == grief[1]
    save(on_top, tmp_path / "mine")
    card = (tmp_path / "mine" / "README.md").read_text(encoding="utf-8")
    assert "It learned from 40 texts, on top of a model that had learned from 120 others:" in card
    assert [line for line in card.splitlines() if line.endswith("| as in the start |")] == [
        line for line in card.splitlines() if line.startswith(("| grief | Loss", "| neuropeptide | Scope"))
    ]
    assert Tagger.load(tmp_path / "mine").model.training["untouched"] == ["grief", "neuropeptide"]


def test_train_from_learns_the_scope_where_the_texts_say_it(trained: Trained) -> None:
    on_top = train_from(trained.model, own_texts(40, scope=tuple(at % 2 == 0 for at in range(40))))
    assert on_top.cross_validation.scope is not None
    assert on_top.cross_validation.scope.support == 20
    assert on_top.model.training["untouched"] == ["grief"]


def test_train_from_counts_the_files_judged_alone(trained: Trained) -> None:
    on_top = train_from(trained.model, own_texts(40), judged=["real.csv"])
    assert on_top.cross_validation == on_top.by_file["real.csv"]
    assert on_top.cross_validation.texts + on_top.by_file["invented.csv"].texts == 40
    with pytest.raises(LabelledError, match=r"the files are invented.csv, real.csv"):
        train_from(trained.model, own_texts(40), judged=["other.csv"])


def test_train_stops_before_fitting_what_cannot_be_learned() -> None:
    said: list[str] = []
    with pytest.raises(LabelledError, match="'grief' has 4 positive texts"):
        train(make(10, 3), progress=said.append)
    assert said == []


def test_progress_is_told() -> None:
    said: list[str] = []
    train(make(30, 4), progress=said.append, min_df=1, cv=2)
    assert said == ["fitting 2 folds and the whole of 30 texts", "judging by cross-validation"]


def test_no_text_has_a_say_in_how_it_is_judged() -> None:
    """Turning over the truth of one fold changes nothing about the tags and probabilities of that fold."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (100, 2)).astype(np.int8)
    classifier = TopicClassifier()
    classifier.cv_folds_ = np.arange(100) % 5
    classifier.cv_decision_ = truth * 2.0 - 1 + rng.normal(size=(100, 2))
    classifier.thresholds_ = np.array([0.5, 0.5])
    probability, tags = cross_fit(classifier, truth, np.ones(100))
    inside = classifier.cv_folds_ == 0
    turned = truth.copy()
    turned[inside] = 1 - turned[inside]
    other_probability, other_tags = cross_fit(classifier, turned, np.ones(100))
    np.testing.assert_array_equal(other_probability[inside], probability[inside])
    np.testing.assert_array_equal(other_tags[inside], tags[inside])
    assert not np.array_equal(other_probability[~inside], probability[~inside])


def test_positives_all_in_one_fold_are_judged_all_the_same() -> None:
    truth = np.zeros((50, 1), dtype=np.int8)
    truth[:5] = 1
    classifier = TopicClassifier()
    classifier.cv_folds_ = np.repeat(np.arange(5), 10)
    classifier.cv_decision_ = np.where(truth, 2.0, -2.0)
    classifier.thresholds_ = np.array([0.5])
    probability, tags = cross_fit(classifier, truth, np.ones(50))
    np.testing.assert_array_equal(tags, truth == 1)
    assert np.isfinite(probability).all()


BOOLS = arrays(bool, (12, 3))


@settings(deadline=None, max_examples=50)
@given(BOOLS, BOOLS, arrays(np.float64, (12, 3), elements=st.floats(0, 1)))
def test_figures_are_those_of_scikit_learn(truth: Any, tags: Any, probability: Any) -> None:
    """Up to the figures that are undefined, which scikit-learn sets to 0."""
    evaluation = _evaluation(("a", "b", "c"), truth.astype(np.int8), tags, probability)
    for j, its in enumerate(evaluation.domains):
        column = truth[:, j], tags[:, j]
        assert its.support == truth[:, j].sum()
        assert (its.recall.value is None) == (its.support == 0)
        assert (its.precision.value is None) == (not tags[:, j].any())
        assert (its.precision.value or 0) == pytest.approx(precision_score(*column, zero_division=0))
        assert (its.recall.value or 0) == pytest.approx(recall_score(*column, zero_division=0))
        assert its.f1.value is None or its.f1.value == pytest.approx(f1_score(*column, zero_division=0))
        if its.support:
            expected = average_precision_score(truth[:, j], probability[:, j])
            assert its.average_precision == pytest.approx(expected)
        wrong, missed = (tags & ~truth)[:, j], (truth & ~tags)[:, j]
        assert bool(its.false_positives) == wrong.any()
        assert sum(its.false_negatives.values()) >= missed.sum()
    if truth.any():
        known = f1_score(truth, tags, average=None, zero_division=0)[truth.any(axis=0)]
        assert evaluation.macro_f1.value == pytest.approx(known.mean())
        assert evaluation.micro_f1.value == pytest.approx(f1_score(truth, tags, average="micro"))
    assert evaluation.exact_match.value == pytest.approx((truth == tags).all(axis=1).mean())
    none = ~truth.any(axis=1)
    assert evaluation.none == none.sum()
    if none.any():
        assert evaluation.none_tagged.value == pytest.approx(tags[none].any(axis=1).mean())
    json.loads(evaluation.to_json())
    assert str(evaluation).count("\n") == 8


def test_intervals_have_the_width_of_a_binomial_proportion() -> None:
    rng = np.random.default_rng(1)
    truth = np.ones((400, 1), dtype=np.int8)
    tags = rng.random((400, 1)) < 0.8
    recall = _evaluation(("a",), truth, tags, tags.astype(float)).domains[0].recall
    assert recall.value is not None
    assert recall.low is not None
    assert recall.high is not None
    assert recall.low < recall.value < recall.high
    assert recall.high - recall.low == pytest.approx(2 * 1.96 * np.sqrt(0.8 * 0.2 / 400), rel=0.15)


def test_calibration_error() -> None:
    probability = np.array([0.0, 0.01, 0.99, 1.0, 0.5, 0.5])
    positive = np.array([False, False, True, True, True, False])
    figures = _calibration(positive, probability)
    assert figures["calibration_error"] == pytest.approx(0.02 / 6)
    assert figures["reliability"] == (
        (2, pytest.approx(0.005), 0.0),
        (2, 0.5, 0.5),
        (2, pytest.approx(0.995), 1.0),
    )
    middles = (np.arange(N_BINS) + 0.5) / N_BINS
    assert len(_calibration(middles > 0.5, middles)["reliability"]) == N_BINS
    assert _calibration(np.zeros(4, dtype=bool), np.full(4, 0.9))["calibration_error"] == pytest.approx(0.9)


def test_evaluate(trained: Trained) -> None:
    tagger = Tagger(trained.model)
    unseen = make(60, 9, scope=tuple(at % 4 == 0 for at in range(60)))
    evaluation = evaluate(tagger, unseen)
    expected = [frozenset(tags) for tags in tagger.tag(unseen.texts)]
    assert evaluation.exact_match.value == pytest.approx(
        np.mean([tags == its for tags, its in zip(expected, unseen.domains, strict=True)])
    )
    assert evaluation.scope is not None
    assert [its.support for its in evaluation.domains] == [24, 24]


def test_evaluate_measures_the_labels_of_the_data(trained: Trained) -> None:
    tagger = Tagger(trained.model)
    only_touch = tuple(its & {"social_touch"} for its in make(20, 9).domains)
    evaluation = evaluate(tagger, make(20, 9, domains=only_touch, labels=("social_touch",)))
    assert [its.key for its in evaluation.domains] == ["social_touch"]
    assert evaluation.scope is None
    with pytest.raises(LabelledError, match=r"does not know the label 'joy'; it knows grief, social_touch"):
        evaluate(tagger, make(20, 9, labels=("social_touch", "joy")))


def test_evaluation_is_a_table_and_json(trained: Trained) -> None:
    evaluation = trained.cross_validation
    lines = str(evaluation).splitlines()
    assert lines[0].split() == ["domain", "precision", "recall", "F1", "AP", "ECE", "support"]
    assert [line.split()[0] for line in lines[1:4]] == ["grief", "social_touch", "(neuropeptide)"]
    assert len({len(line) for line in lines[:4]}) == 1
    figures = json.loads(evaluation.to_json())
    assert figures["domains"][0]["f1"]["value"] == round(evaluation.domains[0].f1.value or 0, 4)
    assert set(figures) == set(Evaluation.__dataclass_fields__)


def test_training_twice_gives_the_same_bytes(trained: Trained, data: Labelled, tmp_path: Path) -> None:
    save(trained, tmp_path / "one", test=trained.cross_validation)
    again = train(data, judged=["real.csv"], min_df=1, n_jobs=2)
    save(again, tmp_path / "two", test=again.cross_validation)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_save(trained: Trained, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "mine"
    text = CardText(
        title="Mine", purpose="For us.", training_data="By hand.", failures="Haste.", test="Ours."
    )
    save(trained, folder, text=text, test=trained.cross_validation, files={"ids.csv": b"id\n"})
    card = (folder / "README.md").read_text(encoding="utf-8")
    for part in ("# Mine", "For us.", "By hand.", "Haste.", "Ours.", "invented.csv only trained"):
        assert part in card
    assert f"- macro-F1: **{trained.cross_validation.macro_f1}**" in card
    assert "Loss of, or separation from, a bonded other" in card
    assert (folder / "ids.csv").read_bytes() == b"id\n"
    picture = (folder / "calibration.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert b"Software" not in picture
    tagger = Tagger.load(folder)
    assert tagger.domains == LABELS
    assert tagger.model.training == json.loads(json.dumps(trained.model.training))


def test_save_replaces_a_model_only_when_told(trained: Trained, tmp_path: Path) -> None:
    save(trained, tmp_path / "mine")
    before = contents(tmp_path / "mine")
    other = replace(trained, model=replace(trained.model, thresholds=trained.model.thresholds / 2))
    with pytest.raises(FileExistsError, match="--force"):
        save(other, tmp_path / "mine")
    assert contents(tmp_path / "mine") == before
    save(other, tmp_path / "mine", force=True)
    assert contents(tmp_path / "mine") != before
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    (tmp_path / "mine" / "coef.npy").write_bytes(b"")
    with pytest.raises(ModelError):
        Tagger.load(tmp_path / "mine")


def test_card_of_labels_that_are_no_domains(tmp_path: Path) -> None:
    renamed = {"grief": "awe | wonder", "social_touch": "zeal"}
    plain = make(30, 5)
    data = replace(
        plain,
        labels=tuple(renamed.values()),
        domains=tuple(frozenset(renamed[key] for key in its) for its in plain.domains),
        rows=tuple(Row("mine.csv", at + 2) for at in range(30)),
    )
    save(train(data, min_df=1, cv=2), tmp_path / "mine")
    card = (tmp_path / "mine" / "README.md").read_text(encoding="utf-8")
    assert "| awe \\| wonder |  | 12 |" in card
    assert "Over the 30 texts of mine.csv. 2 folds" in card
    assert "## On the test set" not in card
    assert "## By file" not in card


@pytest.mark.skipif(not OWN_DATA.is_dir(), reason="the repository's models/training is not beside the tests")
def test_our_own_training_data() -> None:
    invented = read_labelled(OWN_DATA / "invented.csv", labels=DOMAIN_KEYS)
    assert (len(invented), invented.notes, invented.scope.count(None)) == (410, (), 0)
    with (OWN_DATA / "background-labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "domains", "scope"]
    assert len({row["id"] for row in rows}) == len(rows) == 1985
    assert {row["scope"] for row in rows} == {"neuropeptide", "other"}
    assert {key for row in rows for key in row["domains"].split(";")} == {*DOMAIN_KEYS, ""}
