"""How many labels `otclass suggest` saves: a simulation on labelled abstracts.

    python benchmarks/active_learning.py --corpus ../shared/corpus

Prints one table, writes all figures to ``benchmarks/active_learning.json`` and a plot to
``docs/active_learning.png``.

The recipe, the same for all strategies:

- Of ``train.csv`` (columns ``title``, ``abstract``, ``domains``; keys joined by ``;``) a fifth is held out,
  the rest is the pool; another fifth for each seed. ``test.csv`` is not opened.
- 50 abstracts drawn at random are labelled to begin with, then batches of 20 by the strategy.
- The learner is the linear part of `TopicClassifier` as `suggest` uses it: stems and bigrams, counted once
  over the whole of train without a look at labels; no pairs of key stems, as they would have to be chosen
  anew in each round. So a round takes a fraction of a second; all else would take days.
- Every 100 labels the learner is judged on the held-out fifth in two ways: with each domain's threshold
  chosen by 3-fold cross-validation on what is labelled (as a trained otclass has it), and at the learner's
  own cut, a probability of one half (as is usual in the literature on active learning).
- A strategy needs as many labels as its mean curve over the seeds takes to reach 95% of the mean macro-F1 of
  the learner that knows all labels of the pool, by linear interpolation.

The settings of `suggest` were chosen on other splits and draws of the same abstracts, so its figures may be a
little too kind.
"""

import argparse
import csv
import json
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.metrics import f1_score
from sklearn.model_selection import KFold

from otclass.classifier import best_threshold
from otclass.cleaning import clean
from otclass.curation.suggest import choose, learn, represent, worth_by_domain
from otclass.domains import DOMAIN_KEYS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Indicator = NDArray[np.int8]

START = 50
BATCH = 20
JUDGED_EVERY = 100
INNER_FOLDS = 3
HELD_OUT_SHARE = 5
GOAL = 0.95
RULES = {"tuned": "thresholds tuned on the labels", "own": "the learner's own cut"}


class View:
    """What a strategy sees: what is labelled, and the unlabelled rest of the pool."""

    def __init__(self, labelled: sparse.csr_matrix, y: Indicator, rest: sparse.csr_matrix, seed: int) -> None:
        self.features, self.positives = rest, y.sum(axis=0).astype(np.int64)
        self.rng = np.random.default_rng((seed, len(y)))
        self._labelled, self._y = labelled, y

    @cached_property
    def log_odds(self) -> Floats:
        """Of the rest, by a learner of what is labelled."""
        coef, intercept = learn(self._labelled, self._y, np.ones(len(self._y)))
        return np.asarray(self.features @ coef + intercept)


def at_random(view: View) -> Ints:
    """Draw records at random."""
    return view.rng.permutation(view.features.shape[0])[:BATCH]


def most_probable(view: View) -> Ints:
    """Take the records most probable for any domain: ASReview's default query, "max"."""
    return np.argsort(-view.log_odds.max(axis=1), kind="stable")[:BATCH]


def suggested(view: View) -> Ints:
    """Take what `otclass suggest` takes."""
    worth = worth_by_domain(view.log_odds, view.positives).sum(axis=1)
    return choose(worth, view.features, BATCH)


STRATEGIES: dict[str, Callable[[View], Ints]] = {
    "otclass suggest": suggested,
    "most probable first (ASReview's default)": most_probable,
    "random order": at_random,
}


