"""EndNote's XML export, which Zotero, Rayyan and Covidence write and read too.

Read with `otclass.records.elements`. Text stands in <style> elements, one for each change of font, whose
formatting is left out; so is what EndNote says of its library and itself (<database>, <source-app>,
<foreign-keys>).
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

from otclass.records.elements import elements, parse, refuse_entities
from otclass.records.fields import bare_doi, bare_pmid, first, parts, plain, year_of
from otclass.records.record import Record
from otclass.records.source import Source

_RECORD = re.compile(r"<record[\s>]")
_TYPICAL = re.compile(r"<(?:ref-type|rec-number|titles|contributors)[\s>]")
_HOUSEKEEPING = frozenset({"database", "source-app", "foreign-keys"})
_ITEMS = frozenset({"author", "date", "url"})  # of lists that tell more than they do, such as "related-urls"


def sniff(head: str) -> bool:
    """Whether a text begins like EndNote's XML."""
    return head.lstrip()[:1] == "<" and bool(_RECORD.search(head) and _TYPICAL.search(head))


def read(source: Source) -> Iterator[Record]:
    """Records of an EndNote XML file."""
    refuse_entities(source, "<record")
    for line, data in elements(source, "record"):
        try:
            record = _record(source, line, parse(source, data))
        except (ET.ParseError, ValueError, RecursionError) as error:
            source.report(source.error(f"the record's XML is malformed ({error}); it was left out", line))
            continue
        yield record


def _record(source: Source, line: int, element: ET.Element) -> Record:
    fields: dict[str, list[str]] = {}
    for name, text in _fields(element):
        if text:
            fields.setdefault(name, []).append(text)

    def values(*names: str) -> list[str]:
        return next((fields[name] for name in names if name in fields), [])

    def value(*names: str) -> str:
        return first(values(*names))

    raw: dict[str, Any] = {name: texts if len(texts) > 1 else texts[0] for name, texts in fields.items()}
    return Record(
        title=plain(value("title", "short-title", "translated-title")),
        abstract=plain("\n".join(values("abstract"))),
        keywords=tuple(dict.fromkeys(word for text in values("keyword") for word in parts(text))),
        pmid=_pmid(fields),
        doi=first(map(bare_doi, values("electronic-resource-num")))
        or first(bare_doi(url) for url in values("related-urls") if "doi.org" in url),
        year=year_of(value("year")) or year_of(value("pub-dates")),
        journal=plain(value("full-title", "secondary-title", "alt-title", "abbr-1")),
        authors=tuple(values("authors")),
        source=source.name,
        source_line=line,
        format="endnotexml",
        raw=raw,
    )


def _fields(element: ET.Element) -> Iterator[tuple[str, str]]:
    """Names and texts of the elements that hold text, an item of a list under the list's name."""
    for child in element:
        name = str(child.tag)
        if name in _HOUSEKEEPING:
            continue
        if name == "ref-type":
            yield name, child.get("name") or (child.text or "").strip()
        elif all(part.tag == "style" for part in child):
            # EndNote ends a paragraph with a carriage return.
            text = "".join(child.itertext()).replace("\r\n", "\n").replace("\r", "\n").strip()
            yield (str(element.tag) if name in _ITEMS else name), text
        else:
            yield from _fields(child)


def _pmid(fields: dict[str, list[str]]) -> str:
    """PubMed's identifier, where a database's name or an address says that it is one."""
    database = " ".join(fields.get("remote-database-name", [])).lower()
    if "medline" in database or "pubmed" in database:
        return first(map(bare_pmid, fields.get("accession-num", [])))
    return first(bare_pmid(url) for url in fields.get("related-urls", []) if "pubmed" in url.lower())
