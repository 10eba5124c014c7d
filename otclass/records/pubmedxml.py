"""PubMed's XML: EFetch, "Save as XML", and the baseline and update files (.xml.gz).

Read with `otclass.records.elements`. lxml's iterparse took 0.35 s for 48 MB, expat 0.41 s, and 0.31 s without
the reference lists, which hold half of a file and nothing that is read here; too little between them for a
dependency. pubmed_parser 0.5 took 2.2 s and stops at the first malformed article.

Elements as NLM describes them: https://www.nlm.nih.gov/bsd/licensee/elements_descriptions.html
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

from otclass.records.elements import elements, parse, refuse_entities
from otclass.records.fields import bare_doi, plain, year_of
from otclass.records.record import Record
from otclass.records.source import Source


def sniff(head: str) -> bool:
    """Whether a text begins like PubMed's XML."""
    return head.lstrip()[:1] == "<" and bool(re.search(r"<Pubmed(?:Book)?Article(?:Set)?[\s>]", head))


def read(source: Source) -> Iterator[Record]:
    """Records of a PubMed XML file."""
    refuse_entities(source, "<Pubmed")
    for line, data in elements(source, "Pubmed", ("Article", "BookArticle")):
        try:
            article = parse(source, _without_references(data))
        except (ET.ParseError, ValueError) as error:
            source.report(source.error(f"the article's XML is malformed ({error}); it was left out", line))
            continue
        yield _record(source, line, article)


def _without_references(data: bytes) -> bytes:
    begin = data.find(b"<ReferenceList")
    end = data.rfind(b"</ReferenceList>")
    return data[:begin] + data[end + len(b"</ReferenceList>") :] if 0 <= begin < end else data


def _record(source: Source, line: int, article: ET.Element) -> Record:
    # Paths of one step each: those of several are followed in Python and take twice the time of the parser.
    book = _child(article, "BookDocument")
    citation = _child(article, "MedlineCitation") if book is _NONE else book
    main = _child(citation, "Article") if book is _NONE else book
    journal = _child(main, "Journal")
    issue = _child(journal, "JournalIssue")
    of_book = _child(main, "Book")
    title = _text(main, "ArticleTitle") or _text(of_book, "BookTitle") or _text(main, "VernacularTitle")
    abstract = _abstract(_child(main, "Abstract")) or _abstract(_child(citation, "OtherAbstract"))
    name = (
        _text(journal, "Title")
        or _text(_child(citation, "MedlineJournalInfo"), "MedlineTA")
        or _text(of_book, "BookTitle")
    )
    date = _child(issue if book is _NONE else of_book, "PubDate")
    published = " ".join([part.text for part in date if part.text])
    authors = tuple(filter(None, map(_author, _child(main, "AuthorList").findall("Author"))))
    mesh = tuple(map(_heading, _child(citation, "MeshHeadingList").findall("MeshHeading")))
    keywords = tuple(filter(None, map(_all_text, _child(citation, "KeywordList").findall("Keyword"))))
    pmid, doi = _text(citation, "PMID"), _doi(article, citation, main)
    fields: dict[str, Any] = {
        "PMID": pmid,
        "ArticleTitle": title,
        "AbstractText": abstract,
        "Author": list(authors),
        "Title": name,
        "ISOAbbreviation": _text(journal, "ISOAbbreviation"),
        "ISSN": _text(journal, "ISSN"),
        "Volume": _text(issue, "Volume"),
        "Issue": _text(issue, "Issue"),
        "MedlinePgn": _text(_child(main, "Pagination"), "MedlinePgn"),
        "PubDate": published,
        "Language": [element.text or "" for element in main.findall("Language")],
        "PublicationType": [
            element.text or "" for element in _child(main, "PublicationTypeList").findall("PublicationType")
        ],
        "MeshHeading": list(mesh),
        "Keyword": list(keywords),
        "DOI": doi,
    }
    return Record(
        title=title,
        abstract=abstract,
        keywords=keywords,
        mesh=mesh,
        pmid=pmid,
        doi=doi,
        year=year_of(published),
        journal=name,
        authors=authors,
        source=source.name,
        source_line=line,
        format="pubmed",
        raw={name: value for name, value in fields.items() if value},
    )


_NONE = ET.Element("none")
"""Stands for an element that is not there."""


def _child(parent: ET.Element, tag: str) -> ET.Element:
    element = parent.find(tag)
    return _NONE if element is None else element


def _all_text(element: ET.Element) -> str:
    # Most elements hold no others.
    return plain("".join(element.itertext()) if len(element) else element.text or "")


def _text(parent: ET.Element, tag: str) -> str:
    element = parent.find(tag)
    return "" if element is None else _all_text(element)


def _doi(article: ET.Element, citation: ET.Element, main: ET.Element) -> str:
    for element in main.findall("ELocationID"):
        if element.get("EIdType") == "doi" and element.get("ValidYN") != "N":
            return bare_doi(element.text or "")
    for parent in (_child(article, "PubmedData"), _child(article, "PubmedBookData"), citation):
        for element in _child(parent, "ArticleIdList").findall("ArticleId"):
            if element.get("IdType") == "doi":
                return bare_doi(element.text or "")
    return ""


def _abstract(element: ET.Element) -> str:
    """The sections in one text, each after its label, as PubMed's own MEDLINE format has them."""
    sections = []
    for section in element.findall("AbstractText"):
        text, label = _all_text(section), section.get("Label")
        sections.append(f"{label}: {text}" if label and label != "UNLABELLED" else text)
    return " ".join(filter(None, sections)) or _all_text(element)


def _author(element: ET.Element) -> str:
    family, given = element.findtext("LastName"), element.findtext("ForeName") or element.findtext("Initials")
    if family:
        return f"{family}, {given}" if given else family
    return _text(element, "CollectiveName")


def _heading(element: ET.Element) -> str:
    return "/".join([part.text or "" for part in element])
