"""The lab's one labelled CSV: read at any time, one row saved at a time, nothing ever lost."""

import csv
import hashlib
import io
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from otclass.labelled import UNLABELLED, LabelledError
from otclass.records import Record
from otclass.records.cells import neutralise, restore

_NEW = ("title", "abstract", "domains", "pmid", "doi")
_ADDED = ("guess", "guess_shown", "labelled_at")
_WAIT = 10.0  # seconds for another process's lock


@dataclass(frozen=True)
class Label:
    """What a curator said of a text.

    Attributes
    ----------
    domains : frozenset of str
    version : str
        Changes whenever the row does.
    guess : frozenset of str or None
        What the model had said before it was told; None where that was not kept.
    guess_shown : bool
        Whether the curator saw it.
    """

    domains: frozenset[str]
    version: str
    guess: frozenset[str] | None = None
    guess_shown: bool = False


class ConflictError(Exception):
    """A row was changed since it was looked at.

    Parameters
    ----------
    label : Label or None
        As it stands now.
    """

    def __init__(self, label: Label | None) -> None:
        super().__init__("the record was labelled elsewhere")
        self.label = label


def key_of(text: str) -> str:
    """Give a key of a text, the same for whatever case and spacing; the keys' order is a random one."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode("utf-8", "replace")).hexdigest()[:24]


def text_of(record: Record) -> str:
    """Give a record's text as a labelled table's row has it."""
    return "\n".join(filter(None, (record.title, record.abstract)))


class LabelledFile:
    """A labelled CSV that several tabs, programs and people write to.

    Every save takes a lock (``<name>.lock``), reads the file anew, changes one row and puts a whole new file
    in place of the old one. Other columns and rows stay as they are.

    Parameters
    ----------
    path : str or Path
        A CSV in UTF-8 with the columns ``domains`` (joined by ";") and ``title`` and ``abstract``, or
        ``text``; separated by commas, semicolons or tabs. It need not exist.

    Raises
    ------
    LabelledError
        If there is a file that is not of this form.
    """

    def __init__(self, path: str | Path) -> None:
        # Through a link, as the file is replaced and not the link.
        self.path = Path(path).resolve()
        self._lock = FileLock(f"{self.path}.lock", timeout=_WAIT)
        self._read: tuple[object, dict[str, Label]] = (None, {})
        self.labels()

    def labels(self) -> dict[str, Label]:
        """Give the labels by the key of their text, in the file's order.

        Raises
        ------
        LabelledError
            If the file is not of the form needed.
        """
        try:
            status = self.path.stat()
            state: object = (status.st_mtime_ns, status.st_size, status.st_ino)
        except FileNotFoundError:
            state = None
        if state is None:
            return {}
        if self._read[0] != state:
            self._read = (state, self._table().labels())
        return self._read[1]

    def save(
        self,
        record: Record,
        domains: Collection[str],
        *,
        version: str,
        guess: Sequence[str],
        guess_shown: bool,
    ) -> None:
        """Save the label of one record; when this returns it is on the disk.

        Parameters
        ----------
        record : Record
        domains : collection of str
        version : str
            Of the label that the curator saw; empty for none.
        guess : sequence of str
            What the model says; kept only with a record's first label.
        guess_shown : bool

        Raises
        ------
        ConflictError
            If the record has another label than the curator saw. One that says the same is no conflict, so
            that saving can be tried again.
        LabelledError
            If the file is not of the form needed, or cannot be written.
        """
        text, wanted = text_of(record), frozenset(domains)
        key = key_of(text)
        try:
            with self._lock:
                table = self._table()
                present = table.labels().get(key)
                if (present.version if present else "") != version:
                    if present and present.domains == wanted:
                        return
                    raise ConflictError(present)
                said = {
                    "domains": ";".join(domains),
                    "labelled_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                }
                if not present:
                    said |= {"guess": ";".join(guess), "guess_shown": str(int(guess_shown))}
                if not table.change(key, said):
                    table.add(
                        said
                        | {"title": record.title, "abstract": record.abstract, "text": text}
                        | {"pmid": record.pmid, "doi": record.doi, "id": key}
                    )
                self._write(table.content())
        except Timeout as error:
            raise LabelledError(
                f"Another program has held {self.path.name}.lock for {_WAIT:g} seconds. Not saved; try again."
            ) from error
        except OSError as error:
            raise LabelledError(
                f"{self.path.name} cannot be written ({error.strerror}). Not saved: if it is open in Excel, "
                "close it there and try again."
            ) from error

    def _table(self) -> "_Table":
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            content = b""
        return _Table.read(content, self.path.name)

    def _write(self, content: bytes) -> None:
        part = self.path.with_name(self.path.name + ".part")
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if self.path.exists():
            shutil.copymode(self.path, part)
        part.replace(self.path)


@dataclass
class _Table:
    """The file's cells."""

    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    delimiter: str = ","
    mark: bool = True  # a byte order mark, by which Excel knows UTF-8

    @classmethod
    def read(cls, content: bytes, name: str) -> "_Table":
        if not content.strip():
            return cls([*_NEW, *_ADDED])
        try:
            text = content.decode("utf-8-sig")
            head = text.partition("\n")[0]
            delimiter = max(",;\t", key=head.count)
            rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
        except (UnicodeDecodeError, csv.Error) as error:
            raise LabelledError(f"{name} is no CSV in UTF-8 ({error}). Save it as one.") from error
        table = cls(rows[0], rows[1:], delimiter, content.startswith(b"\xef\xbb\xbf"))
        named = table._places.keys()
        if "domains" not in named or not ({"title", "abstract"} <= named or "text" in named):
            raise LabelledError(
                f"{name} needs the columns domains and title and abstract (or text); it has "
                f"{', '.join(table.columns)}. Rename its columns."
            )
        table.columns += [column for column in _ADDED if column not in named]
        for row in table.rows:
            row += [""] * (len(table.columns) - len(row))
        return table

    @property
    def _places(self) -> dict[str, int]:
        return {name.strip().casefold(): place for place, name in reversed(list(enumerate(self.columns)))}

    def labels(self) -> dict[str, Label]:
        places = self._places

        def cell(row: list[str], column: str) -> str:
            return restore(row[places[column]].strip())

        found: dict[str, Label] = {}
        for row in self.rows:
            domains = _split(cell(row, "domains"))
            if UNLABELLED not in domains and (text := self._text(row, places)):
                found[key_of(text)] = Label(
                    domains=domains,
                    version=hashlib.sha256("\0".join(row).encode()).hexdigest()[:16],
                    guess=_split(cell(row, "guess")) if cell(row, "guess_shown") else None,
                    guess_shown=cell(row, "guess_shown") == "1",
                )
        return found

    @staticmethod
    def _text(row: list[str], places: Mapping[str, int]) -> str:
        wanted = ("title", "abstract") if {"title", "abstract"} <= places.keys() else ("text",)
        return "\n".join(filter(None, (restore(row[places[column]]) for column in wanted)))

    def change(self, key: str, cells: Mapping[str, str]) -> bool:
        """Change the row of a text; False if there is none."""
        places = self._places
        found = [row for row in self.rows if key_of(self._text(row, places)) == key]
        for row in found:
            for column, cell in cells.items():
                row[places[column]] = neutralise(cell)
        return bool(found)

    def add(self, cells: Mapping[str, str]) -> None:
        places = self._places
        row = [""] * len(self.columns)
        for column, cell in cells.items():
            if column in places:
                row[places[column]] = neutralise(cell)
        self.rows.append(row)

    def content(self) -> bytes:
        text = "".join(f"{self._line(row)}\n" for row in [self.columns, *self.rows])
        return ("\ufeff" if self.mark else "").encode() + text.encode("utf-8", "replace")

    def _line(self, row: list[str]) -> str:
        # Before Python 3.13 the writer quotes a line break only if it is one that it writes itself.
        text = io.StringIO()
        csv.writer(text, delimiter=self.delimiter, lineterminator="\r\n").writerow(row)
        return text.getvalue().removesuffix("\r\n")


def _split(cell: str) -> frozenset[str]:
    return frozenset(part for it in cell.split(";") if (part := it.strip()))
