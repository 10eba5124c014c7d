"""How many wrong labels `otclass audit` finds: labels turned at random in a labelled corpus.

    python benchmarks/audit.py --corpus ../shared/corpus

Prints one table and writes all figures to ``benchmarks/audit.json``. Of ``train.csv`` (columns ``title``,
``abstract``, ``domains``; keys joined by ``;``) 5% of the labels are turned, in two ways:

- labels: 5% of all answers, a text and a domain each, given or not;
- texts: one answer, drawn at random, of 5% of the texts. The harder case: seven times fewer to be found.

`TopicClassifier` judges each text held out. Its list holds every answer, the least credible first; found is
what stands in the first tenth of it, and in the first tenth of the texts as the list first names them. The
same held-out probabilities are given to cleanlab if it is installed; that ranks texts.
"""

import argparse
import csv
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from otclass.classifier import TopicClassifier
from otclass.curation.audit import judge
from otclass.domains import DOMAIN_KEYS
from otclass.scoring import expit

SHARE = 0.05
TOP = 0.1
WAYS = ("labels", "texts")

Flags = NDArray[np.bool_]


def turned(shape: tuple[int, int], way: str, seed: int) -> Flags:
    """Draw the answers to turn."""
    rng = np.random.default_rng(seed)
    flips = np.zeros(shape, dtype=bool)
    if way == "labels":
        flips.flat[rng.choice(flips.size, round(SHARE * flips.size), replace=False)] = True
    else:
        texts = rng.choice(shape[0], round(SHARE * shape[0]), replace=False)
        flips[texts, rng.integers(shape[1], size=len(texts))] = True
    return flips


def found_in_top(confidence: NDArray[np.float64], wrong: Flags) -> float:
    """Give the share of what is wrong that stands in the first tenth."""
    order = np.argsort(confidence, axis=None, kind="stable")
    return float(wrong.ravel()[order[: round(TOP * wrong.size)]].sum() / wrong.sum())


def figures_of(flips: Flags, given: Flags, log_odds: NDArray[np.float64]) -> dict[str, Any]:
    """Judge, and count what is found."""
    confidence, suspect = judge(given, log_odds)
    figures = {
        "turned": int(flips.sum()),
        "found": found_in_top(confidence, flips),
        "texts_found": found_in_top(confidence.min(axis=1), flips.any(axis=1)),
        # No ranking could find more where more than a tenth of the texts hold a wrong label.
        "texts_found_at_best": min(1.0, TOP * len(flips) / float(flips.any(axis=1).sum())),
        "suspects": int(suspect.sum()),
        "suspects_turned": float((suspect & flips).sum() / suspect.sum()),
        "turned_suspected": float((suspect & flips).sum() / flips.sum()),
    }
    if importlib.util.find_spec("cleanlab") is not None:
        from cleanlab.multilabel_classification import get_label_quality_scores

        labels = [np.flatnonzero(row).tolist() for row in given]
        quality = get_label_quality_scores(labels, expit(log_odds))
        figures["texts_found_by_cleanlab"] = found_in_top(quality, flips.any(axis=1))
    return {key: round(value, 4) for key, value in figures.items()}


def read_corpus(folder: Path) -> tuple[list[str], Flags]:
    """Read the texts of train.csv and their domains."""
    path = folder / "train.csv"
    if not path.is_file():
        raise SystemExit(f"{path} is missing: --corpus must name a folder with train.csv.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = [f"{row['title']}\n{row['abstract']}" for row in rows]
    return texts, np.array([[key in row["domains"].split(";") for key in DOMAIN_KEYS] for row in rows])


def main(argv: list[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Turn labels at random and see how many are found.")
    parser.add_argument("--corpus", type=Path, required=True, help="folder with the corpus's train.csv")
    parser.add_argument("--seeds", type=int, default=2, help="repetitions (default: 2)")
    parser.add_argument("--jobs", type=int, default=1, help="folds fitted at once (default: 1)")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args(argv)

    texts, truth = read_corpus(options.corpus)
    runs: dict[str, list[dict[str, Any]]] = {}
    for way in WAYS:
        runs[way] = []
        for seed in range(options.seeds):
            print(f"{way}, seed {seed} ...", file=sys.stderr)
            flips = turned(truth.shape, way, seed)
            given = truth ^ flips
            classifier = TopicClassifier(labels=DOMAIN_KEYS, n_jobs=options.jobs)
            classifier.fit(texts, given.astype(np.int8))
            runs[way].append(figures_of(flips, given, classifier.cv_decision_))
    columns = list(runs[WAYS[0]][0])
    mean = {way: {key: float(np.mean([run[key] for run in runs[way]])) for key in columns} for way in WAYS}
    print("| 5% turned of all | " + " | ".join(key.replace("_", " ") for key in columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for way in WAYS:
        cells = [
            f"{mean[way][key]:,.0f}" if mean[way][key] > 1 else f"{mean[way][key]:.3f}" for key in columns
        ]
        print(f"| {way} | " + " | ".join(cells) + " |")
    part = options.output.with_name(f".{options.output.name}.part")
    content = {"recipe": {"share": SHARE, "top": TOP, "seeds": options.seeds}, "mean": mean, "runs": runs}
    part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    part.replace(options.output)


if __name__ == "__main__":
    main()
