"""PubMed's XML. All records are invented."""

import gzip
import io
from pathlib import Path

import pytest

from otclass.records import Record, RecordError, read_records

HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2024//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_240101.dtd">\n<PubmedArticleSet>\n'
)
TAIL = "</PubmedArticleSet>\n"
ARTICLE = """<PubmedArticle>
  <MedlineCitation Status="MEDLINE" Owner="NLM">
    <PMID Version="1">90000001</PMID>
    <Article PubModel="Print">
      <Journal>
        <ISSN IssnType="Print">0000-0001</ISSN>
        <JournalIssue CitedMedium="Print"><Volume>3</Volume><Issue>2</Issue>
          <PubDate><MedlineDate>2015 Mar-Apr</MedlineDate></PubDate></JournalIssue>
        <Title>Journal of invented apiculture</Title>
      </Journal>
      <ArticleTitle>Oxytocin in the <i>evening</i> walk of beekeepers &amp; bees.</ArticleTitle>
      <Pagination><MedlinePgn>1-9</MedlinePgn></Pagination>
      <ELocationID EIdType="doi" ValidYN="Y">10.1000/Bees.7</ELocationID>
      <Abstract>
        <AbstractText Label="BACKGROUND" NlmCategory="BACKGROUND">Bees return, p&lt;0.05.</AbstractText>
        <AbstractText Label="METHODS" NlmCategory="METHODS">We gave \u03b2<sub>2</sub>.</AbstractText>
      </Abstract>
      <AuthorList><Author><LastName>Imker</LastName><ForeName>Anna</ForeName></Author>
        <Author><CollectiveName>The Hive Group</CollectiveName></Author></AuthorList>
      <Language>eng</Language>
    </Article>
    <MeshHeadingList><MeshHeading><DescriptorName UI="D1">Oxytocin</DescriptorName>
      <QualifierName UI="Q1">metabolism</QualifierName></MeshHeading></MeshHeadingList>
    <KeywordList Owner="NOTNLM"><Keyword MajorTopicYN="N">walking</Keyword></KeywordList>
  </MedlineCitation>
  <PubmedData><ArticleIdList><ArticleId IdType="doi">10.1000/other</ArticleId></ArticleIdList>
    <ReferenceList><Reference><Citation>Nobody 1999</Citation>
      <ArticleIdList><ArticleId IdType="doi">10.1000/cited</ArticleId></ArticleIdList>
    </Reference></ReferenceList>
  </PubmedData>
</PubmedArticle>
"""


def small(title: str) -> str:
    return (
        f"<PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>{title}</ArticleTitle></Article>"
        "</MedlineCitation></PubmedArticle>\n"
    )


def read(text: str | bytes) -> tuple[list[Record], list[RecordError]]:
    errors: list[RecordError] = []
    data = text.encode() if isinstance(text, str) else text
    return list(read_records(io.BytesIO(data), on_error=errors.append)), errors


def test_fields() -> None:
    (record,), errors = read(HEAD + ARTICLE + TAIL)
    assert not errors
    assert record.title == "Oxytocin in the evening walk of beekeepers & bees."
    assert record.abstract == "BACKGROUND: Bees return, p<0.05. METHODS: We gave \u03b22."
    assert (record.pmid, record.doi, record.year) == ("90000001", "10.1000/bees.7", 2015)
    assert record.journal == "Journal of invented apiculture"
    assert record.authors == ("Imker, Anna", "The Hive Group")
    assert (record.mesh, record.keywords) == (("Oxytocin/metabolism",), ("walking",))
    assert (record.format, record.source_line) == ("pubmed", 4)
    assert record.raw["Volume"] == "3"
    assert record.raw["MedlinePgn"] == "1-9"


def test_doi_is_not_taken_from_the_references() -> None:
    text = ARTICLE.replace("10.1000/Bees.7", "").replace("10.1000/other", "")
    (record,), _ = read(HEAD + text + TAIL)
    assert record.doi == ""


def test_articles_across_blocks_and_their_lines(tmp_path: Path) -> None:
    count = 2000  # some 4 MB, so that blocks end inside articles and tags
    path = tmp_path / "baseline.xml.gz"
    path.write_bytes(gzip.compress((HEAD + ARTICLE * count + TAIL).encode(), 1))
    lines = ARTICLE.count("\n")
    for number, record in enumerate(read_records(path)):
        assert record.source_line == 4 + number * lines
        assert record.pmid == "90000001"
    assert number == count - 1


def test_a_malformed_article_costs_itself_alone() -> None:
    records, (error,) = read(HEAD + small("One") + small("T<wo") + small("Three") + TAIL)
    assert [record.title for record in records] == ["One", "Three"]
    assert error.line == 5
    assert "malformed" in str(error)


def test_an_article_without_end() -> None:
    records, (error,) = read(HEAD + small("One").replace("</PubmedArticle>", "") + small("Two") + TAIL)
    assert [record.title for record in records] == ["Two"]
    assert (error.line, "no end" in str(error)) == (4, True)


def test_a_file_cut_off() -> None:
    records, (error,) = read((HEAD + small("One") + small("Two"))[:-40])
    assert [record.title for record in records] == ["One"]
    assert "no end" in str(error)


def test_small_damage_is_put_right() -> None:
    text = HEAD + small("One & two") + small("&beta;\x01 &#2;&nbsp;x") + TAIL
    records, errors = read(text.encode().replace(b"two", "zwö".encode("cp1252")))
    assert [record.title for record in records] == ["One & zwö", "β \xa0x"]
    assert not errors


def test_utf16() -> None:
    records, _ = read((HEAD.replace("utf-8", "utf-16") + small("β") + TAIL).encode("utf-16"))
    assert [record.title for record in records] == ["β"]


def test_book() -> None:
    records, _ = read(
        HEAD
        + "<PubmedBookArticle><BookDocument><PMID>5</PMID><Book><BookTitle>Invented Bees</BookTitle><PubDate>"
        "<Year>2001</Year></PubDate></Book><ArticleTitle>Of Drones</ArticleTitle><Abstract><AbstractText>"
        "They hum."
        "</AbstractText></Abstract></BookDocument></PubmedBookArticle>" + TAIL
    )
    assert [(r.title, r.abstract, r.journal, r.year) for r in records] == [
        ("Of Drones", "They hum.", "Invented Bees", 2001)
    ]


def test_entities_of_its_own_are_refused() -> None:
    head = HEAD.replace('"https', '[<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">] "https')
    with pytest.raises(RecordError, match="entities"):
        read(head + small("&b;") + TAIL)


def test_nothing_is_expanded_or_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hidden")
    # Declared where the reader does not look for it, it still means nothing.
    filler = "<!-- " + "x" * 70_000 + " -->"
    text = HEAD.replace(
        "<!DOCTYPE", filler + f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]><!DOCTYPE'
    )
    errors: list[RecordError] = []
    records = list(
        read_records(io.StringIO(text + small("A&e;") + TAIL), format="pubmed", on_error=errors.append)
    )
    assert "hidden" not in records[0].title


def test_other_xml_is_not_pubmed() -> None:
    with pytest.raises(RecordError, match="XML, but not PubMed's or EndNote's"):
        read("<?xml version='1.0'?><records><record/></records>")
