"""XML cut at its records, each parsed by itself with the standard library's expat.

So a malformed record costs that record alone, memory stays flat, and as the document type declaration never
reaches a parser, no entity it declares is expanded and nothing it names is fetched.
"""

import codecs
import html
import itertools
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence

from otclass.records.source import MAX_RECORD, Source

_CHUNK = 1 << 20
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*[01]?[0-9a-f]);"
)
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9A-Fa-f]+);)(\w+;)?")


def refuse_entities(source: Source, first: str) -> None:
    """Refuse a file that declares entities.

    Parameters
    ----------
    source : Source
    first : str
        What begins the file's first element.

    Raises
    ------
    RecordError
        If it does.
    """
    if "<!ENTITY" in source.text_head().partition(first)[0]:
        raise source.error(
            "the XML declares entities of its own, which no export of records does; such files can be made "
            "to fill the memory or to read other files, so this one is refused. Export the records again"
        )


def elements(source: Source, stem: str, endings: Sequence[str] = ("",)) -> Iterator[tuple[int, bytes]]:
    """Each element of the given names: its first line and its bytes.

    One without end, or longer than `MAX_RECORD`, is reported and left out.

    Parameters
    ----------
    source : Source
    stem : str
        How the names of the elements begin.
    endings : sequence of str
        How they end. Elements of these names do not hold each other.
    """
    prefix = f"<{stem}".encode()
    opening = re.compile(rf"<({stem}(?:{'|'.join(endings)}))[\s>]".encode())
    longest = len(prefix) + max(map(len, endings)) + 1
    data = b""
    at = counted = 0
    line = 1

    def next_open(start: int, end: int) -> int:
        """Where the next one opens, or -1. (A regular expression alone takes several times as long.)"""
        while (start := data.find(prefix, start, end)) >= 0 and not opening.match(data, start):
            start += 1
        return start

    for chunk in itertools.chain(_chunks(source), [b""]):
        line += data.count(b"\n", counted, at)
        data = data[at:] + chunk
        at = counted = 0
        while (start := next_open(at, len(data))) >= 0:
            line += data.count(b"\n", counted, start)
            counted = at = start
            found = opening.match(data, start)
            closing = b"</" + (found[1] if found else b"") + b">"
            end = data.find(closing, start)
            following = next_open(start + 1, end if end >= 0 else len(data))
            overlong = (end if end >= 0 else len(data)) - start > MAX_RECORD
            if following >= 0 or overlong or (end < 0 and not chunk):
                what = f"is longer than {MAX_RECORD:,} bytes" if overlong else "has no end"
                source.report(source.error(f"the record {what} and was left out", line))
                at = following if following >= 0 else end if end >= 0 else len(data)
            elif end >= 0:
                at = end + len(closing)
                yield line, data[start:at]
            else:
                break
        else:
            at = max(at, len(data) - longest)  # an opening tag may be cut in two


def _chunks(source: Source) -> Iterator[bytes]:
    if not source.encoding.startswith("utf-8"):
        decoder = codecs.getincrementaldecoder(source.encoding)("replace")
        while data := source.binary.read(_CHUNK):
            yield decoder.decode(data).encode()
    else:
        while data := source.binary.read(_CHUNK):
            yield data


def parse(source: Source, data: bytes) -> ET.Element:
    """One element.

    Bytes that are not UTF-8, control characters, a bare "&" or HTML's "&beta;" are put right.

    Raises
    ------
    xml.etree.ElementTree.ParseError, ValueError
        If it is malformed.
    """
    try:
        return ET.fromstring(data)
    except ET.ParseError:
        text = _CONTROLS.sub(
            "", source.decode(data) if source.encoding.startswith("utf-8") else data.decode()
        )
        return ET.fromstring(_ENTITY.sub(_resolved, text))


def _resolved(found: re.Match[str]) -> str:
    character = html.unescape(found[0])
    return html.escape(character if len(character) < len(found[0]) or not found[1] else found[0])
