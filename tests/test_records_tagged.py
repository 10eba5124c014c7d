"""Line formats: MEDLINE, RIS, EndNote, Web of Science, Ovid, Cochrane. All records are invented."""

import io

import pytest

from otclass.records import Record, read_records


def read(text: str) -> list[Record]:
    """Records of a text in which nothing may be unreadable."""

    def refuse(error: Exception) -> None:
        raise AssertionError(error)

    return list(read_records(io.BytesIO(text.encode()), on_error=refuse))


def titles(text: str) -> list[str]:
    return [record.title for record in read(text)]


MEDLINE = """
PMID- 90000001
OWN - NLM
STAT- MEDLINE
DP  - 2015 Mar-Apr
TI  - Oxytocin in the evening walk of
      retired beekeepers.
LID - S0000-1(15)7 [pii]
LID - 10.1000/Bees.7 [doi]
AB  - BACKGROUND: Bees return. METHODS: We walked with
      \u03b2-blocked keepers.
FAU - Imker, Anna
AU  - Imker A
FAU - Wabe, Bo
JT  - Journal of invented apiculture
TA  - J Inv Apic
MH  - *Oxytocin/metabolism
MH  - Bees
OT  - *walking
SO  - J Inv Apic. 2015;3(2):1-9.

PMID- 90000002
TI  - Second.
SO  - J Inv Apic. 2016. doi: 10.1000/second.
"""


def test_medline_fields() -> None:
    first, second = read(MEDLINE)
    assert first.title == "Oxytocin in the evening walk of retired beekeepers."
    assert first.abstract == "BACKGROUND: Bees return. METHODS: We walked with \u03b2-blocked keepers."
    assert (first.pmid, first.doi, first.year) == ("90000001", "10.1000/bees.7", 2015)
    assert first.journal == "Journal of invented apiculture"
    assert first.authors == ("Imker, Anna", "Wabe, Bo")
    assert first.mesh == ("Oxytocin/metabolism", "Bees")
    assert first.keywords == ("walking",)
    assert (first.format, first.source_line) == ("medline", 2)
    assert ("MH", "*Oxytocin/metabolism") in first.raw["fields"]
    assert (second.doi, second.abstract, second.source_line) == ("10.1000/second", "", 22)


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_line_ends(ends: str) -> None:
    assert read(MEDLINE.replace("\n", ends))[0].abstract == read(MEDLINE)[0].abstract


def test_medline_records_without_blank_line_between() -> None:
    assert titles(MEDLINE.replace("\n\n", "\n")) == titles(MEDLINE)


def test_medline_record_that_lost_its_pmid() -> None:
    text = "PMID- 1\nOWN - NLM\nTI  - One\n\nOWN - NLM\nTI  - Two\n\nPMID- 3\nTI  - Three\n"
    assert titles(text) == ["One", "Two", "Three"]


def test_medline_blank_line_inside_a_record() -> None:
    (record,) = read("PMID- 1\nTI  - One\n\nAB  - All of it.\n")
    assert (record.title, record.abstract) == ("One", "All of it.")


def test_ris_fields() -> None:
    (record,) = read(
        "TY  - JOUR\nTI  - Grooming among <i>invented</i> marmots\nAB  - They groom.\nAU  - Murmel, T.\n"
        "AU  - Tier, A.\nPY  - 2019/05/01/\nJO  - Alpine Letters\nDO  - https://doi.org/10.1000/MARMOT.1\n"
        "KW  - grooming\n"
        "KW  - touch; warmth\nUR  - https://pubmed.ncbi.nlm.nih.gov/90000003/\nER  - \n"
    )
    assert record.title == "Grooming among invented marmots"
    assert (record.pmid, record.doi, record.year) == ("90000003", "10.1000/marmot.1", 2019)
    assert record.keywords == ("grooming", "touch", "warmth")
    assert record.authors == ("Murmel, T.", "Tier, A.")
    assert record.journal == "Alpine Letters"
    assert record.raw["fields"][1] == ("TI", "Grooming among <i>invented</i> marmots")


