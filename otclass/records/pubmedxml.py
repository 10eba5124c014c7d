"""PubMed's XML: EFetch, "Save as XML", and the baseline and update files (.xml.gz).

The file is cut at its <PubmedArticle> elements and each is parsed by itself with the standard library's expat.
So a malformed article costs that article alone, memory stays flat, and as the document type declaration never
reaches a parser, no entity it declares is expanded and nothing it names is fetched. lxml's iterparse took
0.35 s for 48 MB, expat 0.41 s, and 0.31 s without the reference lists, which hold half of a file and nothing
that is read here; too little between them for a dependency. pubmed_parser 0.5 took 2.2 s and stops at the
first malformed article.

Elements as NLM describes them: https://www.nlm.nih.gov/bsd/licensee/elements_descriptions.html
"""

import codecs
import html
import itertools
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

from otclass.records.fields import bare_doi, plain, year_of
from otclass.records.record import Record
from otclass.records.source import MAX_RECORD, Source

_CHUNK = 1 << 20
_OPEN = re.compile(rb"<Pubmed(?:Book)?Article[\s>]")
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*[01]?[0-9a-f]);"
)
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9A-Fa-f]+);)(\w+;)?")


def sniff(head: str) -> bool:
    """Whether a text begins like PubMed's XML."""
    return head.lstrip()[:1] == "<" and bool(re.search(r"<Pubmed(?:Book)?Article(?:Set)?[\s>]", head))


def read(source: Source) -> Iterator[Record]:
    """Records of a PubMed XML file."""
    if "<!ENTITY" in source.text_head():
        raise source.error(
            "the XML declares entities of its own, which PubMed's never does; such files can be made to fill the "
            "memory or to read other files, so this one is refused. Export the records from PubMed again"
        )
    for line, data in _articles(source):
        try:
            article = _parse(source, data)
        except (ET.ParseError, ValueError) as error:
            source.report(source.error(f"the article's XML is malformed ({error}); it was left out", line))
            continue
        yield _record(source, line, article)


def _chunks(source: Source) -> Iterator[bytes]:
    if not source.encoding.startswith("utf-8"):
        decoder = codecs.getincrementaldecoder(source.encoding)("replace")
        while data := source.binary.read(_CHUNK):
            yield decoder.decode(data).encode()
    else:
        while data := source.binary.read(_CHUNK):
            yield data


def _next_open(data: bytes, start: int, end: int) -> int:
    """Where the next article opens, or -1. (A regular expression alone takes several times as long.)"""
    while (start := data.find(b"<Pubmed", start, end)) >= 0 and not _OPEN.match(data, start):
        start += 1
    return start


def _articles(source: Source) -> Iterator[tuple[int, bytes]]:
    """Each article's first line and its bytes."""
    data = b""
    at = counted = 0
    line = 1
    for chunk in itertools.chain(_chunks(source), [b""]):
        line += data.count(b"\n", counted, at)
        data = data[at:] + chunk
        at = counted = 0
        while (start := _next_open(data, at, len(data))) >= 0:
            line += data.count(b"\n", counted, start)
            counted = at = start
            closing = b"</PubmedBookArticle>" if data.startswith(b"<PubmedB", start) else b"</PubmedArticle>"
            end = data.find(closing, start)
            following = _next_open(data, start + 1, end if end >= 0 else len(data))
            overlong = (end if end >= 0 else len(data)) - start > MAX_RECORD
            if following >= 0 or overlong or (end < 0 and not chunk):
                what = f"is longer than {MAX_RECORD:,} bytes" if overlong else "has no end"
                source.report(source.error(f"the article {what} and was left out", line))
                at = following if following >= 0 else end if end >= 0 else len(data)
            elif end >= 0:
                at = end + len(closing)
                yield line, data[start:at]
            else:
                break
        else:
            at = max(at, len(data) - len("<PubmedBookArticle "))  # an opening tag may be cut in two


def _parse(source: Source, data: bytes) -> ET.Element:
    references = data.find(b"<ReferenceList")
    if references >= 0:
        last = data.rfind(b"</ReferenceList>")
        if last > references:
            data = data[:references] + data[last + len(b"</ReferenceList>") :]
    try:
        return ET.fromstring(data)
    except ET.ParseError:
        # Bytes that are not UTF-8, control characters, a bare "&" or HTML's "&beta;" are put right.
        text = _CONTROLS.sub(
            "", source.decode(data) if source.encoding.startswith("utf-8") else data.decode()
        )
        return ET.fromstring(_ENTITY.sub(_resolved, text))


