"""EndNote's tagged format, the "refer" of old (.enw). No library of the field reads it.

EndNote writes keywords a line each below one tag, and so notes.
"""

import re
from collections.abc import Iterator

from otclass.records.fields import bare_doi, bare_pmid, first, parts, plain, year_of
from otclass.records.record import Record
from otclass.records.source import Source
from otclass.records.tagged import Dialect, Fields, entries, value, values

_FIELD = re.compile(r"\s?%([0-9A-Z@!#$&(*+^<>\[\]~=?|])(?:[ \t]|$)")
_LINES = re.compile(r"^%[0ATJDX] \S", re.MULTILINE)


def sniff(head: str) -> bool:
    """Whether a text begins like an EndNote tagged file."""
    return head.lstrip().startswith("%") and len(_LINES.findall(head)) >= 1


def read(source: Source) -> Iterator[Record]:
    """Records of an EndNote tagged file."""
    for line, fields in entries(source, DIALECT):
        yield Record(
            title=plain(value(fields, "T", "B", "!")),
            abstract=plain("\n".join(values(fields, "X"))),
            keywords=tuple(word for text in values(fields, "K") for word in parts(text, ";")),
            pmid=_pmid(fields),
            doi=first(map(bare_doi, values(fields, "R") + values(fields, "U"))),
            year=year_of(value(fields, "D", "8")),
            journal=value(fields, "J", "B"),
            authors=tuple(values(fields, "A")),
            source=source.name,
            source_line=line,
            format="endnote",
            raw={"fields": fields},
        )


def _split(line: str) -> tuple[str, str] | None:
    found = _FIELD.match(line)
    return (found[1], line[found.end() :].strip()) if found else None


DIALECT = Dialect(_split, start="0", once=frozenset("TXDJ"), listed=frozenset("KZ"))


def _pmid(fields: Fields) -> str:
    addresses = (text for text in values(fields, "U") if "pubmed" in text.lower())
    if found := first(map(bare_pmid, addresses)):
        return found
    return first(map(bare_pmid, values(fields, "M")))
