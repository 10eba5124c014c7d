"""An open file: decompressed, decoded and cut into lines, within limits.

gzip is the standard library's. It needed a limit against bombs on top, and a way to give what could be read
before a fault.
"""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any, Protocol

from otclass.records.encoding import detect
from otclass.records.record import RecordError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEAD = 1 << 16
"""Bytes at a file's beginning by which its format and encoding are recognised."""

MAX_RECORD = 8 * 1024 * 1024
"""Characters in one record, or one line, that are read. The largest in PubMed have about 1.5 million."""

MAX_RATIO = 200
"""How many times its size a compressed file may grow. Bibliographic text grows about 4 to 20 times."""

FREE_EXPANSION = 64 * 1024 * 1024
"""Bytes up to which a compressed file may grow whatever its size."""

Report = Callable[[RecordError], None]


class Readable(Protocol):
    """All that is asked of a file object."""

    def read(self, size: int, /) -> Any: ...


class Source:
    """A file to read records from.

    Parameters
    ----------
    stream : binary file object
        Needs only ``read(n)``.
    name : str
        The file's name as the user gave it.
    report : callable
        Told of each record, or part of one, that cannot be read.

    Attributes
    ----------
    head : bytes
        The first 64 KiB, decompressed.
    encoding, errors : str
        As ``io.TextIOWrapper`` takes them.
    binary : io.BufferedReader
        The whole file, decompressed.
    line : int
        Number of the line given last by `lines`, from 1.
    fault : RecordError or None
        What ended the file before its time, known once it has been read.
    """

    def __init__(self, stream: IO[Any], name: str, report: Report) -> None:
        self.name = name
        self.report = report
        self.line = 0
        self.fault: RecordError | None = None
        raw = _Bytes(stream, self)
        head = _read_fully(raw, HEAD)
        if head.startswith(b"\x1f\x8b"):
            packed = _Replayed(head, raw)
            raw = _Bytes(gzip.GzipFile(fileobj=packed), self, packed)
            head = _read_fully(raw, HEAD)
        self.head = head
        self.encoding, self.errors = detect(head)
        self.binary = io.BufferedReader(_Replayed(head, raw), 1 << 18)

    def error(self, message: str, line: int | None = None, field: str = "") -> RecordError:
        """An error that names this file."""
        return RecordError(message, source=self.name, line=line, field=field)

    def report_overlong(self, line: int) -> None:
        """Report a record of more than `MAX_RECORD` characters, which begins at a line."""
        self.report(self.error(f"the record is longer than {MAX_RECORD:,} characters and was left out", line))

    def text_head(self) -> str:
        """The first 64 KiB as text, line ends as "\\n"."""
        text = self.decode(self.head)
        return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").lstrip("\ufeff")

    def decode(self, data: bytes) -> str:
        """Bytes of this file as text."""
        return data.decode(self.encoding, self.errors)

    def lines(self) -> Iterator[str]:
        """The file's lines, ends as "\\n", without NULs.

        A line longer than `MAX_RECORD` is reported and left out; it still counts.
        """
        text = io.TextIOWrapper(self.binary, self.encoding, self.errors)
        readline = text.readline
        number = 0
        while line := readline(MAX_RECORD):
            number += 1
            self.line = number
            if len(line) == MAX_RECORD and line[-1] != "\n":
                while (rest := readline(MAX_RECORD)) and rest[-1] != "\n":
                    pass
                self.report(
                    self.error(
                        f"the line is longer than {MAX_RECORD:,} characters and was left out. "
                        "Is this file an export of records?",
                        number,
                    )
                )
                continue
            if "\0" in line:
                line = line.replace("\0", "")
            if line[:1] == "\ufeff":  # where files with a BOM were joined
                line = line[1:]
            yield line


class _Bytes(io.RawIOBase):
    """A stream that ends at a fault, which is kept for later, and refuses to grow without bounds."""

    def __init__(self, stream: Readable, source: Source, packed: "_Replayed | None" = None) -> None:
        self._read = getattr(stream, "read1", stream.read)
        self._source = source
        self._packed = packed
        self._size = 0
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        try:
            # gzip's read would lose what it had when it meets the fault; its read1 gives it first.
            data = self._rest or self._read(len(view)) or b""
        except (EOFError, zlib.error, OSError, ValueError) as error:
            if self._source.fault is None:
                self._source.fault = self._source.error(_why(error, self._packed is not None))
            return 0
        if isinstance(data, str):
            data = _encoded(data)
        data, self._rest = data[: len(view)], data[len(view) :]
        if self._packed is not None:
            self._size += len(data)
            if self._size > max(FREE_EXPANSION, MAX_RATIO * self._packed.position):
                raise self._source.error(
                    f"the file grows more than {MAX_RATIO}-fold when decompressed, as no export of records "
                    "does. If you trust it, decompress it first and read the result"
                )
        view[: len(data)] = data
        return len(data)


class _Replayed(io.RawIOBase):
    """The bytes already read from a stream, then the rest of it."""

    def __init__(self, head: bytes, rest: _Bytes) -> None:
        self._head = memoryview(head)
        self._rest = rest
        self.position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if self._head:
            view = memoryview(buffer)
            size = min(len(view), len(self._head))
            view[:size] = self._head[:size]
            self._head = self._head[size:]
        else:
            size = self._rest.readinto(buffer)
        self.position += size
        return size


def _read_fully(stream: _Bytes, size: int) -> bytes:
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")  # gives back bytes that the opener could not decode
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _why(error: Exception, packed: bool) -> str:
    if packed and isinstance(error, EOFError):
        return "the compressed file is cut off; the records up to there were read. Download or copy it again"
    if packed:
        return f"the compressed file is damaged ({error}); the records up to there were read. Get it again"
    return f"the file could not be read to its end ({error}); the records up to there were read"
