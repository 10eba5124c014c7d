"""The library: records of an uploaded export, tagged, for as long as the session lasts and no longer."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

from otclass.records import Duplicates, Record, RecordError, read_records
from otclass.records.write import FORMATS, RecordWriter
from otclass.tagger import Tagger, Tags

MAX_RECORDS = 20_000
"""Records of a library; they are held in memory."""
MAX_LIBRARIES = 20
EXPIRY = 2 * 60 * 60.0
"""Seconds after which a library that nobody asked for is dropped."""
_PAGE = 50
_CHUNK = 512
_NOTES = 20

DOWNLOADS = {name: ending for ending, name in FORMATS.items() if ending != ".ndjson"}
"""Formats to download, and the ending of each."""


@dataclass(frozen=True)
class Item:
    """A record, its tags and, of a duplicate, what to call the record that came first."""

    number: int
    record: Record
    tags: Tags
    duplicate_of: str

    @property
    def name(self) -> str:
        """What to call the record: by its PMID or DOI, else by its number, counted from 1."""
        return self.record.pmid or self.record.doi or f"record {self.number + 1}"


@dataclass
class Library:
    """Records of one upload.

    Attributes
    ----------
    name : str
        The files' names.
    items : list of Item
    notes : list of str
        What could not be read.
    """

    name: str
    items: list[Item] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Filters:
    """Which records to show: those to which all of this applies.

    Attributes
    ----------
    words : str
        Words that title, abstract, journal, authors, PMID or DOI must all hold.
    domain : str
        Key of a domain; "none" for records without any; "" for all.
    review : bool
        Only those that a person should look at: where a domain's probability is in doubt.
    unique : bool
        No duplicates.
    """

    words: str = ""
    domain: str = ""
    review: bool = False
    unique: bool = False

    def __call__(self, item: Item) -> bool:
        tags, record = item.tags, item.record
        if self.domain and not (self.domain in tags if self.domain != "none" else not tags):
            return False
        if (self.review and not tags.review) or (self.unique and item.duplicate_of):
            return False
        held = (record.title, record.abstract, record.journal, record.pmid, record.doi, *record.authors)
        text = " ".join(held).casefold()
        return all(word in text for word in self.words.casefold().split())


@dataclass(frozen=True)
class Page:
    """One page of a table, pages counted from 1."""

    items: list[Item]
    found: int
    number: int
    pages: int


def page_of(library: Library, filters: Filters, number: int) -> Page:
    """Give a page of the records that pass; the nearest if there is none of that number."""
    found = [item for item in library.items if filters(item)]
    pages = max(1, -(-len(found) // _PAGE))
    number = min(max(1, number), pages)
    return Page(found[(number - 1) * _PAGE : number * _PAGE], len(found), number, pages)


class Libraries:
    """The library of each session, dropped when it expires."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept: dict[str, tuple[float, Library]] = {}
        self._clock = clock
        self._lock = threading.Lock()

    def get(self, session: str) -> Library | None:
        """Give a session's library, which counts as a use of it."""
        with self._lock:
            self._expire()
            kept = self._kept.pop(session, None)
            if kept is None:
                return None
            self._kept[session] = (self._clock(), kept[1])
            return kept[1]

    def put(self, session: str, library: Library) -> None:
        """Keep a library in place of the session's former one, and of the longest unused if too many."""
        with self._lock:
            self._expire()
            self._kept.pop(session, None)
            while len(self._kept) >= MAX_LIBRARIES:
                del self._kept[next(iter(self._kept))]
            self._kept[session] = (self._clock(), library)

    def drop(self, session: str) -> None:
        """Forget a session's library."""
        with self._lock:
            self._kept.pop(session, None)

    def expire(self) -> None:
        """Forget the libraries that nobody asked for lately."""
        with self._lock:
            self._expire()

    def _expire(self) -> None:
        oldest = self._clock() - EXPIRY
        self._kept = {session: kept for session, kept in self._kept.items() if kept[0] >= oldest}


class _Named:
    """An upload under the name that its owner knows; its content is read but never saved."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self.name = name

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)


def read_library(files: Iterable[tuple[str, IO[bytes]]], tagger: Tagger) -> Library:
    """Read and tag the records of uploaded files.

    Parameters
    ----------
    files : iterable of (str, binary file)
        Each with its name.
    tagger : Tagger

    Returns
    -------
    Library
        What could not be read stands in its notes; it has no items if nothing could.
    """
    named = [(base_name(name), file) for name, file in files]
    library = Library(", ".join(name for name, _ in named))
    faults: list[str] = []
    records = _records(named, faults)
    seen = Duplicates()
    while chunk := list(islice(records, min(_CHUNK, MAX_RECORDS - len(library.items)))):
        tagged = tagger.tag(title=[it.title for it in chunk], abstract=[it.abstract for it in chunk])
        for record, tags in zip(chunk, tagged, strict=True):
            first = seen.first(record)
            duplicate_of = "" if first is None else library.items[first].name
            library.items.append(Item(len(library.items), record, tags, duplicate_of))
    if len(library.items) == MAX_RECORDS and next(records, None) is not None:
        faults.insert(
            0, f"Only the first {MAX_RECORDS:,} records were read; the command otclass tag has no limit."
        )
    library.notes = faults[:_NOTES]
    if len(faults) > _NOTES:
        library.notes.append(f"... and {len(faults) - _NOTES:,} more like these")
    return library


def _records(files: Iterable[tuple[str, IO[bytes]]], faults: list[str]) -> Iterator[Record]:
    for name, file in files:
        source: Any = _Named(file, name)
        try:
            yield from read_records(source, on_error=lambda error: faults.append(str(error)))
        except RecordError as error:
            faults.append(str(error))


def base_name(name: str) -> str:
    """Give a file's name without the folders some browsers send, and without control characters."""
    base = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in base if c.isprintable())[:200] or "upload"


def download(items: Iterable[Item], format: str, domains: Iterable[str]) -> bytes:
    """Give records with their tags as the content of a file.

    Parameters
    ----------
    items : iterable of Item
    format : str
        A key of `DOWNLOADS`.
    domains : iterable of str
        Keys of the model's domains.

    Raises
    ------
    RecordError
        If the format cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="otclass-") as folder:
        path = Path(folder, f"tagged{DOWNLOADS[format]}")
        with RecordWriter(path, format=format, domains=tuple(domains)) as writer:
            for item in items:
                writer.write(item.record, item.tags, duplicate_of=item.duplicate_of)
        return path.read_bytes()
