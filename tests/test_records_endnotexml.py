"""EndNote's XML. All records are invented."""

import io

import pytest

from otclass.records import Record, RecordError, read_records

HEAD = '<?xml version="1.0" encoding="UTF-8" ?><xml><records>'
TAIL = "</records></xml>"
STYLE = '<style face="normal" font="default" size="100%">'
RECORD = f"""<record><database name="Bees.enl" path="C:\\Bees.enl">Bees.enl</database>
<source-app name="EndNote" version="20.1">EndNote</source-app><rec-number>7</rec-number>
<foreign-keys><key app="EN" db-id="x">7</key></foreign-keys><ref-type name="Journal Article">17</ref-type>
<contributors><authors><author>{STYLE}Imker, Anna</style></author><author>{STYLE}Wabe, Bo</style></author>
</authors><secondary-authors><author>{STYLE}Editor, Eve</style></author></secondary-authors></contributors>
<titles><title>{STYLE}Bees hum \u03b2</style><style face="italic" size="100%"> in vivo</style>{STYLE} &amp;
rest</style></title><secondary-title>{STYLE}Invented Bees</style></secondary-title></titles>
<periodical><full-title>{STYLE}Journal of Invented Bees</style></full-title></periodical>
<pages>{STYLE}1-9</style></pages><volume>{STYLE}3</style></volume><number>{STYLE}2</style></number>
<keywords><keyword>{STYLE}humming</style></keyword><keyword>{STYLE}bees; hives</style></keyword></keywords>
<dates><year>{STYLE}2015</style></year><pub-dates><date>{STYLE}Mar 3</style></date></pub-dates></dates>
<isbn>{STYLE}0000-0001</style></isbn><accession-num>{STYLE}90000001</style></accession-num>
<abstract>{STYLE}Aim: Bees hum.&#xD;Result: They do.</style></abstract>
<urls><related-urls><url>{STYLE}https://example.org/1</style></url></related-urls></urls>
<electronic-resource-num>{STYLE}https://doi.org/10.1000/Bees.7</style></electronic-resource-num>
<remote-database-name>{STYLE}Medline</style></remote-database-name></record>"""
PLAIN = "<record><ref-type name='Book'>6</ref-type><titles><title>{}</title></titles></record>"


def read(text: str | bytes) -> tuple[list[Record], list[RecordError]]:
    errors: list[RecordError] = []
    data = text.encode() if isinstance(text, str) else text
    return list(read_records(io.BytesIO(data), on_error=errors.append)), errors


def test_fields() -> None:
    (record,), errors = read(HEAD + RECORD + TAIL)
    assert not errors
    assert record.title == "Bees hum \u03b2 in vivo &\nrest"
    assert record.abstract == "Aim: Bees hum.\nResult: They do."
    assert (record.pmid, record.doi, record.year) == ("90000001", "10.1000/bees.7", 2015)
    assert (record.journal, record.authors) == ("Journal of Invented Bees", ("Imker, Anna", "Wabe, Bo"))
    assert record.keywords == ("humming", "bees", "hives")
    assert (record.format, record.source_line) == ("endnotexml", 1)
    assert (record.raw["ref-type"], record.raw["secondary-authors"]) == ("Journal Article", "Editor, Eve")
    assert (record.raw["volume"], record.raw["pub-dates"]) == ("3", "Mar 3")


@pytest.mark.parametrize(
    ("database", "url", "pmid"),
    [
        ("PubMed", "", "90000001"),
        ("Embase", "", ""),
        ("", "https://pubmed.ncbi.nlm.nih.gov/90000002/", "90000002"),
        ("", "https://example.org/90000002", ""),
    ],
)
def test_pmid_only_where_the_file_says_so(database: str, url: str, pmid: str) -> None:
    (record,), _ = read(
        f"{HEAD}<record><ref-type>17</ref-type><titles><title>T</title></titles>"
        f"<accession-num>90000001</accession-num><remote-database-name>{database}</remote-database-name>"
        f"<urls><related-urls><url>{url}</url></related-urls></urls></record>{TAIL}"
    )
    assert record.pmid == pmid


def test_a_damaged_record_costs_itself_alone() -> None:
    text = (
        HEAD + "\n".join(map(PLAIN.format, ("One", "<b>Two", "Three & &beta;"))) + "\n<record><titles>" + TAIL
    )
    records, errors = read(text)
    assert [record.title for record in records] == ["One", "Three & \u03b2"]
    assert [error.line for error in errors] == [2, 4]


@pytest.mark.parametrize("depth", [500, 5_000, 100_000])
def test_depth_costs_the_record_alone(depth: int) -> None:
    deep = f"<record><titles><title>Deep</title></titles>{'<a>' * depth}x<b/>{'</a>' * depth}</record>"
    records, errors = read(HEAD + PLAIN.format("One") + deep + PLAIN.format("Two") + TAIL)
    assert [record.title for record in records if record.title != "Deep"] == ["One", "Two"]
    assert len(records) + len(errors) == 3


def test_entities_are_refused() -> None:
    with pytest.raises(RecordError, match="entities"):
        read(f'<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]>{HEAD}{PLAIN.format("&a;")}{TAIL}')


def test_other_xml_says_what_to_do() -> None:
    with pytest.raises(RecordError, match="XML"):
        read("<xml><records><record><leader>x</leader></record></records></xml>")
