"""JSON and JSON Lines: CSL-JSON (Zotero, Mendeley), OpenAlex, Europe PMC, Semantic Scholar, Crossref.

The standard library's json decodes each record. On top came the walk through an array without holding it in
memory, and finding the next record after a broken one. ijson was passed over: it is another compiled
dependency, and it stops for good at the first error.
"""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

from otclass.records.fields import bare_doi, bare_pmid, first, parts, plain, sound, year_of
from otclass.records.record import Record
from otclass.records.source import MAX_RECORD, Source

_START = re.compile(r'(?:\[\s*(?:[{\]]|$)|\{\s*(?:["}]|$))')
# The list of records inside an answer of OpenAlex, Europe PMC, Crossref, Semantic Scholar and the like.
_WRAPPED = re.compile(
    r'"(?:results?|data|items|records|articles|papers|references|docs|works)"\s*:\s*\[(?=\s*\{)'
)
_SIGNS = frozenset(
    "title display_name abstract abstractText abstract_inverted_index abstractNote text DOI doi pmid PMID "
    "paperId".split()
)
_SIGN = re.compile(f'"(?:{"|".join(sorted(_SIGNS))})"\\s*:')
_BETWEEN = re.compile(r"[\s,]*")
_BETWEEN_OR_ENDS = re.compile(r"[\s,\[\]]*")  # of arrays that were joined in one file
_OBJECT = re.compile(r"[,\[}\n]\s*(?=\{)")
_CHUNK = 1 << 18
_FAILURES = 1_000  # to decode what may be the next record after a broken one, before looking further down
_KEYS = 1_000  # that are remembered of the records before
_SURROGATE = re.compile(r"\\u[dD][89A-Fa-f]")

_decode = json.JSONDecoder().raw_decode


def sniff(head: str) -> bool:
    """Whether a text begins like JSON."""
    return bool(_START.match(head.lstrip()))


def read(source: Source) -> Iterator[Record]:
    """Records of a JSON or JSON Lines file."""
    for line, item in _items(source):
        # Semantic Scholar's recommendations hold the record in an object of its own.
        record = item["paper"] if isinstance(item, dict) and _is_record(item.get("paper")) else item
        if not _is_record(record):
            source.report(source.error("a JSON value without title, abstract or text was left out", line))
            continue
        try:
            yield _record(source, line, record)
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            source.report(
                source.error(f"a field of the JSON object is not of the kind expected ({error})", line)
            )


def _items(source: Source) -> Iterator[tuple[int, Any]]:
    head = source.text_head().lstrip()
    if head.startswith("["):
        return _streamed(source, head="[")
    wrapped = _WRAPPED.search(head)
    if wrapped and not _SIGN.search(head, 0, wrapped.start()):
        return _streamed(source, head=head[: wrapped.end()])
    line, _, rest = head.partition("\n")
    if not rest or rest.lstrip().startswith("{") or _decoded(line) is not None:
        return _lines(source)
    return _streamed(source, head="")


def _lines(source: Source) -> Iterator[tuple[int, Any]]:
    for line in source.lines():
        text = line.strip()
        if text:
            item = _decoded(text.rstrip(","))
            if item is None:
                source.report(source.error("the line is not whole JSON and was left out", source.line))
            else:
                yield source.line, item


def _decoded(text: str) -> Any:
    """The value of a text that is JSON to its end, or None."""
    try:
        item, end = _item(text, 0)
    except (ValueError, RecursionError):
        return None
    return item if end == len(text) else None