@pytest.mark.parametrize(
    "text",
    [
        "TY  - JOUR\nT1  - One\nN2  - Text.\nER  - \nTY  - JOUR\nTI  - Two\nER  -",
        "TY  - JOUR\nTI  - One\nAB  - Text.\nTY  - JOUR\nTI  - Two\nER  - ",
        "TY  - JOUR\nTI  - One\nAB  - Text.\nER  -    \n \nTY  - JOUR\nTI  - Two",
        "TY - JOUR\nTI - One\nAB - Text.\nER - \nTY - JOUR\nTI - Two\nER - \n",
        "ty  - JOUR\nti  - One\nab  - Text.\ner  - \nty  - JOUR\nti  - Two\ner  - \n",
        "TI  - One\nAB  - Text.\nER  - \n\nTI  - Two\nER  - \n",
        "\ufeffTY  - JOUR\nTI  - One\nAB  - Text.\nER  - \n\ufeffTY  - JOUR\nTI  - Two\nER  - \n",
        "Provider: Somebody\nContent: text/plain\n\nTY  - JOUR\nST  - One\nAB  - Text.\nER  - \n"
        "TY  - JOUR\nTI  - Two\n",
        "TY  - JOUR\nTI  - One\nAB  - Text.\nER  - \nTY - JOUR\nTI - Two\nER - \n",
        " TY  - JOUR\n TI  - One\n AB  - Text.\n ER  - \n TY  - JOUR\n TI  - Two\n ER  - \n",
    ],
)
def test_ris_dialects(text: str) -> None:
    assert [(record.title, record.abstract) for record in read(text)] == [("One", "Text."), ("Two", "")]


def test_ris_continuing_lines_and_blank_lines() -> None:
    (record,) = read("TY  - JOUR\nTI  - One\nAB  - First line\nsecond line.\n\nNext paragraph.\nER  - \n")
    assert record.abstract == "First line second line.\nNext paragraph."


def test_ris_repeated_abstract_is_kept_whole_and_once() -> None:
    (record,) = read("TY  - JOUR\nTI  - One\nAB  - A.\nAB  - B.\nAB  - A.\nER  - \n")
    assert record.abstract == "A.\nB."


def test_ris_line_of_an_abstract_that_looks_like_a_field() -> None:
    (record,) = read("TY  - JOUR\nTI  - One\nAB  - We gave\nOT - a peptide - twice.\nER  - \n")
    assert record.abstract == "We gave OT - a peptide - twice."


def test_ris_pmid_only_where_the_database_is_pubmed() -> None:
    assert read("TY  - JOUR\nTI  - One\nAN  - 123456\nDB  - PsycINFO\nER  - \n")[0].pmid == ""
    assert read("TY  - JOUR\nTI  - One\nAN  - 123456\nDP  - PubMed\nER  - \n")[0].pmid == "123456"


def test_ris_text_between_records_is_reported() -> None:
    errors: list[Exception] = []
    text = "TY  - JOUR\nTI  - One\nER  - \nwho wrote\nthis?\nTY  - JOUR\nTI  - Two\nER  - \n"
    found = [record.title for record in read_records(io.StringIO(text), on_error=errors.append)]
    assert found == ["One", "Two"]
    assert [error.line for error in errors] == [4]  # type: ignore[attr-defined]


def test_endnote() -> None:
    first, second = read(
        "%0 Journal Article\n%A Garn, Eva\n%T Knitting in company\n%J Invented Crafts\n%D 2011\n"
        "%X They knit.\n\nAnd talk.\n%K wool; company\n%R 10.1000/knit\n%U https://www.ncbi.nlm.nih.gov/pubmed/90000004\n\n\n"
        "%0 Book\n%T Second\n"
    )
    assert (first.title, first.abstract) == ("Knitting in company", "They knit.\nAnd talk.")
    assert (first.pmid, first.doi, first.year, first.keywords) == (
        "90000004",
        "10.1000/knit",
        2011,
        ("wool", "company"),
    )
    assert (second.title, second.source_line) == ("Second", 14)
    assert first.raw["fields"][0] == ("0", "Journal Article")


