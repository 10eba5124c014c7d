"""Whether a model should read MeSH headings: one recipe with and without them, cross-validated.

    python benchmarks/mesh.py --corpus ../shared/corpus

Needs ``train.csv`` of the corpus (columns ``title``, ``abstract``, ``domains``, ``mesh``; the last two joined
by ``;``), whose text is no part of the repository. The recipe is fixed: TF-IDF of words and bigrams, logistic
regression, one domain against the rest. Every text is judged by a model that did not learn from it; counted
are those that have MeSH headings, which "with" them stand after the abstract as a sentence. The domains are
pooled, as single ones have too few texts. Intervals: 95%, 2,000 bootstraps of the texts, paired.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from otclass.domains import DOMAIN_KEYS

FOLDS = 10
BOOTSTRAPS = 2_000

Texts = NDArray[np.object_]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def held_out(learned: Texts, judged: Texts, given: Flags) -> Floats:
    """Probabilities of the texts as `judged`, by models of the other folds' texts as `learned`."""
    found = np.zeros(given.shape)
    for others, fold in KFold(FOLDS, shuffle=True, random_state=0).split(given):
        model = make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
            OneVsRestClassifier(LogisticRegression(C=10, class_weight="balanced", max_iter=1_000)),
        )
        found[fold] = model.fit(learned[others], given[others]).predict_proba(judged[fold])
    return found


def precision(given: Flags, probabilities: Floats) -> float:
    """Average precision over all answers."""
    return float(average_precision_score(given.ravel(), probabilities.ravel()))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True, metavar="FOLDER")
    with (parser.parse_args().corpus / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    has = np.array([bool(row["mesh"]) for row in rows])
    without = np.array([f"{row['title']} {row['abstract']}" for row in rows], dtype=object)
    headings = np.array(
        [row["mesh"].replace(";", ", ") + "." * bool(row["mesh"]) for row in rows], dtype=object
    )
    with_mesh = without + " " + headings
    given = np.array([[key in row["domains"].split(";") for key in DOMAIN_KEYS] for row in rows])
    print(f"{len(rows):,} texts; {has.sum()} have MeSH headings, and {given[has].sum()} tags\n")
    print("| trained | applied | average precision | F1 at 0.5 | tags | gain in average precision |")
    print("| --- | --- | --- | --- | --- | --- |")
    answers = given[has]
    draws = np.random.default_rng(0).integers(len(answers), size=(BOOTSTRAPS, len(answers)))
    base = held_out(without, without, given)[has]
    for name, learned, judged in (
        ("without | without", without, without),
        ("without | with", without, with_mesh),
        ("with | with", with_mesh, with_mesh),
    ):
        found = held_out(learned, judged, given)[has]
        gains = [precision(answers[d], found[d]) - precision(answers[d], base[d]) for d in draws]
        low, high = np.percentile(gains, [2.5, 97.5])
        f1 = f1_score(answers.ravel(), found.ravel() >= 0.5)
        print(
            f"| {name} | {precision(answers, found):.2f} | {f1:.2f} | {(found >= 0.5).sum()} "
            f"| {precision(answers, found) - precision(answers, base):+.2f} ({low:+.2f} to {high:+.2f}) |"
        )


if __name__ == "__main__":
    main()