def judged(
    features: sparse.csr_matrix, y: Indicator, held_out: sparse.csr_matrix, truth: Indicator
) -> dict[str, float]:
    """Learn from what is labelled; give the macro-F1 on what is held out, by each rule of cutting."""
    coef, intercept = learn(features, y, np.ones(len(y)))
    scores = held_out @ coef + intercept
    inner = np.empty(y.shape)
    for inside, outside in KFold(INNER_FOLDS, shuffle=True, random_state=0).split(y):
        fold_coef, fold_intercept = learn(features[inside], y[inside], np.ones(len(inside)))
        inner[outside] = features[outside] @ fold_coef + fold_intercept
    cuts = np.zeros(y.shape[1])
    for j, positive in enumerate(y.T):
        # With a single positive there is nothing to choose by.
        if positive.sum() > 1:
            cuts[j] = best_threshold(positive, inner[:, j], np.ones(len(y)), seed=0)
    return {
        "tuned": float(f1_score(truth, scores >= cuts, average="macro", zero_division=0)),
        "own": float(f1_score(truth, scores >= 0, average="macro", zero_division=0)),
    }


def simulate(
    strategy: Callable[[View], Ints], features: sparse.csr_matrix, y: Indicator, seed: int, most: int
) -> list[dict[str, Any]]:
    """Label a pool by a strategy; give the figures at each size judged."""
    pool, outside = split(len(y), seed)
    labelled = np.random.default_rng(seed).permutation(pool)[:START]
    curve = []
    while True:
        known = len(labelled)
        if (known - START) % JUDGED_EVERY == 0 or known >= most:
            figures = judged(features[labelled], y[labelled], features[outside], y[outside])
            positives = dict(zip(DOMAIN_KEYS, y[labelled].sum(axis=0).tolist(), strict=True))
            curve.append({"labels": known, **figures, "positives": positives})
        if known >= most:
            return curve
        rest = np.setdiff1d(pool, labelled)
        view = View(features[labelled], y[labelled], features[rest], seed)
        labelled = np.concatenate([labelled, rest[strategy(view)]])


