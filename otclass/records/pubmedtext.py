"""PubMed's "Abstract (text)": numbered paragraphs for reading, which people save for an export.

Paragraphs have no marks, so they are told apart by their order and looks: citation, title, authors, what
begins like a note, the abstract, and the lines of identifiers that end it. Two empty lines divide records.
"""

import re
from collections.abc import Iterator
from typing import Any

from otclass.records.fields import bare_doi, bare_pmid, plain, year_of
from otclass.records.record import Record
from otclass.records.source import MAX_RECORD, Source

_NUMBER = re.compile(r"\d{1,7}[.:] +(?=\S)")
_HEAD = re.compile(r"\s*1[.:] \S.*\n")
_PMID = re.compile(r"^PMID: \d", re.MULTILINE)
_IDENTIFIER = re.compile(r"(DOI|PMCID|PMID): (\S+)")
_NAME = re.compile(r"[^\d:()]{1,60} [A-Z]{1,4}(?: (?:Jr|Sr|2nd|3rd))?")
_MARKS = re.compile(r"(?:\(\d+\))+")
_NOTE = re.compile(
    r"(?:Author information:|Collaborators?:|Comments? (?:in|on)\b|Errat(?:um|a) (?:in|for)\b"
    r"|Update (?:in|of)\b|Re(?:published|traction|tracted)\b.* (?:in|from|of)\b|Publisher:|\[Article in "
    r"|©|Copyright\b|\(c\) )"
)


def sniff(head: str) -> bool:
    """Whether a text begins like PubMed's abstracts for reading."""
    return bool(_HEAD.match(head) and _PMID.search(head))


def read(source: Source) -> Iterator[Record]:
    """Records of a file of PubMed's abstracts for reading."""
    for line, paragraphs in _entries(source):
        yield _record(source, line, [" ".join(lines) for lines in paragraphs])


def _entries(source: Source) -> Iterator[tuple[int, list[list[str]]]]:
    """The line each record begins at, and its paragraphs' lines."""
    paragraphs: list[list[str]] = []
    first_line = size = 0
    blanks = 2
    overlong = False
    for line in source.lines():
        text = line.strip()
        if not text:
            blanks += 1
            continue
        found = _NUMBER.match(line) if blanks >= 2 else None
        if found:
            if paragraphs:
                yield first_line, paragraphs
            paragraphs, first_line, size, overlong = [[line[found.end() :].strip()]], source.line, 0, False
        elif paragraphs:
            if blanks:
                paragraphs.append([])
            paragraphs[-1].append(text)
            size += len(text)
        elif not overlong:
            source.report(source.error("text that belongs to no record was left out", source.line))
            overlong = True
        blanks = 0
        if size > MAX_RECORD:
            source.report_overlong(first_line)
            paragraphs, size, overlong = [], 0, True
    if paragraphs:
        yield first_line, paragraphs


def _record(source: Source, line: int, paragraphs: list[str]) -> Record:
    citation, title = paragraphs[0], paragraphs[1] if len(paragraphs) > 1 else ""
    authors: tuple[str, ...] = ()
    sections: list[str] = []
    notes: list[str] = []
    identifiers: dict[str, str] = {}
    for paragraph in paragraphs[2:]:
        if not identifiers and _IDENTIFIER.match(paragraph):
            identifiers = dict(_IDENTIFIER.findall(paragraph))
        elif identifiers or _NOTE.match(paragraph):
            notes.append(paragraph)
        elif not authors and not sections and (names := _names(paragraph)):
            authors = names
        else:
            sections.append(paragraph)
    journal, _, rest = citation.partition(". ")
    raw: dict[str, Any] = {
        "citation": citation,
        "title": title,
        "authors": list(authors),
        "abstract": "\n".join(sections),
        "notes": notes,
        **identifiers,
    }
    return Record(
        title=plain(title),
        abstract=plain("\n".join(sections)),
        pmid=bare_pmid(identifiers.get("PMID", "")),
        doi=bare_doi(identifiers.get("DOI", "") or citation),
        year=year_of(rest),
        journal=journal,
        authors=authors,
        source=source.name,
        source_line=line,
        format="pubmedtext",
        raw={name: value for name, value in raw.items() if value},
    )


def _names(paragraph: str) -> tuple[str, ...]:
    """The names in a paragraph that is a list of authors, else none."""
    names = [name.strip() for name in re.split(r"[,;]", _MARKS.sub("", paragraph).rstrip(". "))]
    people = [name for name in names if _NAME.fullmatch(name)]
    return tuple(filter(None, names)) if 2 * len(people) > len(names) else ()
