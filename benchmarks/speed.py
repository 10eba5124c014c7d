"""How fast otclass is beside its peers, each row a ratio measured in one run.

    python benchmarks/speed.py [--corpus ../shared/corpus] [--rounds 7]

The rounds of both sides of a row alternate, and the median of the rounds' ratios is shown with the lowest and
highest. Texts are the corpus's test abstracts, or without a corpus the invented ones of models/training.
Prints one table and saves benchmarks/speed.json.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
Side = Callable[[], float]
"""Does its work once and gives the seconds it took (or another quantity to compare)."""


def clock(work: Callable[[], Any], repeat: int = 1) -> Side:
    def side() -> float:
        start = time.perf_counter()
        for _ in range(repeat):
            work()
        return (time.perf_counter() - start) / repeat

    return side


def process(*arguments: str, quantity: str = "") -> Side:
    """A whole Python process: its time, or a number that it prints."""
    # What pip installs is compiled to bytecode; so be a checkout.
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}

    def side() -> float:
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, check=True, cwd=ROOT, env=env
        )
        return float(done.stdout) if quantity else time.perf_counter() - start

    return side


def ratio(ours: Side, theirs: Side, rounds: int) -> dict[str, Any]:
    """Measure both sides in turn; ratios of theirs to ours."""
    ours(), theirs()
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    ratios = sorted(their / our for our, their in pairs)
    return {
        "ratio": statistics.median(ratios),
        "low": ratios[0],
        "high": ratios[-1],
        "ours": statistics.median(our for our, _ in pairs),
        "theirs": statistics.median(their for _, their in pairs),
    }


def corpus_texts(corpus: Path) -> list[str]:
    path = corpus / "test.csv"
    if not path.exists():
        path = ROOT / "models" / "training" / "invented.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return [f"{row['title']}\n{row['abstract']}" for row in csv.DictReader(file)]


def peer_pipeline() -> Any:
    """scikit-learn's own way: TF-IDF of 1-2-grams, one-vs-rest logistic regression, seven labels."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline

    from otclass.domains import DOMAIN_KEYS

    with (ROOT / "models" / "training" / "invented.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = [f"{row['title']}\n{row['abstract']}" for row in rows]
    y = [[int(key in row["domains"].split(";")) for key in DOMAIN_KEYS] for row in rows]
    pipeline = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), OneVsRestClassifier(LogisticRegression())
    )
    return pipeline.fit(texts, y)


def fasttext_model(folder: Path) -> Any:
    import fasttext

    with (ROOT / "models" / "training" / "invented.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [
        " ".join([f"__label__{key}" for key in (row["domains"] or "none").split(";")])
        + " "
        + f"{row['title']} {row['abstract']}".lower().replace("\n", " ")
        for row in rows
    ]
    (folder / "fasttext.txt").write_text("\n".join(lines), encoding="utf-8")
    return fasttext.train_supervised(
        str(folder / "fasttext.txt"), wordNgrams=2, loss="ova", epoch=5, bucket=200_000, verbose=0, thread=1
    )


def write_csv(path: Path, texts: list[str], n: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "title", "abstract"])
        for i in range(n):
            title, _, abstract = texts[i % len(texts)].partition("\n")
            writer.writerow([i, f"{title} {i}", abstract])


# Not the peak that getrusage gives: a child inherits that from a large parent.
MEMORY = (
    "import resource; print(int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize() / 2**20)"
)
TAG_ONE = "from otclass import tag; tag({text!r})"
LOAD_PEER = "import joblib; joblib.load({path!r}).predict_proba([{text!r}])"
PANDAS = "import pandas as pd; pd.read_csv({path!r}).to_csv({out!r}, index=False)"


