import csv
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from otclass.domains import DOMAIN_KEYS

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
if not BENCHMARKS.exists():
    pytest.skip("the benchmarks stand beside the tests in a checkout only", allow_module_level=True)


def benchmark(name: str):
    specification = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


active_learning, audit, start_from = map(benchmark, ("active_learning", "audit", "start_from"))


@pytest.fixture
def corpus(tmp_path, invented) -> Path:
    """A corpus of invented abstracts, every fourth of them called a trial."""
    for name, part in (
        ("train", invented[:240]),
        ("written", invented[240:320]),
        ("reworded", invented[320:400]),
    ):
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["title", "abstract", "domains", "kind"])
            for place, row in enumerate(part):
                kind = "trial" if place % 4 == 0 else "abstract"
                writer.writerow([row["title"], row["abstract"], row["domains"], kind])
    return tmp_path


@pytest.mark.parametrize(
    ("curve", "goal", "expected"),
    [
        ([0.2, 0.4, 0.8], 0.6, 25),
        ([0.2, 0.4, 0.8], 0.2, 10),
        ([0.2, 0.4, 0.8], 0.9, None),
        ([0.5, 0.1, 0.9], 0.5, 10),
    ],
)
def test_labels_needed_are_interpolated(curve, goal, expected):
    assert active_learning.needed([10, 20, 30], curve, goal) == expected


def test_splits_hold_out_each_text_once_in_five_seeds():
    held_out = [active_learning.split(23, seed)[1] for seed in range(5)]
    assert sorted(np.concatenate(held_out).tolist()) == list(range(23))
    again = np.concatenate([active_learning.split(23, seed)[1] for seed in range(5, 10)])
    assert again.tolist() != np.concatenate(held_out).tolist()


def test_active_learning_on_invented_abstracts(corpus, tmp_path, capsys):
    output, plot = tmp_path / "figures.json", tmp_path / "plot.png"
    active_learning.main(
        [
            "--corpus",
            str(corpus),
            "--seeds",
            "1",
            "--most",
            "150",
            "--output",
            str(output),
            "--plot",
            str(plot),
        ]
    )
    figures = json.loads(output.read_text())["figures"]
    printed = capsys.readouterr().out
    for name in active_learning.STRATEGIES:
        assert name in printed
        curve = figures["tuned"]["strategies"][name]
        assert curve["labels"] == [50, 150]
        assert 0 < curve["macro_f1"][-1] <= 1
    # All begin with the same texts.
    assert (
        len({figures["own"]["strategies"][name]["macro_f1"][0] for name in active_learning.STRATEGIES}) == 1
    )
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("way", "texts"), [("labels", None), ("texts", 20)])
def test_turned_labels_are_as_many_as_said(way, texts):
    flips = audit.turned((400, 7), way, 0)
    assert flips.sum() == (texts or 140)
    assert texts is None or flips.any(axis=1).sum() == texts
    assert not (flips & audit.turned((400, 7), way, 1)).all()


def test_what_stands_in_the_first_tenth():
    wrong = np.zeros((10, 2), dtype=bool)
    wrong[3, 1] = wrong[4, 0] = True
    confidence = np.full((10, 2), 0.5)
    confidence[3, 1], confidence[5, 1], confidence[4, 0] = 0.1, 0.2, 0.3
    assert audit.found_in_top(confidence, wrong) == 0.5


def test_audit_on_invented_abstracts(corpus, tmp_path, capsys):
    output = tmp_path / "figures.json"
    audit.main(["--corpus", str(corpus), "--seeds", "1", "--output", str(output)])
    mean = json.loads(output.read_text())["mean"]
    assert mean["labels"]["turned"] == round(0.05 * 240 * len(DOMAIN_KEYS))
    assert mean["texts"]["turned"] == 12
    assert mean["texts"]["found"] > 0.5
    assert "| texts | 12 |" in capsys.readouterr().out


def test_start_from_on_invented_abstracts(corpus, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(start_from, "SIZES", (0, 25, 1_000))
    monkeypatch.setattr(start_from, "N_FOLDS", 2)
    output = tmp_path / "figures.json"
    start_from.main(["--corpus", str(corpus), "--output", str(output)])
    labs = json.loads(output.read_text())["labs"]
    for name in ("near", "far"):
        assert [row["size"] for row in labs[name]] == [0, 25]
        assert labs[name][0]["alone"]["macro_f1"] == 0
        assert labs[name][1]["started"]["macro_f1"] > labs[name][1]["alone"]["macro_f1"]
    assert "| far | 25 |" in capsys.readouterr().out


@pytest.mark.parametrize("module", [active_learning, audit, start_from])
def test_a_missing_corpus_stops_the_run(module, tmp_path):
    with pytest.raises(SystemExit, match=r"train\.csv is missing"):
        module.main(["--corpus", str(tmp_path), "--output", str(tmp_path / "figures.json")])
