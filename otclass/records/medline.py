"""PubMed's MEDLINE text format (.nbib, and the same under .txt or .ris).

Fields as NLM describes them (https://www.nlm.nih.gov/bsd/mms/medlineelements.html). Why not Bio.Medline: see
`otclass.records.tagged`.
"""

import re
from collections.abc import Iterator

from otclass.records.fields import bare_doi, bare_pmid, first, plain, year_of
from otclass.records.record import Record
from otclass.records.source import Source
from otclass.records.tagged import Dialect, Fields, entries, value, values

_FIELD = re.compile(r"([A-Z][A-Z0-9]{1,3})(?<=..) *-(?: |$)")
_START = re.compile(r"^PMID *- *\d", re.MULTILINE)
_TYPICAL = re.compile(r"^(?:PMID|OWN |STAT|DCOM|LR  |PG  |FAU )- ", re.MULTILINE)


def sniff(head: str) -> bool:
    """Whether a text begins like a MEDLINE file."""
    return bool(_START.search(head)) and len(_TYPICAL.findall(head)) >= 1


def read(source: Source) -> Iterator[Record]:
    """Records of a MEDLINE file."""
    for line, fields in entries(source, DIALECT):
        yield _record(source, line, fields)


def _split(line: str) -> tuple[str, str] | None:
    # The tag is padded to four characters, so the dash is always the fifth.
    if line[4:5] != "-" or line[:1] == " ":
        return None
    tag = line[:4].rstrip()
    if not (len(tag) >= 2 and tag.isalnum() and tag.isupper() and line[5:6] in " \n"):
        return None
    return tag, line[5:].strip()


DIALECT = Dialect(_split, start="PMID", once=frozenset({"OWN", "STAT", "TI", "AB", "DP"}))


def _record(source: Source, line: int, fields: Fields) -> Record:
    identifiers = values(fields, "LID") + values(fields, "AID")
    return Record(
        title=plain(value(fields, "TI", "BTI", "TT")),
        abstract=plain("\n".join(values(fields, "AB", "OAB"))),
        keywords=tuple(text.lstrip("*") for text in values(fields, "OT")),
        mesh=tuple(text.replace("*", "") for text in values(fields, "MH")),
        pmid=bare_pmid(value(fields, "PMID")),
        doi=first(bare_doi(text) for text in identifiers if "[doi]" in text)
        or first(map(bare_doi, values(fields, "SO"))),
        year=year_of(value(fields, "DP", "DEP", "EDAT")),
        journal=value(fields, "JT", "TA"),
        authors=tuple(values(fields, "FAU", "AU", "FED", "CN")),
        source=source.name,
        source_line=line,
        format="medline",
        raw={"fields": fields},
    )
