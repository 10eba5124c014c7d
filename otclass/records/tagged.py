"""Line formats of tag and value: what MEDLINE, RIS, EndNote and Web of Science have in common.

rispy 0.10 and Biopython 1.88 (Bio.Medline) were tried first on damaged and unusual files. rispy loses the
record after a missing end tag and a last record without one, reads nothing of files with a single blank in
"TY - " or without TY, keeps the first of repeated AB only, and holds the whole file in memory; Bio.Medline
merges records that no blank line divides and splits one that has a blank line inside; neither knows line
numbers. The formats are a page of code, so they are read here, lazily and by line.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from otclass.records.source import MAX_RECORD, Source

Fields = list[tuple[str, str]]


@dataclass(frozen=True)
class Dialect:
    """How a line format marks fields and records.

    Attributes
    ----------
    split : callable
        Tag and value of a line, or None for a line that continues the value before it.
    start : str
        Tag a record begins with.
    end : str
        Tag a record ends with, "" if the format has none.
    once : frozenset of str
        Tags that occur once in a record: after a blank line, one seen already begins a new record, for
        files in which the start tag was lost.
    listed : frozenset of str
        Tags of which a continuing line may be an item of its own; it is then kept apart by a line feed.
    """

    split: Callable[[str], tuple[str, str] | None]
    start: str
    end: str = ""
    once: frozenset[str] = field(default_factory=frozenset)
    listed: frozenset[str] = frozenset()


def entries(source: Source, dialect: Dialect) -> Iterator[tuple[int, Fields]]:
    """The line each record begins at, and its fields.

    A record ends at its end tag or where the next begins; the last may lack its end. Text before the first
    record is a preamble; elsewhere, what belongs to no record is reported, and so is a record longer than
    `MAX_RECORD`.
    """
    split, start, end, once, listed = dialect.split, dialect.start, dialect.end, dialect.once, dialect.listed
    fields: list[tuple[str, list[str]]] = []
    first_line = size = 0
    blank = begun = stray = overlong = False
    for line in source.lines():
        stripped = line.strip()
        if not stripped:
            blank = True
            continue
        found = split(line)
        if found is None:
            if overlong:
                pass
            elif fields:
                size += len(stripped)
                tag, texts = fields[-1]
                texts.append(f"\n{stripped}" if blank or tag in listed else f" {stripped}")
            elif begun and not stray:
                stray = True
                source.report(source.error("text that belongs to no record was left out", source.line))
        else:
            tag, value = found
            new = tag == start or (blank and tag in once and any(tag == seen for seen, _ in fields))
            if (new or tag == end) and fields:
                yield first_line, [(name, "".join(texts)) for name, texts in fields]
                fields = []
            if new or tag == end:
                overlong = False
            if tag != end and not overlong:
                if not fields:
                    first_line, size, begun, stray = source.line, 0, True, False
                size += len(value)
                fields.append((tag, [value]))
        blank = False
        if size > MAX_RECORD:
            source.report_overlong(first_line)
            fields, size, overlong = [], 0, True
    if fields:
        yield first_line, [(name, "".join(texts)) for name, texts in fields]


def values(fields: Fields, *tags: str) -> list[str]:
    """Values of the first of `tags` that has any which is not empty."""
    for tag in tags:
        found = [value for name, value in fields if name == tag and value]
        if found:
            return found
    return []


def value(fields: Fields, *tags: str) -> str:
    """First value of the first of `tags` that has any, or ""."""
    found = values(fields, *tags)
    return found[0] if found else ""
