"""Exports of named tools, in the layouts that they have; the records are invented."""

import io

import pytest

from otclass.records import RecordError, read_records

HUM = {
    "title": "Bees hum",
    "abstract": "Bees hum.",
    "year": 2015,
    "doi": "10.1000/bees",
    "pmid": "90000001",
    "journal": "Journal of Invented Bees",
    "authors": ("Imker, A", "Wabe, B"),
    "keywords": ("humming", "walking"),
}

# Tool: the export, and what its record has in place of what HUM says.
EXPORTS = {
    "Embase, CSV": (
        '\ufeff"Title","Original Title","Author Names","Source","Source title","Publication Year","Volume",'
        '"Issue","First Page","Last Page","Date of Publication","ISSN","Abstract","Original Abstract",'
        '"Author Keywords","Emtree Drug Index Terms (Major Focus)","Embase Accession ID",'
        '"Medline PMID","PUI",'
        '"DOI","Full Text Link"\r\n"Bees hum","","Imker, A; Wabe, B","Journal of Invented Bees (2015) 3:2",'
        '"Journal of Invented Bees","2015","3","2","45","49","1 Mar 2015","0000-0001","Bees hum.","",'
        '"humming; walking","oxytocin","620000001","90000001","L620000001","10.1000/bees","https://x"\r\n',
        {},
    ),
    "Embase, RIS": (
        "TY  - JOUR\nM3  - Article\nTI  - Bees hum\nY1  - 2015//\nVL  - 3\nN2  - Bees hum.\nAU  "
        "- Imker, A\n"
        "AU  - Wabe, B\nJF  - Journal of Invented Bees\nJA  - J. Inv. Bees\nKW  - humming\nKW  - walking\n"
        "U2  - L620000001\nU4  - 2015-03-01\nDB  - Embase\nDB  - Medline\nDO  - 10.1000/bees\n"
        "UR  - https://www.embase.com/records?id=L620000001\nER  -\n\n",
        {"pmid": ""},
    ),
    "EBSCO, RIS": (
        "TY  - JOUR\nID  - 103000001\nA1  - Imker, A\nAU  - Wabe, B\nT1  - Bees hum\nJO  - J Inv Bees\n"
        "JF  - Journal of Invented Bees\nY1  - 2015/03//Mar2015\nN2  - Bees hum.\nKW  - "
        "humming\nKW  - walking\n"
        "DO  - 10.1000/bees\nUR  - "
        "https://search.ebscohost.com/login.aspx?direct=true&db=ccm&AN=103000001\n"
        "DP  - EBSCOhost\nDB  - CINAHL Complete\nER  - \n",
        {"pmid": ""},
    ),
    "EBSCO, CSV": (
        '"Article Title","Author","Journal Title","ISSN","ISBN","Publication Date","Volume",'
        '"Issue","First Page",'
        '"Page Count","Accession Number","DOI","Publisher","Doctype","Subjects","Keywords",'
        '"Abstract","PLink"\n'
        '"Bees hum","Imker, A; Wabe, B;","Journal of Invented Bees","00000001","","20150301",'
        '"3","2","45","5",'
        '"103000001","10.1000/bees","Hive","Article","BEES; OXYTOCIN","humming; walking","Bees '
        'hum.","https://x"\n',
        {"pmid": "", "keywords": ("humming", "walking", "BEES", "OXYTOCIN")},
    ),
    "Scopus, CSV": (
        '\ufeff"Authors","Author full names","Author(s) ID","Title","Year","Source title","Volume","Issue",'
        '"Art. No.","Page start","Page end","Cited by","DOI","Link","Abstract","Author Keywords",'
        '"Index Keywords","PubMed ID","Document Type","EID"\n"Imker, A; Wabe, B","Imker, Anna '
        '(1); Wabe, Bo (2)",'
        '"1; 2","Bees hum","2015","Journal of Invented Bees","3","2","","45","49","7",'
        '"10.1000/bees","https://x",'
        '"Bees hum.","humming; walking","","90000001","Article","2-s2.0-1"\n',
        {},
    ),
    "Web of Science, tab": (
        "\ufeffPT\tAU\tBA\tAF\tTI\tSO\tLA\tDT\tDE\tID\tAB\tC1\tPY\tVL\tIS\tBP\tEP\tDI\tPM\t"
        "UT\r\nJ\tImker, A\t\t"
        "Imker, A; Wabe, B\tBees hum\tJournal of Invented Bees\tEnglish\tArticle\thumming; "
        "walking\tSYNCHRONY\t"
        "Bees hum.\tHive\t2015\t3\t2\t45\t49\t10.1000/bees\t90000001\tWOS:1\r\n",
        {},
    ),
    "Web of Science, Excel's names": (
        "Publication Type\tAuthors\tBook Authors\tAuthor Full Names\tArticle Title\tSource Title\t"
        "Author Keywords\tKeywords Plus\tAbstract\tPublication Year\tDOI\tPubmed Id\tUT (Unique WOS ID)\n"
        "J\tImker, A; Wabe, B\t\tImker, Anna; Wabe, Bo\tBees hum\tJournal of Invented Bees\t"
        "humming\twalking\t"
        "Bees hum.\t2015\t10.1000/bees\t90000001\tWOS:1\n",
        {},
    ),
    "Covidence, CSV": (
        "Title,Authors,Abstract,Published Year,Published Month,Journal,Volume,Issue,Pages,"
        "Accession Number,DOI,"
        'Ref,Covidence #,Study,Notes,Tags\nBees hum,"Imker, A; Wabe, B",Bees hum.,2015,Mar,'
        'Journal of Invented Bees,3,2,45,90000001,10.1000/bees,1,#7,Imker 2015,"Exclusion '
        'reason: none",later\n',
        {"pmid": "", "keywords": ()},
    ),
    "Rayyan, CSV": (
        "key,title,year,month,day,journal,issn,volume,issue,pages,authors,url,language,publisher,location,"
        "abstract,notes,doi,keywords,pubmed_id,pmc_id\nrayyan-1,Bees hum,2015,3,1,Journal of Invented Bees,"
        '0000-0001,3,2,45-49,"Imker, A and Wabe, B",https://x,eng,Hive,,Bees hum.,"RAYYAN-INCLUSION: '
        '{""Anna""=>""Included""}",10.1000/bees,humming; walking,90000001,\n',
        {},
    ),
    "Dimensions, CSV": (
        '"About the data: Exported on May 01, 2020. Criteria: bees."\nRank,Publication ID,DOI,'
        "PMID,PMCID,Title,"
        "Abstract,Source title,Anthology title,PubYear,Volume,Authors\n500,pub.1,10.1000/bees,"
        "90000001,,Bees hum,"
        'Bees hum.,Journal of Invented Bees,,2015,3,"Imker, A; Wabe, B"\n',
        {"keywords": ()},
    ),
    "Ovid, RIS": (
        "1.\nTY  - JOUR\nID  - 90000001\nT1  - Bees hum\nA1  - Imker, A\nA1  - Wabe, B\nY1  - 2015//\n"
        "N2  - Bees hum.\nKW  - humming\nKW  - walking\nJF  - Journal of Invented Bees\nJA  - J Inv Bees\n"
        "DB  - Ovid MEDLINE(R) <2015>\nDO  - 10.1000/bees\nUR  - https://ovidsp.ovid.com/x\nER  - \n\n",
        {},
    ),
    "Semantic Scholar": (
        '{"total": 1, "offset": 0, "data": [{"paperId": "x", "externalIds": {"DOI": "10.1000/bees", '
        '"PubMed": "90000001"}, "title": "Bees hum", "abstract": "Bees hum.", "venue": "J Inv Bees", '
        '"journal": {"name": "Journal of Invented Bees", "volume": "3"}, "year": 2015, '
        '"tldr": {"text": "They do."}, "authors": [{"authorId": "1", "name": "Imker, A"}, '
        '{"authorId": "2", "name": "Wabe, B"}]}]}',
        {"keywords": (), "journal": "Journal of Invented Bees"},
    ),
}


@pytest.mark.parametrize("tool", EXPORTS)
def test_fields(tool: str) -> None:
    text, other = EXPORTS[tool]
    errors: list[RecordError] = []
    (record,) = read_records(io.BytesIO(text.encode()), on_error=errors.append)
    expected = HUM | other
    assert {name: getattr(record, name) for name in expected} == expected
    assert not errors


def test_embase_csv_with_fields_by_row_is_refused() -> None:
    text = '"TITLE","Bees hum"\r\n"AUTHOR NAMES","Imker A.","Wabe B."\r\n"ABSTRACT","Bees hum."\r\n'
    with pytest.raises(RecordError, match="fields by column"):
        list(read_records(io.BytesIO(text.encode())))