def test_endnote_records_without_type() -> None:
    assert titles("%T One\n%X Text.\n\n%T Two\n%X Text.\n") == ["One", "Two"]


def test_wos() -> None:
    first, second = read(
        "FN Clarivate Analytics Web of Science\nVR 1.0\nPT J\nAU Ton, A\n   Klang, B\n"
        "AF Ton, Ada\n   Klang, Ben\n"
        "TI Humming together: an\n   invented study\nSO INVENTED MUSIC\nDE humming; choir\nID SYNCHRONY\n"
        "AB We hummed.\n   They hummed.\nPY 2020\nDI 10.1000/hum\nPM 90000005\nER\n\nPT J\nTI Two\nER\n\nEF\n"
    )
    assert first.title == "Humming together: an invented study"
    assert first.abstract == "We hummed. They hummed."
    assert first.authors == ("Ton, Ada", "Klang, Ben")
    assert first.keywords == ("humming", "choir", "SYNCHRONY")
    assert (first.pmid, first.doi, first.year, first.journal) == (
        "90000005",
        "10.1000/hum",
        2020,
        "INVENTED MUSIC",
    )
    assert (first.source_line, second.title) == (3, "Two")
    assert ("AU", "Ton, A\nKlang, B") in first.raw["fields"]


OVID = """
Database: Ovid MEDLINE(R) ALL <1946 to May 01, 2020>
Search Strategy: bees

<1. >
VN  - Ovid Technologies
DB  - Ovid MEDLINE(R)
UI  - 90000001
FA  - Imker, Anna
FA  - Wabe, Bo
AU  - Imker A
IN  - (Imker) Hive, Here
      (Wabe) Hive, There
TI  - Bees hum in the
      evening. [Review]
SO  - Journal of Invented Bees. 12(3):1999-2003, 2015 Mar.
MH  - *Oxytocin
MH  - Bees
KW  - humming; walking
AB  - BACKGROUND: Bees return.
Method(s): We waited.
DO  - https://doi.org/10.1000/Bees.7

<2. >
VN  - Ovid Technologies
DB  - Embase
UI  - 621380000
ST  - ARTICLE
TI  - Second
MH  - adult
AU  - Klang B.
PM  - 90000003 [https://www.ncbi.nlm.nih.gov/pubmed/90000003]
YR  - 2018
"""


def test_ovid_with_tags() -> None:
    first, second = read(OVID)
    assert first.title == "Bees hum in the evening. [Review]"
    assert first.abstract == "BACKGROUND: Bees return. Method(s): We waited."
    assert (first.pmid, first.doi, first.year) == ("90000001", "10.1000/bees.7", 2015)
    assert (first.journal, first.authors) == ("Journal of Invented Bees", ("Imker, Anna", "Wabe, Bo"))
    assert (first.mesh, first.keywords) == (("Oxytocin", "Bees"), ("humming", "walking"))
    assert (first.format, first.source_line) == ("ovid", 6)
    assert ("IN", "(Imker) Hive, Here\n(Wabe) Hive, There") in first.raw["fields"]
    # Embase's headings are not MeSH, and its accession numbers not PubMed's.
    assert (second.mesh, second.keywords, second.pmid, second.year) == ((), ("adult",), "90000003", 2018)


def test_ovid_without_numbers() -> None:
    text = "".join(line + "\n" for line in OVID.split("\n") if not line.startswith("<"))
    assert [record.title for record in read(text)] == ["Bees hum in the evening. [Review]", "Second"]


