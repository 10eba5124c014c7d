"""RIS in its dialects: what Zotero, EndNote, Mendeley, Scopus, Embase, Ovid, EBSCO, Cochrane, Rayyan write.

Read are TI, T1, CT and BT as title, with ST, the short title, in their absence; AB (repeated or not) and N2
as abstract; missing ER, TY or both; one blank instead of two before the dash; lower-case tags; continuing
lines, with blank lines among them. Why not rispy: see `otclass.records.tagged`.
"""

import re
from collections.abc import Callable, Iterator

from otclass.records.fields import bare_doi, bare_pmid, first, parts, plain, year_of
from otclass.records.record import Record
from otclass.records.source import Source
from otclass.records.tagged import Dialect, Fields, entries, value, values

_START = re.compile(r"^\s*TY {0,3}-(?: |$)", re.MULTILINE | re.IGNORECASE)
_NO_TYPE = re.compile(r"^(?:TI|T1|AU|A1|AB|N2|PY|Y1|JO|ID)  - ", re.MULTILINE)
_END = re.compile(r"^ER {0,3}-[ \t]*$", re.MULTILINE)

_STRICT = re.compile(r"\s?([A-Z][A-Z0-9])  -(?: |$)")
_LOOSE = re.compile(r"\s*([A-Za-z][A-Za-z0-9])\s{0,3}-(?:\s|$)")
# What Cochrane, Wiley and others put between records.
_NUMBER = re.compile(r"\s*Record #\d+ of \d+\s*$")
_BETWEEN = re.compile(r"\s*(?:\d+\.\s*$|(?:Provider|Content|Database): )")
_LISTED = frozenset({"KW", "N1"})  # EndNote writes keywords a line each below one tag, and so notes
# With any spacing allowed, only tags in use make a field: "OT - a peptide" may begin a line of an abstract.
_TAGS = frozenset(
    "TY A1 A2 A3 A4 AB AD AN AU AV BT C1 C2 C3 C4 C5 C6 C7 C8 CA CN CP CT CY DA DB DI DO DP ED EP ER ET "
    "ID IS J1 J2 JA JF JO KW L1 L2 L3 L4 LA LB LK M1 M2 M3 N1 N2 NV OP PB PP PY RI RN RP SE SN SP ST T1 "
    "T2 T3 TA TI TT U1 U2 U3 U4 U5 UR VL VO Y1 Y2".split()
)


def sniff(head: str) -> bool:
    """Whether a text begins like a RIS file."""
    if _START.search(head):
        return True
    return len(_NO_TYPE.findall(head)) >= 2 or bool(_NO_TYPE.search(head) and _END.search(head))


def read(source: Source) -> Iterator[Record]:
    """Records of a RIS file."""
    for line, fields in entries(
        source, Dialect(_splitter(source.text_head()), start="TY", end="ER", listed=_LISTED)
    ):
        yield _record(source, line, fields)


def _splitter(head: str) -> Callable[[str], tuple[str, str] | None]:
    """Tag and value of a line, in the spacing of the record, which its TY line tells."""
    lines = head.split("\n")
    strict = 2 * sum(map(bool, map(_STRICT.match, lines))) > sum(map(bool, map(_LOOSE.match, lines)))
    outside = False

    def split(line: str) -> tuple[str, str] | None:
        nonlocal strict, outside
        if "-" not in line[:8]:
            if _NUMBER.match(line) or (outside and _BETWEEN.match(line)):
                outside = True
                return "ER", ""
            return None
        found = _LOOSE.match(line)
        if found is None:
            return None
        tag = found[1].upper()
        if tag == "TY":
            strict = bool(_STRICT.match(line))
        if not (_STRICT.match(line) if strict else tag in _TAGS):
            return None
        outside = tag == "ER"
        return tag, line[found.end() :].strip()

    return split


def _record(source: Source, line: int, fields: Fields) -> Record:
    abstract = "\n".join(dict.fromkeys(values(fields, "AB", "N2")))
    keywords = [word for text in values(fields, "KW") for word in parts(text, ";")]
    return Record(
        title=plain(value(fields, "TI", "T1", "CT", "BT", "ST")),
        abstract=plain(abstract),
        keywords=tuple(dict.fromkeys(keywords)),
        pmid=_pmid(fields),
        doi=first(map(bare_doi, values(fields, "DO") + values(fields, "DI") + values(fields, "M3")))
        or first(bare_doi(text) for text in values(fields, "UR", "L3", "LK") if "doi.org" in text),
        year=year_of(value(fields, "PY", "Y1", "DA")),
        journal=value(fields, "JF", "JO", "T2", "JA", "J2"),
        authors=tuple(dict.fromkeys(text for tag, text in fields if tag in {"AU", "A1"} and text)),
        source=source.name,
        source_line=line,
        format="ris",
        raw={"fields": fields},
    )


def _pmid(fields: Fields) -> str:
    """PubMed's identifier, wherever a database's name or an address says that it is one."""
    for tag, text in fields:
        if tag in {"UR", "L2", "LK", "N1", "AN", "C2", "C6", "U1", "M1", "ID", "AV"} and text:
            lower = text.lower()
            if "ncbi.nlm.nih.gov/pubmed/" in lower or "pubmed.ncbi.nlm.nih.gov/" in lower or "pmid" in lower:
                return bare_pmid(text)
    database = " ".join(values(fields, "DB", "DP")).lower()
    if "pubmed" in database or "medline" in database:
        return first(map(bare_pmid, values(fields, "AN", "ID")))
    return ""
