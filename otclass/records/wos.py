"""Web of Science's plain text (.txt) and EndNote desktop's form of it (.ciw).

rispy has a parser for it, which shares the faults told in `otclass.records.tagged`.
"""

import re
from collections.abc import Iterator

from otclass.records.fields import bare_doi, bare_pmid, parts, plain, year_of
from otclass.records.record import Record
from otclass.records.source import Source
from otclass.records.tagged import Dialect, Fields, entries, value, values

_FIELD = re.compile(r"([A-Z][A-Z0-9])(?: |$)")
_HEAD = re.compile(r"\s*(?:FN .*\n\s*VR |PT [A-Z]\s*\n)")
# Only tags in use make a field: a line of an abstract that lost its indent may begin with "OT ".
_TAGS = frozenset(
    "FN VR PT AU AF BA BF CA GP BE TI SO SE BS LA DT CT CY CL SP HO DE ID AB C1 C3 RP EM RI OI FU FP FX "
    "CR NR TC Z9 U1 U2 PU PI PA SN EI BN J9 JI PD PY VL IS PN SU SI MA BP EP AR DI DL D2 EA EY PG WC WE "
    "SC GA PM UT OA HC HP DA P2 ER EF".split()
)


def sniff(head: str) -> bool:
    """Whether a text begins like a Web of Science file."""
    return bool(_HEAD.match(head))


def read(source: Source) -> Iterator[Record]:
    """Records of a Web of Science file."""
    for line, fields in entries(source, DIALECT):
        fields = [(tag, text) for tag, text in fields if tag not in {"FN", "VR", "EF"}]
        if fields:
            yield _record(source, line, fields)


def _split(line: str) -> tuple[str, str] | None:
    found = _FIELD.match(line)
    return (found[1], line[found.end() :].strip()) if found and found[1] in _TAGS else None


DIALECT = Dialect(_split, start="PT", end="ER", listed=_TAGS)


def _running(text: str) -> str:
    return plain(text.replace("\n", " "))


def _record(source: Source, line: int, fields: Fields) -> Record:
    keywords = [word for tag in ("DE", "ID") for text in values(fields, tag) for word in _words(text)]
    authors = "\n".join(values(fields, "AF", "AU", "BF", "BA"))
    return Record(
        title=_running(value(fields, "TI")),
        abstract=_running("\n".join(values(fields, "AB"))),
        keywords=tuple(dict.fromkeys(keywords)),
        pmid=bare_pmid(value(fields, "PM")),
        doi=bare_doi(value(fields, "DI")),
        year=year_of(value(fields, "PY", "EY")),
        journal=_running(value(fields, "SO", "J9", "JI")),
        authors=parts(authors, "\n"),
        source=source.name,
        source_line=line,
        format="wos",
        raw={"fields": fields},
    )


def _words(text: str) -> tuple[str, ...]:
    return parts(text.replace("\n", " "))