def _resolved(found: re.Match[str]) -> str:
    character = html.unescape(found[0])
    return html.escape(character if len(character) < len(found[0]) or not found[1] else found[0])


def _record(source: Source, line: int, article: ET.Element) -> Record:
    book = article.find("BookDocument")
    citation = book if book is not None else article.find("MedlineCitation")
    if citation is None:
        citation = article
    main = citation if book is not None else citation.find("Article")
    if main is None:
        main = citation
    title = _text(main, "ArticleTitle") or _text(main, "Book/BookTitle") or _text(main, "VernacularTitle")
    abstract = _abstract(main.find("Abstract")) or _abstract(citation.find("OtherAbstract"))
    journal = _text(main, "Journal/Title") or _text(citation, "MedlineJournalInfo/MedlineTA")
    pmid = _text(citation, "PMID")
    doi = bare_doi(_text_where(main, "ELocationID", "EIdType", "doi")) or bare_doi(
        _text_where(article, "PubmedData/ArticleIdList/ArticleId", "IdType", "doi")
        or _text_where(citation, "ArticleIdList/ArticleId", "IdType", "doi")
    )
    date = main.find("Journal/JournalIssue/PubDate")
    if date is None:
        date = main.find("Book/PubDate")
    published = " ".join(filter(None, (part.text for part in date))) if date is not None else ""
    authors = tuple(filter(None, map(_author, main.iterfind("AuthorList/Author"))))
    mesh = tuple(map(_heading, citation.iterfind("MeshHeadingList/MeshHeading")))
    keywords = tuple(filter(None, map(_all_text, citation.iterfind("KeywordList/Keyword"))))
    fields: dict[str, Any] = {
        "PMID": pmid,
        "ArticleTitle": title,
        "AbstractText": abstract,
        "Author": list(authors),
        "Title": journal or _text(main, "Book/BookTitle"),
        "ISOAbbreviation": _text(main, "Journal/ISOAbbreviation"),
        "ISSN": _text(main, "Journal/ISSN"),
        "Volume": _text(main, "Journal/JournalIssue/Volume"),
        "Issue": _text(main, "Journal/JournalIssue/Issue"),
        "MedlinePgn": _text(main, "Pagination/MedlinePgn"),
        "PubDate": published,
        "Language": [element.text or "" for element in main.iterfind("Language")],
        "PublicationType": [
            element.text or "" for element in main.iterfind("PublicationTypeList/PublicationType")
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
        journal=journal or (_text(main, "Book/BookTitle") if book is not None else ""),
        authors=authors,
        source=source.name,
        source_line=line,
        format="pubmed",
        raw={name: value for name, value in fields.items() if value},
    )


def _all_text(element: ET.Element) -> str:
    # Most elements hold no others.
    return plain("".join(element.itertext()) if len(element) else element.text or "")


def _text(parent: ET.Element, path: str) -> str:
    element = parent.find(path)
    return _all_text(element) if element is not None else ""


def _text_where(parent: ET.Element, path: str, attribute: str, value: str) -> str:
    for element in parent.iterfind(path):
        if element.get(attribute) == value and element.get("ValidYN") != "N":
            return element.text or ""
    return ""


def _abstract(element: ET.Element | None) -> str:
    """The sections in one text, each after its label, as PubMed's own MEDLINE format has them."""
    if element is None:
        return ""
    sections = []
    for section in element.iterfind("AbstractText"):
        text, label = _all_text(section), section.get("Label")
        sections.append(f"{label}: {text}" if label and label != "UNLABELLED" else text)
    return " ".join(filter(None, sections)) or _all_text(element)


def _author(element: ET.Element) -> str:
    family, given = element.findtext("LastName"), element.findtext("ForeName") or element.findtext("Initials")
    if family:
        return f"{family}, {given}" if given else family
    return _text(element, "CollectiveName")


def _heading(element: ET.Element) -> str:
    return "/".join(part.text or "" for part in element)
