"""Rebuild the shipped model, ``models/oxytocin-domains``, and its card.

    python models/build.py --corpus ../shared/corpus

The corpus is a folder of CSV files with the columns ``id``, ``title``, ``abstract``, ``domains`` (keys joined
by ``;``) and ``scope``: ``train.csv`` and ``test.csv`` hold real abstracts, ``written.csv`` invented ones,
``reworded.csv`` real papers retold; ``background.csv.gz`` holds abstracts without labels, of which
``models/training/background-labels.csv`` labels some. The abstracts belong to their authors and publishers,
so the corpus is no part of this repository; the model folder holds their identifiers and labels.
"""

import argparse
import csv
import io
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from otclass.domains import DOMAIN_KEYS
from otclass.labelled import read_labelled
from otclass.records import read_records
from otclass.tagger import Tagger
from otclass.training import CardText, evaluate, save, train

HERE = Path(__file__).parent
MAX_SIZE = 3_000_000

TEXT = CardText(
    title="oxytocin-domains",
    purpose="""\
For: suggesting which of seven domains of the oxytocin-and-relationships literature a title and abstract
belong to, in English; to sort, search and screen exports of bibliographic databases, with a person to check
what matters. The `review` of a tagged text names the domains at which to look oneself.

Not for: deciding alone what a systematic review includes or leaves out; full texts, other languages or other
fields; judging people or papers, or giving medical advice. A text without a tag is no finding that it is
irrelevant.""",
    training_data="""\
Titles and abstracts of articles, preprints and trial registrations: oxytocin and vasopressin, other
neuropeptides, the seven domains without a neuropeptide, and random biomedical ones, the later part chosen by
an early model as probable or uncertain for a domain. So the share of a domain here is not its share in the
literature.

- `train.csv`: real abstracts, labelled by one annotator each, some by two.
- `background.csv`: further real ones, labelled by one annotator each (`models/training` in the repository).
- `reworded.csv`: real papers of the neuropeptide literature, retold in our own words.
- `written.csv`, `invented.csv`: **invented** abstracts of studies that do not exist, written for training:
  rare domains, reviews of many domains and hard negatives. Never used for evaluation.

**The annotators were language models** that read each text against one codebook, blind to each other; not
experts of the field. Two of them agree at a macro-F1 of 0.95, which is an upper bound: annotators of one kind
agree more than people would. The fuzziest edges, by their own notes: `opioid_interaction` against plain
opioid use disorder, `stress_buffering` in surveys of distress, `therapy` in preclinical and prevention work.

Identifiers (PMID, DOI where known) and labels of the real abstracts stand in `training-ids.csv`; their text
belongs to their authors and publishers and is not passed on.""",
    failures="""\
- `opioid_interaction` is the hardest domain: few real texts have it, and the same words are common in papers
  on opioid use disorder and on analgesia, which do not.
- A domain that a review names in one clause among much else is easily missed.
- Obstetric, renal and pharmacological oxytocin and vasopressin papers should stay untagged; a few are not.
- Invented and retold texts were written in few hands. A model can learn the hand instead of the domain; the
  figures by file show how far invented and real texts lie apart.
- The model weighs words, neighbours and pairs of key words in a sentence. It does not understand negation, or
  an argument that runs over several sentences.""",
    test="""\
`test.csv`: real abstracts, labelled by two annotators (language models), disagreements settled by a third;
near duplicates of them were removed from the training data. Chosen as the training data were, so harder than
a random export. Features, settings, calibration and thresholds were chosen by cross-validation on the
training data. The test set was looked at for this model and for four variants before and beside it (without
word classes, with more invented texts, with other rules for thresholds; 0.803 to 0.815 by cross-validation on
train.csv, 0.792 to 0.828 here), so expect a figure between those.""",
)


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description="Rebuild the shipped model.")
    parser.add_argument("--corpus", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--output", type=Path, default=HERE / "oxytocin-domains", help="model folder")
    parser.add_argument("--jobs", type=int, default=2, help="folds fitted at once")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        background = Path(scratch) / "background.csv"
        identifiers = labelled_background(given.corpus / "background.csv.gz", background)
        files = [
            given.corpus / "train.csv",
            background,
            given.corpus / "reworded.csv",
            given.corpus / "written.csv",
            HERE / "training" / "invented.csv",
        ]
        data = read_labelled(files, labels=DOMAIN_KEYS)
    trained = train(data, judged=["train.csv", "background.csv"], n_jobs=given.jobs, progress=say)
    for note in trained.notes:
        say(note)
    test = evaluate(Tagger(trained.model), read_labelled(given.corpus / "test.csv", labels=DOMAIN_KEYS))
    identifiers = [*train_identifiers(given.corpus / "train.csv"), *identifiers]
    save(
        trained,
        given.output,
        force=True,
        text=TEXT,
        test=test,
        files={"training-ids.csv": as_csv(("pmid", "doi", "id", "domains", "scope"), identifiers).encode()},
    )
    size = sum(path.stat().st_size for path in given.output.iterdir())
    print(f"{trained.cross_validation}\n\n{given.output}: {size:,} bytes")
    if size > MAX_SIZE:
        sys.exit(f"The model folder is larger than {MAX_SIZE:,} bytes.")


def labelled_background(path: Path, target: Path) -> list[list[str]]:
    """Write the background abstracts that have labels to `target`; give their identifiers and labels."""
    with (HERE / "training" / "background-labels.csv").open(encoding="utf-8", newline="") as file:
        labels = {row["id"]: row for row in csv.DictReader(file)}
    rows, identifiers = [], []
    for record in read_records(path):
        if label := labels.pop(record.raw["id"], None):
            its = [label["id"], label["domains"], label["scope"]]
            rows.append([*its, record.title, record.abstract])
            identifiers.append([record.pmid, record.doi, *its])
    if labels:
        sys.exit(
            f"{path} lacks {len(labels)} of the abstracts in background-labels.csv, {min(labels)} first."
        )
    header = ("id", "domains", "scope", "title", "abstract")
    target.write_text(as_csv(header, rows), encoding="utf-8", newline="")
    return identifiers


def train_identifiers(path: Path) -> list[list[str]]:
    """Identifiers and labels of the abstracts of train.csv."""
    return [
        [record.pmid, record.doi, *(record.raw[name] for name in ("id", "domains", "scope"))]
        for record in read_records(path)
    ]


def as_csv(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Give a CSV file as text."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()


def say(message: str) -> None:
    """Tell what is being done."""
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