def _streamed(source: Source, head: str) -> Iterator[tuple[int, Any]]:
    """The items of an array that follows `head`, "[" or the wrapper's beginning; with "", objects in a row.

    Several arrays, or wrapped arrays, may follow each other.
    """
    file = io.TextIOWrapper(source.binary, source.encoding, source.errors)
    buffer = ""
    at = counted = 0
    line = 1
    ended = False
    known: set[str] = set()
    fewest = 0

    def more() -> None:
        nonlocal buffer, at, counted, line, ended
        chunk = file.read(min(max(_CHUNK, len(buffer) - at), MAX_RECORD // 2))
        ended = not chunk
        line += buffer.count("\n", counted, at)
        buffer = buffer[at:] + chunk.replace("\0", "")
        at = counted = 0

    while not ended and len(buffer) <= len(head) + 1024:
        more()
    at = len(buffer) - len(buffer.lstrip("\ufeff").lstrip()) + len(head)
    between = _BETWEEN_OR_ENDS if head == "[" else _BETWEEN
    inside = bool(head)
    while True:
        if not inside and len(head) > 1:  # behind a wrapped array, where another may follow
            if another := _WRAPPED.search(buffer, at):
                at, inside = another.end(), True
            elif ended:
                return
            else:
                at = max(at, len(buffer) - 1000)
                more()
                continue
        if skipped := between.match(buffer, at):
            if head == "[" and skipped[0].strip():
                inside = not skipped[0].rstrip().endswith("]")
            at = skipped.end()
        if at == len(buffer):
            if ended:
                if inside:
                    source.report(source.error("the list has no end; the file may be cut off", line))
                return
            more()
            continue
        if head and buffer[at] == "]":
            inside = False
            continue
        line += buffer.count("\n", counted, at)
        counted = at
        try:
            item, end = _item(buffer, at)
        except RecursionError:
            why, whole = "nested too deeply", True
        except ValueError as error:
            # A fault at the end of what has been read so far may be no more than that end.
            position = getattr(error, "pos", at)
            unterminated = "Unterminated" in str(error)
            whole = ended or (position < len(buffer) - 16 and not unterminated)
            why = f"not whole JSON, {getattr(error, 'msg', error)}"
            if not whole and len(buffer) - at > MAX_RECORD:
                whole, why = True, f"longer than {MAX_RECORD:,} characters"
        else:
            if _is_record(item) and len(known) < _KEYS:
                known.update(item)
                fewest = min(fewest, len(item)) if fewest else len(item)
            yield line, item
            at = end
            continue
        if not whole:
            more()
            continue
        source.report(source.error(f"a record is {why}; it was left out", line))
        at += 1
        while True:
            place, found = _next_object(buffer, at, known, fewest)
            if not found and place == at:
                if ended:
                    return
                at = max(at, len(buffer) - MAX_RECORD // 2)
                more()
                continue
            at = place
            if found:
                break


def _next_object(buffer: str, start: int, known: set[str], fewest: int) -> tuple[int, bool]:
    """Where the next record begins, and whether there is one; if not, where to look on.

    The broken record may hold objects with a title of their own. So a record has at least half the fields
    of the smallest before it, and most of its fields are known from them.
    """
    failures = 0
    for found in _OBJECT.finditer(buffer, start):
        try:
            item, _ = _decode(buffer, found.end())
        except (ValueError, RecursionError):
            failures += 1
            if failures == _FAILURES:
                return found.end(), False
            continue
        alike = not known or 3 * len(known.intersection(item)) >= 2 * len(item)
        if _is_record(item) and alike and 2 * len(item) >= fewest:
            return found.end(), True
    return start, False


def _item(text: str, at: int) -> tuple[Any, int]:
    """The JSON value that begins at `at`, and its end."""
    item, end = _decode(text, at)
    return (_sound(item) if _SURROGATE.search(text, at, end) else item), end


def _sound(item: Any) -> Any:
    """`item` without halves of surrogate pairs, which JSON may spell out."""
    if isinstance(item, str):
        return sound(item)
    if isinstance(item, list):
        return [_sound(part) for part in item]
    if isinstance(item, dict):
        return {sound(key): _sound(part) for key, part in item.items()}
    return item


def _is_record(item: Any) -> bool:
    return isinstance(item, dict) and not _SIGNS.isdisjoint(item)


def _record(source: Source, line: int, item: dict[str, Any]) -> Record:
    ids = _mapping(item.get("ids")) | _mapping(item.get("externalIds"))
    year = item.get("year") or item.get("publication_year") or item.get("pubYear") or item.get("issued")
    return Record(
        title=plain(
            _text(item.get("title")) or _text(item.get("display_name")) or _text(item.get("originalTitle"))
        ),
        abstract=plain(_abstract(item)),
        keywords=_names(item, "keywords", "keyword", "keywordList", "tags"),
        mesh=_names(item, "mesh", "meshHeadingList"),
        pmid=first(
            bare_pmid(_text(value))
            for value in (item.get("pmid"), item.get("PMID"), ids.get("pmid"), ids.get("PubMed"))
        ),
        doi=first(
            bare_doi(_text(value))
            for value in (item.get("doi"), item.get("DOI"), ids.get("doi"), ids.get("DOI"))
        ),
        year=year_of(_text(year) or _text(item.get("publicationDate")) or _text(item.get("date"))),
        journal=_journal(item),
        authors=_authors(item),
        source=source.name,
        source_line=line,
        format="json",
        raw=item,
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """The text of a field that may be a string, a number, a list of them, or an object with a name."""
    for _ in range(8):
        if isinstance(value, list):
            value = value[0] if value else ""
        elif isinstance(value, dict):
            keys = ("date-parts", "name", "display_name", "title", "text", "value", "raw")
            value = next((value[key] for key in keys if value.get(key)), "")
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _abstract(item: dict[str, Any]) -> str:
    for key in ("abstract", "abstractText", "abstractNote"):
        if text := _text(item.get(key)):
            return text
    index = item.get("abstract_inverted_index")
    if isinstance(index, str):  # where a table's cell was turned into JSON
        index = _decoded(index)
    if isinstance(index, dict):
        words = [
            (position, word)
            for word, positions in index.items()
            if isinstance(positions, list)
            for position in positions
            if isinstance(position, int)
        ]
        return " ".join(word for _, word in sorted(words))
    return _text(item.get("text"))


def _names(item: dict[str, Any], *keys: str) -> tuple[str, ...]:
    names: list[str] = []
    for key in keys:
        value = item.get(key)
        for inner in ("keyword", "meshHeading"):  # Europe PMC
            if isinstance(value, dict) and inner in value:
                value = value[inner]
        if isinstance(value, str):
            names += parts(value, ";,")
        elif isinstance(value, list):
            for part in value:
                name = (
                    part.get("descriptor_name") or part.get("descriptorName") or part.get("tag")
                    if isinstance(part, dict)
                    else None
                )
                names.append(_text(name or part).strip())
    return tuple(dict.fromkeys(filter(None, names)))


def _journal(item: dict[str, Any]) -> str:
    location = _mapping(_mapping(item.get("primary_location")).get("source"))
    info = _mapping(_mapping(item.get("journalInfo")).get("journal"))
    for value in (
        item.get("container-title"),
        location.get("display_name"),
        info.get("title"),
        item.get("journalTitle"),
        item.get("journal"),
        item.get("publicationTitle"),
        item.get("venue"),
    ):
        if text := _text(value):
            return text
    return ""


def _authors(item: dict[str, Any]) -> tuple[str, ...]:
    value = item.get("author") or item.get("authors") or item.get("authorships") or item.get("authorList")
    if isinstance(value, dict):
        value = value.get("author")
    if isinstance(value, str):
        return parts(value)
    if not isinstance(value, list):
        return parts(_text(item.get("authorString")), ",")
    names = []
    for author in value:
        entry = _mapping(author)
        family = _text(entry.get("family") or entry.get("lastName"))
        given = _text(entry.get("given") or entry.get("firstName"))
        name = f"{family}, {given}" if family and given else family
        names.append(
            name or _text(entry.get("author") or entry.get("literal") or entry.get("fullName") or author)
        )
    return tuple(filter(None, names))
