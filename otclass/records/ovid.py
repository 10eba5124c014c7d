"""Ovid's text exports (.txt, .ovd, .cgi): MEDLINE, Embase, PsycINFO and others through Ovid.

Records are numbered, "<1>" or "<1. >". Fields have tags ("TI  - ", for reference managers) or, in exports
with labels, names on a line of their own ("Title") above the indented text. The tags are those of Ovid's
field guides (https://ospguides.ovid.com/OSPguides/medline.htm), as in Zotero's translator "OVID Tagged". Read
with `otclass.records.tagged`.
"""

import re
from collections.abc import Callable, Iterator

from otclass.records.fields import bare_doi, bare_pmid, first, parts, plain, year_of
from otclass.records.record import Record
from otclass.records.source import Source
from otclass.records.tagged import Dialect, Fields, entries, values

_NUMBER = re.compile(r"\s*<\s*\d{1,9}\s*\.?\s*>\s*$")
_TAG = re.compile(r"([A-Z][A-Z0-9]) {0,3}-(?: |$)")
_LABEL = re.compile(r"[A-Z][A-Za-z0-9 /&().,'-]{1,60}:?\s*$")
_HEAD = re.compile(
    r"^[ \t]*<\s*\d{1,9}\s*\.?\s*>[ \t]*\n(?:[ \t]*\n)*"
    r"(?:[A-Z][A-Z0-9] {0,3}- |[A-Z][A-Za-z0-9 /&().,'-]{1,60}:?[ \t]*\n[ \t]+\S)",
    re.MULTILINE,
)
_VENDOR = re.compile(r"^VN {1,3}- Ovid Technologies", re.MULTILINE)
_END = "<>"
_TITLE_TAGS = frozenset({"TI", "Title", "Article Title"})
_ABSTRACT_TAGS = frozenset({"AB", "Abstract", "Abstracts"})
_AUTHOR_TAGS = ("FA", "AU", "Authors Full Name", "Authors", "Author", "Author(s)")
_HEADING_TAGS = ("MH", "SH", "MeSH Subject Headings", "Subject Headings", "Emtree Heading")
_KEYWORD_TAGS = ("KW", "ID", "Keyword Heading", "Author Keywords", "Keywords", "Key Concepts")
_LISTED = frozenset((*_AUTHOR_TAGS, *_HEADING_TAGS, *_KEYWORD_TAGS, "IN", "Institution"))
_AUTHORS = re.compile(r"[;\n]|(?<=\.)\s{2,}")


def sniff(head: str) -> bool:
    """Whether a text begins like an export of Ovid."""
    return bool(_HEAD.search(head) or _VENDOR.search(head))


def read(source: Source) -> Iterator[Record]:
    """Records of an export of Ovid."""
    for line, fields in entries(source, Dialect(_splitter(), start="VN", end=_END, listed=_LISTED)):
        yield _record(source, line, [(tag, text.strip()) for tag, text in fields])


def _splitter() -> Callable[[str], tuple[str, str] | None]:
    """Tag and value of a line, or label and nothing, as the record's first line has it."""
    labelled = undecided = False

    def split(line: str) -> tuple[str, str] | None:
        nonlocal labelled, undecided
        if _NUMBER.match(line):
            undecided = True
            return _END, ""
        found = _TAG.match(line)
        if undecided:
            labelled, undecided = not found, False
        if labelled:
            return (line.strip().rstrip(":"), "") if _LABEL.match(line) else None
        return (found[1], line[found.end() :].strip()) if found else None

    return split


def _record(source: Source, line: int, fields: Fields) -> Record:
    origin = values(fields, "Source", "SO")
    owners = [text for tag, text in fields if tag in {"DB", "Database", "RO", "Record Owner"}]
    medline = "medline" in " ".join(owners).lower()
    headings = tuple(word.lstrip("*") for word in _items(fields, *_HEADING_TAGS))
    keywords = _items(fields, *_KEYWORD_TAGS)
    pmid = first(map(bare_pmid, values(fields, "PM", "PMID", "PubMed ID", "PubMed Identifier")))
    if medline and not pmid:
        pmid = first(map(bare_pmid, values(fields, "UI", "AN", "Unique Identifier", "Accession Number")))
    return Record(
        title=plain(first(text for tag, text in fields if tag in _TITLE_TAGS)),
        abstract=plain("\n".join(text for tag, text in fields if tag in _ABSTRACT_TAGS)),
        keywords=keywords if medline else tuple(dict.fromkeys(keywords + headings)),
        mesh=headings if medline else (),
        pmid=pmid,
        doi=first(map(bare_doi, values(fields, "DO", "DI", "Digital Object Identifier", "DOI"))),
        year=year_of(first(values(fields, "YR", "DP", "Year of Publication", "Date of Publication")))
        or year_of(first(origin).rpartition(",")[2])
        or year_of(first(origin)),
        journal=first(values(fields, "JN", "JT", "Journal Name", "NLM Journal Name"))
        or first(origin).partition(". ")[0],
        authors=tuple(
            name
            for text in values(fields, *_AUTHOR_TAGS)
            for part in _AUTHORS.split(text)
            if (name := part.strip())
        ),
        source=source.name,
        source_line=line,
        format="ovid",
        raw={"fields": fields},
    )


def _items(fields: Fields, *tags: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for text in values(fields, *tags) for word in parts(text)))
