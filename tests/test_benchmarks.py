import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import f1_score

from otclass.domains import DOMAIN_KEYS

QUALITY = Path(__file__).parent.parent / "benchmarks" / "quality.py"
if not QUALITY.exists():
    pytest.skip("the benchmarks stand beside the tests in a checkout only", allow_module_level=True)

specification = importlib.util.spec_from_file_location("quality", QUALITY)
quality = importlib.util.module_from_spec(specification)
sys.modules["quality"] = quality
specification.loader.exec_module(quality)

# Invented sentences; a domain each.
SENTENCES = {
    "stress_buffering": "Social support lowered cortisol after a stressful task and eased anxiety.",
    "emotion_recognition": "Empathy and the recognition of emotional faces were tested with eye gaze.",
    "synchrony": "Trust and cooperation rose in an economic game and inter-brain coupling followed.",
    "social_touch": "Gentle stroking and massage were felt as pleasant touch by C-tactile fibres.",
    "grief": "Bereaved widows spoke of their grief, of mourning and of loneliness.",
    "opioid_interaction": "Naloxone blocked endorphin and with it the bond to the attachment figure.",
    "therapy": "A randomised trial of the treatment for autism and schizophrenia in outpatients.",
}
NONE = "Vasopressin receptors of the renal tubule were expressed in oocytes, and currents recorded."

tags = st.integers(1, 30).flatmap(lambda n: st.tuples(*[arrays(np.bool_, (n, len(DOMAIN_KEYS)))] * 2))


@given(tags)
def test_f1_is_that_of_scikit_learn(pair):
    truth, tagged = pair
    expected = f1_score(truth, tagged, average=None, zero_division=0)
    np.testing.assert_allclose(quality.f1(truth, tagged), expected)


@given(tags, st.data())
def test_f1_of_a_sample_is_that_of_its_texts(pair, data):
    truth, tagged = pair
    drawn = data.draw(st.lists(st.integers(0, len(truth) - 1), min_size=1, max_size=30))
    times = np.bincount(drawn, minlength=len(truth))
    expected = quality.f1(truth[drawn], tagged[drawn])
    np.testing.assert_allclose(quality.f1(truth, tagged, times[None, :])[0], expected)


def test_a_domain_without_positives_has_no_f1():
    truth = np.zeros((2, len(DOMAIN_KEYS)), dtype=bool)
    truth[0, 0] = True
    figures = quality.figures_of(truth, truth)
    assert figures["macro_f1"] == 1
    assert [figures["f1"][key] for key in DOMAIN_KEYS] == [1.0] + [None] * 6


@pytest.mark.parametrize(
    ("positive", "probability", "expected"),
    [
        ([1, 1, 0, 0], [1.0, 1.0, 0.0, 0.0], 0.0),
        ([1, 1, 0, 0], [0.5, 0.5, 0.5, 0.5], 0.0),
        ([1, 1, 1, 1], [0.5, 0.5, 0.5, 0.5], 0.5),
        # Two bins: half the texts off by 0.1, half by 0.3.
        ([0, 0, 1, 1], [0.1, 0.1, 0.7, 0.7], 0.2),
    ],
)
def test_expected_calibration_error(positive, probability, expected):
    error = quality.expected_calibration_error(np.array(positive, dtype=bool), np.array(probability))
    assert error == pytest.approx(expected)


def test_confusion_names_what_stands_beside_the_errors():
    def row(*keys):
        return [key in keys for key in DOMAIN_KEYS]

    truth = np.array([row("grief"), row("therapy", "grief"), row()])
    tagged = np.array([row("grief", "therapy"), row("grief"), row("therapy")])
    assert quality.confusion(truth, tagged)["therapy"] == {
        "false_positives": 2,
        "whose_true_domains": {"grief": 1, "none": 1},
        "false_negatives": 1,
        "whose_tags": {"grief": 1},
    }


def test_keyword_rules_tell_the_domains_apart():
    scores = quality.keyword_rules([], np.empty((0, 7)), [*SENTENCES.values(), NONE])
    assert np.diag(scores[:7]).all()
    assert not scores[7].any()


def write_corpus(folder, files):
    rng = np.random.default_rng(0)
    for name in files:
        rows = []
        for number in range(60):
            # Some texts of no domain, some of three.
            keys = rng.choice(DOMAIN_KEYS, size=(0, 1, 1, 3)[number % 4], replace=False)
            words = " ".join(rng.choice(NONE.split(), size=6))
            abstract = " ".join([words.capitalize() + ".", *[SENTENCES[key] for key in keys]])
            scope = "neuropeptide" if len(rows) % 2 else "other"
            row = {"title": "Oxytocin", "abstract": abstract, "domains": ";".join(keys), "scope": scope}
            rows.append(row)
        quality.pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)


def test_a_run_on_made_up_data(tmp_path, capsys, monkeypatch):
    write_corpus(tmp_path, ["train", "written", "reworded", "test"])
    absent = quality.Peer("absent", quality.scikit_learn, needs=("no_such_package",))
    monkeypatch.setattr(quality, "PEERS", (*(peer for peer in quality.PEERS if not peer.needs), absent))
    output = tmp_path / "figures.json"
    quality.main(["--corpus", str(tmp_path), "--output", str(output)])

    figures, lines = json.loads(output.read_text()), capsys.readouterr().out.splitlines()
    assert figures["rows"] == {"train": 60, "written": 60, "reworded": 60, "test": 60}
    assert figures["skipped"] == {"absent": "skipped: no_such_package not installed"}
    assert figures["systems"]["otclass"]["reviews"]["n"] == 30
    for name in ("otclass", quality.PEERS[-2].name):
        on_test = figures["systems"][name]["test"]
        assert on_test["macro_f1"] > 0.8
        low, high = on_test["macro_f1_interval"]
        assert low <= on_test["macro_f1"] <= high
        assert f"{on_test['macro_f1']:.3f}" in next(line for line in lines if name in line)


def test_without_test_its_file_is_left_alone(tmp_path, monkeypatch):
    write_corpus(tmp_path, ["train", "written", "reworded"])
    monkeypatch.setattr(quality, "PEERS", ())
    output = tmp_path / "figures.json"
    quality.main(["--corpus", str(tmp_path), "--output", str(output), "--no-test"])
    ours = json.loads(output.read_text())["systems"]["otclass"]
    assert "cross_validation" in ours
    assert not [key for key in ours if key.startswith("test")]


def test_an_unknown_domain_stops_the_run(tmp_path):
    write_corpus(tmp_path, ["train"])
    with (tmp_path / "train.csv").open("a") as file:
        file.write("A title,An abstract.,grief;typo,other\n")
    with pytest.raises(SystemExit, match=r"train\.csv, record 61: 'grief;typo'"):
        quality.read_corpus(tmp_path, ["train"])


def test_a_missing_file_stops_the_run(tmp_path):
    with pytest.raises(SystemExit, match=r"train\.csv is missing"):
        quality.read_corpus(tmp_path, ["train"])
