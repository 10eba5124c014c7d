"""PubMed's "Abstract (text)". All records are invented."""

import io

import pytest

from otclass.records import Record, RecordError, read_records

TEXT = """1. J Voles. 2021 Mar;3(4):1999-2003. doi: 10.9999/Voles.1. Epub 2021 Jan 2.

Oxytocin and the grief of voles: a title that is long enough to be
wrapped.

Vole A(1), Müller-Maus BC(2)(3); Burrow Study Group.

Author information:
(1)Department of Burrows, Here.
(2)Nest, There.

Comment in
    J Voles. 2022;4:1.

BACKGROUND: Voles grieve, and
widows do.
METHODS: We watched:

1. by day;

2. by night.

© 2021. The Authors.

DOI: 10.9999/voles.1
PMCID: PMC9000001
PMID: 90000001 [Indexed for MEDLINE]

Conflict of interest statement: none.


2. J Voles. 2020;2(1):1-2.

[A title without an abstract].

[Article in German]

Vole A.

PMID: 90000002


3. Lancet. 2019.

No authors here.

Results were seen.

PMID: 90000003
"""


def read(text: str) -> tuple[list[Record], list[RecordError]]:
    errors: list[RecordError] = []
    return list(read_records(io.BytesIO(text.encode()), on_error=errors.append)), errors


def test_fields() -> None:
    (first, second, third), errors = read(TEXT)
    assert first.title == "Oxytocin and the grief of voles: a title that is long enough to be wrapped."
    assert first.abstract == (
        "BACKGROUND: Voles grieve, and widows do. METHODS: We watched:\n1. by day;\n2. by night."
    )
    assert (first.pmid, first.doi, first.year) == ("90000001", "10.9999/voles.1", 2021)
    assert (first.journal, first.authors) == ("J Voles", ("Vole A", "Müller-Maus BC", "Burrow Study Group"))
    assert (first.format, first.source_line) == ("pubmedtext", 1)
    assert first.raw["notes"][0].startswith("Author information: (1)Department")
    assert first.raw["notes"][-1] == "Conflict of interest statement: none."
    assert first.raw["PMCID"] == "PMC9000001"
    assert (second.title, second.abstract, second.authors) == (
        "[A title without an abstract].",
        "",
        ("Vole A",),
    )
    assert (third.abstract, third.authors, third.pmid) == ("Results were seen.", (), "90000003")
    assert not errors


@pytest.mark.parametrize("text", ["1. Introduction\n\nVoles bond.\n", "Voles.\n\nPMID: 1\n"])
def test_other_texts_are_no_file_of_pubmed(text: str) -> None:
    with pytest.raises(RecordError, match="no format"):
        read(text)
