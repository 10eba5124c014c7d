"""The Cochrane Library's plain text: "Record #1 of 20", then fields as "TI: " or "DOI: ".

bibliometrix (R) reads it too; tags as there. Read with `otclass.records.tagged`.
"""

import re
from collections.abc import Iterator

from otclass.records.fields import bare_doi, bare_pmid, first, parts, plain, year_of
from otclass.records.record import Record
from otclass.records.source import Source
from otclass.records.tagged import Dialect, Fields, entries, value, values

_HEAD = re.compile(r"^Record #\d+ of \d+[ \t]*\n(?:[ \t]*\n)*[A-Z]{2}: ", re.MULTILINE)
_NUMBER = re.compile(r"\s*Record #\d+ of \d+\s*$")
# Only tags in use make a field: a line of an abstract may begin with "RESULTS: " or "MD: ".
_FIELD = re.compile(r"(ID|AU|TI|SO|YR|VL|NO|PG|PM|XR|PT|KY|DOI|AB|US|CC|PB|SN|CY|LA|CN|OP|DE|ET|AD): ?")
_IDENTIFIER = re.compile(r"PUBMED\s+(\d+)", re.IGNORECASE)
_SUBHEADING = re.compile(r"\s*\[[^\[\]]*\]")


def sniff(head: str) -> bool:
    """Whether a text begins like a plain-text export of the Cochrane Library."""
    return bool(_HEAD.search(head))


def read(source: Source) -> Iterator[Record]:
    """Records of a plain-text export of the Cochrane Library."""
    for line, fields in entries(source, DIALECT):
        keywords = [word for text in values(fields, "KY") for word in parts(text)]
        yield Record(
            title=plain(value(fields, "TI")),
            abstract=plain("\n".join(values(fields, "AB"))),
            keywords=tuple(dict.fromkeys(_SUBHEADING.sub("", word).lstrip("*") for word in keywords)),
            pmid=_pmid(fields),
            doi=bare_doi(value(fields, "DOI")),
            year=year_of(value(fields, "YR")),
            journal=value(fields, "SO"),
            authors=tuple(name for text in values(fields, "AU") for name in parts(text)),
            source=source.name,
            source_line=line,
            format="cochrane",
            raw={"fields": fields},
        )


def _split(line: str) -> tuple[str, str] | None:
    if _NUMBER.match(line):
        return "Record", ""
    found = _FIELD.match(line)
    return (found[1], line[found.end() :].strip()) if found else None


DIALECT = Dialect(_split, start="ID", end="Record")


def _pmid(fields: Fields) -> str:
    found = first(bare_pmid(match[1]) for text in values(fields, "PM") if (match := _IDENTIFIER.search(text)))
    return found or bare_pmid(value(fields, "PM"))
