"""How far a model to start from helps a lab's own labels, and at which number of them it stops to.

    python benchmarks/start_from.py --corpus ../shared/corpus

Prints one table and writes all figures to ``benchmarks/start_from.json``. Two labs, both labelling texts of
``train.csv`` (columns ``title``, ``abstract``, ``domains``, ``kind``) that the model has not seen:

- near: the model learned from all texts of the corpus but registered trials; the lab labels trials.
- far: the model learned from invented and retold abstracts alone (``written.csv``, ``reworded.csv``); the lab
  labels all real ones but trials.

A fifth of the lab's texts is held out in turn; of the rest so many are drawn at random for the lab to learn
from: on top of the model (`start_from`), or alone (`TopicClassifier`). Macro-F1 is over the held-out texts of
all five folds. ``test.csv`` is not opened.
"""

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from sklearn.model_selection import KFold

from otclass.classifier import TopicClassifier
from otclass.curation.start import start_from
from otclass.domains import DOMAIN_KEYS
from otclass.labelled import Labelled, Row
from otclass.modelfile import Model
from otclass.tagger import Tagger

N_FOLDS = 5
SIZES = (0, 25, 50, 100, 200, 400, 800, 1600, 2900)


class Text(NamedTuple):
    """A text of the corpus."""

    text: str
    domains: frozenset[str]
    file: str
    kind: str


def read_corpus(folder: Path) -> list[Text]:
    """Read the texts of train.csv, written.csv and reworded.csv."""
    texts = []
    for name in ("train", "written", "reworded"):
        path = folder / f"{name}.csv"
        if not path.is_file():
            raise SystemExit(f"{path} is missing: --corpus must name a folder with {name}.csv.")
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                domains = frozenset(filter(None, row["domains"].split(";")))
                text = f"{row['title']}\n{row['abstract']}"
                texts.append(Text(text, domains, name, row.get("kind", "")))
    return texts


def indicator(texts: list[Text]) -> NDArray[np.int8]:
    """Which domains each text has."""
    return np.array([[key in one.domains for key in DOMAIN_KEYS] for one in texts], dtype=np.int8)


def as_labelled(texts: list[Text]) -> Labelled:
    """Bring texts into the form that is read from a table."""
    n = len(texts)
    return Labelled(
        texts=tuple(one.text for one in texts),
        titles=("",) * n,
        ids=("",) * n,
        domains=tuple(one.domains for one in texts),
        labels=DOMAIN_KEYS,
        scope=(None,) * n,
        weights=(1.0,) * n,
        rows=tuple(Row(one.file, place) for place, one in enumerate(texts)),
    )


def tagged(model: Model, texts: list[str]) -> NDArray[np.bool_]:
    """Tag texts; a domain that the model does not know is not given."""
    tags = Tagger(model).tag(texts)
    return np.array([[key in its for key in DOMAIN_KEYS] for its in tags])


def alone(own: list[Text]) -> Model:
    """Learn from the lab's texts alone the domains that stand there twice or more."""
    y = indicator(own)
    columns = [j for j, positives in enumerate(y.sum(axis=0)) if 2 <= positives < len(own)]
    classifier = TopicClassifier(labels=[DOMAIN_KEYS[j] for j in columns])
    return classifier.fit([one.text for one in own], y[:, columns]).model_


def measure(start: Model, lab: list[Text]) -> list[dict[str, Any]]:
    """Give the figures of both ways to learn at each size."""
    truth = indicator(lab)
    folds = list(KFold(N_FOLDS, shuffle=True, random_state=0).split(lab))
    figures = []
    for size in (size for size in SIZES if size <= min(len(inside) for inside, _ in folds)):
        ways = {"started": np.zeros(truth.shape, dtype=bool), "alone": np.zeros(truth.shape, dtype=bool)}
        for fold, (inside, outside) in enumerate(folds):
            drawn = np.random.default_rng(fold).permutation(inside)[:size]
            own, held_out = [lab[i] for i in drawn], [lab[i].text for i in outside]
            model = start_from(start, as_labelled(own)).model if own else start
            ways["started"][outside] = tagged(model, held_out)
            if own:
                ways["alone"][outside] = tagged(alone(own), held_out)
        row: dict[str, Any] = {"size": size}
        for way, tags in ways.items():
            by_domain = f1_score(truth, tags, average=None, zero_division=0)
            row[way] = {
                "macro_f1": round(float(by_domain.mean()), 4),
                "micro_f1": round(float(f1_score(truth, tags, average="micro", zero_division=0)), 4),
                "f1": dict(zip(DOMAIN_KEYS, by_domain.round(4).tolist(), strict=True)),
            }
        figures.append(row)
        print(size, row["started"]["macro_f1"], row["alone"]["macro_f1"], file=sys.stderr)
    return figures


def main(argv: list[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Measure what a model to start from is worth.")
    parser.add_argument("--corpus", type=Path, required=True, help="folder with the corpus's CSV files")
    parser.add_argument("--jobs", type=int, default=1, help="folds fitted at once (default: 1)")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args(argv)

    texts = read_corpus(options.corpus)
    trials = [one for one in texts if one.kind == "trial"]
    real = [one for one in texts if one.file == "train" and one.kind != "trial"]
    own = [one for one in texts if one.file != "train"]
    labs = {"near": (real + own, trials), "far": (own, real)}
    figures = {}
    print("| lab | own labels | started: macro-F1 | micro-F1 | alone: macro-F1 | micro-F1 |")
    print("|---|---|---|---|---|---|")
    for name, (known, lab) in labs.items():
        classifier = TopicClassifier(labels=DOMAIN_KEYS, n_jobs=options.jobs)
        start = classifier.fit([one.text for one in known], indicator(known)).model_
        figures[name] = measure(start, lab)
        for row in figures[name]:
            cells = [
                f"{row[way][kind]:.3f}" for way in ("started", "alone") for kind in ("macro_f1", "micro_f1")
            ]
            print(f"| {name} | {row['size']:,} | " + " | ".join(cells) + " |")
    part = options.output.with_name(f".{options.output.name}.part")
    part.write_text(json.dumps({"folds": N_FOLDS, "labs": figures}, indent=1) + "\n", encoding="utf-8")
    part.replace(options.output)


if __name__ == "__main__":
    main()
