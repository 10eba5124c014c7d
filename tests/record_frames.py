"""Sound records to put before and after junk, for the property tests and the fuzzer of the readers."""

import io

from otclass.records import Record, RecordError, read_records

# Where a format has no mark that ends a field, junk may lengthen the one before it: there, the record before
# ends in a field that is not looked at.
FRAMES: dict[str, tuple[str, str]] = {
    "medline": (
        "PMID- 1\nTI  - Before\nAB  - Voles.\nSO  - x\n\n",
        "\n\nPMID- 2\nTI  - After\nAB  - Mice.\nSO  - y\n",
    ),
    "ris": (
        "TY  - JOUR\nTI  - Before\nAB  - Voles.\nER  - \n\n",
        "\nTY  - JOUR\nTI  - After\nAB  - Mice.\nER  - \n",
    ),
    "endnote": (
        "%0 Journal Article\n%T Before\n%X Voles.\n%~ x\n\n",
        "\n%0 Journal Article\n%T After\n%X Mice.\n%~ y\n",
    ),
    "ovid": (
        "<1. >\nVN  - Ovid Technologies\nTI  - Before\nAB  - Voles.\nIS  - x\n\n",
        "\n<2. >\nVN  - Ovid Technologies\nTI  - After\nAB  - Mice.\n",
    ),
    "ovid labels": (
        "<1>\nTitle\n  Before\nAbstract\n  Voles.\nISSN\n  x\n\n",
        "\n<2>\nTitle\n  After\nAbstract\n  Mice.\n",
    ),
    "cochrane": (
        "Record #1 of 2\nID: CN-1\nTI: Before\nAB: Voles.\nUS: x\n\n",
        "\nRecord #2 of 2\nID: CN-2\nTI: After\nAB: Mice.\n",
    ),
    "pubmedtext": (
        "1. J. 2020.\n\nBefore\n\nVoles.\n\nPMID: 1\n\n",
        "\n\n\n2. J. 2021.\n\nAfter\n\nMice.\n\nPMID: 2\n",
    ),
    "wos": (
        "FN Any\nVR 1.0\nPT J\nTI Before\nAB Voles.\nER\n\n",
        "\nPT J\nTI After\nAB Mice.\nER\n\nEF\n",
    ),
    "pubmed": (
        "<PubmedArticleSet><PubmedArticle><MedlineCitation><Article><ArticleTitle>Before</ArticleTitle>"
        "<Abstract><AbstractText>Voles.</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>\n",
        "\n<PubmedArticle><MedlineCitation><Article><ArticleTitle>After</ArticleTitle><Abstract><AbstractText>"
        "Mice.</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>\n",
    ),
    "endnotexml": (
        "<xml><records><record><titles><title>Before</title></titles><ref-type>17</ref-type>"
        "<abstract>Voles.</abstract></record>\n",
        "\n<record><titles><title>After</title></titles><abstract>Mice.</abstract></record></records></xml>\n",
    ),
    "bibtex": (
        "@article{a,\n title = {Before},\n abstract = {Voles.}\n}\n",
        "\n@article{b,\n title = {After},\n abstract = {Mice.}\n}\n",
    ),
    "table": ('title,abstract\nBefore,"Voles."\n', '\nAfter,"Mice."\n'),
    "json": ('{"title": "Before", "abstract": "Voles."}\n', '\n{"title": "After", "abstract": "Mice."}\n'),
    "json array": (
        '[{"title": "Before", "abstract": "Voles."},\n',
        ',\n{"title": "After", "abstract": "Mice."}]\n',
    ),
}
"""Format ("json" and "ovid" in two forms) to what stands before and after the junk."""


def read(data: bytes, name: str) -> tuple[list[Record], list[RecordError]]:
    """All that can be read of `data`; nothing but RecordError is caught."""
    records: list[Record] = []
    errors: list[RecordError] = []
    try:
        for record in read_records(io.BytesIO(data), format=name.split()[0], on_error=errors.append):
            # All of it can be written to a file.
            repr(record.raw).encode()
            "\n".join((record.title, record.abstract, *record.keywords, *record.authors)).encode()
            records.append(record)
    except RecordError as error:
        errors.append(error)
    return records, errors


def lost_neighbours(junk: bytes, name: str) -> list[str]:
    """Which of the records before and after `junk` is not read as it stands there."""
    before, after = FRAMES[name]
    records, _ = read(before.encode() + junk + after.encode(), name)
    found = [(record.title, record.abstract) for record in records]
    lost = []
    # In a line format without end tag, junk may add an abstract to the record before.
    if not any(title == "Before" and abstract.startswith("Voles.") for title, abstract in found):
        lost.append("before")
    if ("After", "Mice.") not in found:
        lost.append("after")
    return lost