@pytest.mark.parametrize("number", ["<{}>", "<{}. >"])
def test_ovid_with_labels(number: str) -> None:
    text = f"""{number.format(1)}
Unique Identifier
  90000001
Record Owner
  From MEDLINE, a database of the U.S. National Library of Medicine.
Authors
  Imker A.  Wabe B.
Authors Full Name
  Imker, Anna.  Wabe, Bo.
Title
  Bees hum in the evening.
Source
  Journal of Invented Bees. 12(3):45-9, 2015 Mar.
MeSH Subject Headings
  *Oxytocin; Bees
Abstract
  BACKGROUND: Bees return.

  RESULTS: They do.
Digital Object Identifier
  https://dx.doi.org/10.1000/bees.7
Year of Publication
  2015

{number.format(2)}
Title
  Second
"""
    first, second = read(text)
    assert (first.title, first.pmid, first.year) == ("Bees hum in the evening.", "90000001", 2015)
    assert first.abstract == "BACKGROUND: Bees return.\nRESULTS: They do."
    assert (first.authors, first.mesh) == (("Imker, Anna.", "Wabe, Bo."), ("Oxytocin", "Bees"))
    assert (first.journal, first.doi) == ("Journal of Invented Bees", "10.1000/bees.7")
    assert first.raw["fields"][0] == ("Unique Identifier", "90000001")
    assert (second.title, second.source_line) == ("Second", 26)


def test_ovid_with_a_field_under_both_its_names() -> None:
    """Found by fuzzing: the later one came first."""
    (record,) = read("<1>\nTitle\n  One\nAbstract\n  First.\nTI\n  -\nAB\n  Second.\n")
    assert (record.title, record.abstract) == ("One", "First.\nSecond.")


def test_cochrane() -> None:
    first, second = read(
        "Record #1 of 2\nID: CN-00000001\nAU: Imker A\nAU: Wabe B\nTI: Bees hum: a trial\n"
        "SO: Journal of Invented Bees\nYR: 2015\nVL: 12\nNO: 3\nPG: 45\u201049\nPM: PUBMED 90000001\n"
        "XR: EMBASE 620000000\nPT: Journal article\nKY: *Oxytocin [administration & dosage]; Bees\n"
        "DOI: 10.1000/Bees.7\nAB: BACKGROUND: Bees return.\nRESULTS: they do.\n"
        "US: https://www.cochranelibrary.com/central/doi/10.1002/central/CN-00000001/full\n\n\n"
        "Record #2 of 2\nID: CD000001\nTI: Second\nSO: Cochrane Database of Systematic Reviews\n"
    )
    assert (first.title, first.pmid, first.year) == ("Bees hum: a trial", "90000001", 2015)
    assert first.abstract == "BACKGROUND: Bees return. RESULTS: they do."
    assert (first.doi, first.journal) == ("10.1000/bees.7", "Journal of Invented Bees")
    assert (first.authors, first.keywords) == (("Imker A", "Wabe B"), ("Oxytocin", "Bees"))
    assert (first.format, first.source_line) == ("cochrane", 2)
    assert ("XR", "EMBASE 620000000") in first.raw["fields"]
    assert (second.title, second.source_line) == ("Second", 22)


def test_numbers_of_cochrane_and_others_between_records_are_no_errors() -> None:
    text = 'Record #{} of 2\nProvider: John Wiley & Sons, Ltd\nContent: text/plain; charset="UTF-8"\n\n'
    ris = "TY  - JOUR\nAN  - CN-1\nTI  - One\nER  -\n\n\n"
    assert titles(text.format(1) + ris + text.format(2) + ris) == ["One", "One"]
    bib = "@article{a,\n title = {One},\n}\n\n"
    assert titles("Record #1 of 2\n" + bib + "Record #2 of 2\n" + bib) == ["One", "One"]
    assert titles("1.\n" + ris + "2.\n" + ris) == ["One", "One"]


@pytest.mark.parametrize(
    "text",
    [
        "TY  - JOUR\nTI  - One\nKW  - wool\ngrey felt\nAB  - They\nknit.\nER  - \n",
        "%0 Journal Article\n%T One\n%K wool\ngrey felt\n%X They\nknit.\n",
    ],
)
def test_keywords_a_line_each_as_endnote_writes_them(text: str) -> None:
    (record,) = read(text)
    assert (record.keywords, record.abstract) == (("wool", "grey felt"), "They knit.")