def measure(texts: list[str], rounds: int, folder: Path, records: int) -> list[dict[str, Any]]:
    import joblib

    from otclass import Tagger

    tagger, peer = Tagger.default(), peer_pipeline()
    same = tagger.to_pipeline()
    text = max(texts[:50], key=len)[:1700]
    joblib.dump(peer, folder / "peer.joblib")
    many = texts * max(1, 3000 // len(texts))
    few = many[:600]
    rows: list[dict[str, Any]] = []

    def row(what: str, against: str, aim: str, ours: Side, theirs: Side) -> None:
        rows.append({"what": what, "against": against, "aim": aim, **ratio(ours, theirs, rounds)})
        print(f"  {what}: {rows[-1]['ratio']:.2f}", file=sys.stderr)

    cold = process("-c", TAG_ONE.format(text=text))
    row(
        "cold start, whole process",
        "import numpy (time of theirs / ours)",
        ">= 0.67",
        cold,
        process("-c", "import numpy"),
    )
    load = LOAD_PEER.format(path=str(folder / "peer.joblib"), text=text)
    row("cold start, whole process", "joblib-loaded scikit-learn pipeline", ">= 8", cold, process("-c", load))
    row("one abstract, warm", "scikit-learn pipeline, predict_proba", ">= 10",
        clock(lambda: tagger.tag(text), 50), clock(lambda: peer.predict_proba([text]), 50))  # fmt: skip
    row("many abstracts, one process", "scikit-learn pipeline, 1-2-grams", ">= 10",
        clock(lambda: tagger.tag(many)), clock(lambda: peer.predict_proba(many)))  # fmt: skip
    row("many abstracts, one process", "scikit-learn pipeline, our features", ">= 10",
        clock(lambda: tagger.tag(few)), clock(lambda: same.predict_proba(few)))  # fmt: skip
    try:
        model = fasttext_model(folder)
        lines = [text.lower().replace("\n", " ") for text in many]
        row("many abstracts, one process", "fastText predict, bigrams", ">= 1",
            clock(lambda: tagger.tag(many)), clock(lambda: model.predict(lines, k=-1)))  # fmt: skip
    except ImportError:
        print("fastText is not installed (fasttext-community): its row is left out", file=sys.stderr)
    large = many * 10
    tagger.tag(large[:4000], n_jobs=2)
    row("many abstracts, two threads", "one process", ">= 1.8",
        clock(lambda: tagger.tag(large, n_jobs=2)), clock(lambda: tagger.tag(large)))  # fmt: skip
    source, out = folder / "records.csv", folder / "out.csv"
    write_csv(source, texts, records)
    command = process("-m", "otclass", "tag", str(source), "-o", str(out), "--jobs", "2")
    row(f"{records:,} records CSV to CSV, whole process", "pandas, reading and writing only", ">= 0.5",
        command, process("-c", PANDAS.format(path=str(source), out=str(folder / "pandas.csv"))))  # fmt: skip
    ours = process("-c", TAG_ONE.format(text=text) + "; " + MEMORY, quantity="MB")
    numpy = process("-c", "import numpy; " + MEMORY, quantity="MB")
    row("resident memory after the first tag", "import numpy", "<= 40 MB more", ours, numpy)
    rows[-1]["more_mb"] = rows[-1]["ours"] - rows[-1]["theirs"]
    row("time an abstract, 1,000 texts", "30,000 texts", "about 1",
        lambda: clock(lambda: tagger.tag(many[:1000]))() / 1000,
        lambda: clock(lambda: tagger.tag(large))() / len(large))  # fmt: skip
    short, long = "oxytocin lowers grief. " * 45, "oxytocin lowers grief. " * 450_000
    row("time a character, 1 kB", "10 MB", "about 1",
        lambda: clock(lambda: tagger.tag([short] * 1000))() / len(short) / 1000,
        lambda: clock(lambda: tagger.tag(long))() / len(long))  # fmt: skip
    translate = bytes(range(256))
    encoded = [text.encode("ascii", "replace") for text in many]
    floor = clock(lambda: [text.translate(translate) for text in encoded])
    row("many abstracts, one process", "the floor: translating the bytes", "",
        clock(lambda: tagger.tag(many)), floor)  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared" / "corpus")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "speed.json")
    options = parser.parse_args()
    os.chdir(ROOT)
    texts = corpus_texts(options.corpus)
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(texts, options.rounds, Path(folder), options.records)
    print("| what | against | aim | theirs / ours | low to high |")
    print("| --- | --- | --- | --- | --- |")
    for row in rows:
        shown = f"{row['more_mb']:.0f} MB more" if "more_mb" in row else f"{row['ratio']:.2f}"
        cells = (row["what"], row["against"], row["aim"], shown, f"{row['low']:.2f} to {row['high']:.2f}")
        print("| " + " | ".join(cells) + " |")
    options.output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