def split(n_texts: int, seed: int) -> tuple[Ints, Ints]:
    """Give the pool and the held-out fifth of a seed."""
    folds = KFold(HELD_OUT_SHARE, shuffle=True, random_state=200 + seed // HELD_OUT_SHARE)
    pool, outside = list(folds.split(np.arange(n_texts)))[seed % HELD_OUT_SHARE]
    return pool, outside


def needed(labels: list[int], curve: list[float], goal: float) -> float | None:
    """Give the number of labels at which a curve first reaches a goal; None if it never does."""
    for place, value in enumerate(curve):
        if value >= goal:
            if place == 0:
                return float(labels[0])
            before = curve[place - 1]
            share = (goal - before) / (value - before)
            return labels[place - 1] + share * (labels[place] - labels[place - 1])
    return None


def summary(runs: dict[str, list[list[dict[str, Any]]]], full: list[dict[str, float]]) -> dict[str, Any]:
    """Give the mean curves, and what each strategy needs, by each rule."""
    figures: dict[str, Any] = {}
    for rule in RULES:
        whole = float(np.mean([one[rule] for one in full]))
        figures[rule] = {"full_data": round(whole, 4), "goal": round(GOAL * whole, 4), "strategies": {}}
        for name, by_seed in runs.items():
            labels = [point["labels"] for point in by_seed[0]]
            values = np.array([[point[rule] for point in curve] for curve in by_seed])
            mean = values.mean(axis=0)
            figures[rule]["strategies"][name] = {
                "needed": needed(labels, mean.tolist(), GOAL * whole),
                "needed_by_seed": [
                    needed(labels, one.tolist(), GOAL * its[rule])
                    for one, its in zip(values, full, strict=True)
                ],
                "labels": labels,
                "macro_f1": mean.round(4).tolist(),
                "macro_f1_sd": values.std(axis=0, ddof=1).round(4).tolist() if len(values) > 1 else None,
            }
    return figures


def table(figures: dict[str, Any], most: int) -> str:
    """Lay the figures out in Markdown."""
    head = ["strategy", *(f"labels needed, {RULES[rule]}" for rule in RULES)]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in STRATEGIES:
        cells = [name]
        for rule in RULES:
            by_name = figures[rule]["strategies"]
            its, random = by_name[name]["needed"], by_name["random order"]["needed"]
            if its is None:
                cells.append(f"more than {most:,}")
            else:
                # Where random order never got there the ratio is at most this.
                sign, random = ("", random) if random is not None else ("under ", float(most))
                cells.append(f"{its:,.0f} ({sign}{its / random:.0%} of random)")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plot(figures: dict[str, Any], path: Path) -> None:
    """Draw the curves."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(RULES), figsize=(10, 4), sharey=True, layout="constrained")
    # Okabe and Ito's blue, orange and gray, told apart by their lines too.
    styles = [("#0072b2", "-"), ("#d55e00", "--"), ("#666666", ":")]
    for panel, rule in zip(axes, RULES, strict=True):
        for (name, its), (color, line) in zip(figures[rule]["strategies"].items(), styles, strict=True):
            panel.plot(its["labels"], its["macro_f1"], color=color, linestyle=line, linewidth=2, label=name)
        panel.axhline(figures[rule]["goal"], color="black", linewidth=0.8)
        panel.annotate(
            "95% of what all labels reach",
            (0, figures[rule]["goal"]),
            xycoords=("axes fraction", "data"),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=8,
        )
        panel.set_title(RULES[rule][0].upper() + RULES[rule][1:], fontsize=10)
        panel.set_xlabel("abstracts labelled")
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("macro-F1 on held-out abstracts")
    axes[-1].legend(loc="lower right", bbox_to_anchor=(1, 0.05), frameon=False, fontsize=8)
    part = path.with_name(f".{path.name}.part")
    figure.savefig(part, dpi=130, format="png")
    plt.close(figure)
    part.replace(path)


def read_corpus(folder: Path) -> tuple[list[str], Indicator]:
    """Read the texts of train.csv and their domains."""
    path = folder / "train.csv"
    if not path.is_file():
        raise SystemExit(f"{path} is missing: --corpus must name a folder with train.csv.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = [clean(f"{row['title']}\n{row['abstract']}") for row in rows]
    y = [[key in row["domains"].split(";") for key in DOMAIN_KEYS] for row in rows]
    return texts, np.array(y, dtype=np.int8)


def main(argv: list[str] | None = None) -> None:
    """Run the simulation."""
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="Simulate labelling by several strategies.")
    parser.add_argument("--corpus", type=Path, required=True, help="folder with the corpus's train.csv")
    parser.add_argument("--seeds", type=int, default=10, help="repetitions (default: 10)")
    parser.add_argument("--most", type=int, default=2050, help="labels at which to stop (default: 2050)")
    parser.add_argument("--output", type=Path, default=here / "active_learning.json")
    parser.add_argument("--plot", type=Path, default=here.parent / "docs" / "active_learning.png")
    options = parser.parse_args(argv)

    texts, y = read_corpus(options.corpus)
    features = represent(texts).features
    full = []
    for seed in range(options.seeds):
        pool, outside = split(len(y), seed)
        full.append(judged(features[pool], y[pool], features[outside], y[outside]))
    runs: dict[str, list[list[dict[str, Any]]]] = {}
    for name, strategy in STRATEGIES.items():
        print(f"{name} ...", file=sys.stderr)
        runs[name] = [simulate(strategy, features, y, seed, options.most) for seed in range(options.seeds)]
    figures = summary(runs, full)
    print(table(figures, options.most))
    content = {
        "recipe": {
            "texts": len(texts),
            "seeds": options.seeds,
            "start": START,
            "batch": BATCH,
            "most": options.most,
            "goal": GOAL,
        },
        "figures": figures,
        "positives_found": {
            name: [{"labels": p["labels"], **p["positives"]} for p in by_seed[0]]
            for name, by_seed in runs.items()
        },
    }
    part = options.output.with_name(f".{options.output.name}.part")
    part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    part.replace(options.output)
    plot(figures, options.plot)


if __name__ == "__main__":
    main()
