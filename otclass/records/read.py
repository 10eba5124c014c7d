"""Records from files of any of the formats read, recognised by content first and name second."""

import contextlib
import glob
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from otclass.records import (
    bibtex,
    cochrane,
    endnote,
    endnotexml,
    jsonl,
    medline,
    ovid,
    pubmedtext,
    pubmedxml,
    ris,
    table,
    wos,
)
from otclass.records.record import MARK, Record, RecordError, RecordWarning
from otclass.records.source import Report, Source

MAX_FILE = 1024 * 1024 * 1024
"""Bytes of an XLSX or Parquet file, which is copied to a temporary one as it is not read front to back."""


Reader = Callable[[Source, Mapping[str, str]], Iterator[Record]]


@dataclass(frozen=True)
class Format:
    """One way records are written.

    Attributes
    ----------
    read : callable
        Records of a `Source`, given the names of columns that the user chose.
    endings : tuple of str
        Endings of file names.
    sniff : callable
        Whether a text, the file's first 64 KiB, is of this format.
    """

    read: Reader
    endings: tuple[str, ...]
    sniff: Callable[[str], bool]


def _without_columns(reader: Callable[[Source], Iterator[Record]]) -> Reader:
    return lambda source, _: reader(source)


def _no_text(_: str) -> bool:
    return False


FORMATS: Mapping[str, Format] = {
    "pubmed": Format(_without_columns(pubmedxml.read), (".xml",), pubmedxml.sniff),
    "endnotexml": Format(_without_columns(endnotexml.read), (".xml",), endnotexml.sniff),
    "json": Format(_without_columns(jsonl.read), (".jsonl", ".ndjson", ".json"), jsonl.sniff),
    "ovid": Format(_without_columns(ovid.read), (".ovd", ".cgi", ".txt"), ovid.sniff),
    "cochrane": Format(_without_columns(cochrane.read), (".txt",), cochrane.sniff),
    "pubmedtext": Format(_without_columns(pubmedtext.read), (".txt",), pubmedtext.sniff),
    "medline": Format(_without_columns(medline.read), (".nbib", ".txt"), medline.sniff),
    "ris": Format(_without_columns(ris.read), (".ris", ".txt"), ris.sniff),
    "wos": Format(_without_columns(wos.read), (".ciw", ".txt"), wos.sniff),
    "endnote": Format(_without_columns(endnote.read), (".enw",), endnote.sniff),
    "bibtex": Format(_without_columns(bibtex.read), (".bib", ".bibtex"), bibtex.sniff),
    "table": Format(table.read, (".csv", ".tsv", ".tab"), table.sniff),
    "xlsx": Format(
        lambda source, columns: _on_disk(table.read_xlsx, source, columns), (".xlsx", ".xlsm"), _no_text
    ),
    "parquet": Format(
        lambda source, columns: _on_disk(table.read_parquet, source, columns), (".parquet",), _no_text
    ),
}
"""The formats read, in the order in which a file is tried for them."""

_BY_ENDING = {ending: name for name in ("json", "table") for ending in FORMATS[name].endings}
_COLUMNS = ("title", "abstract", "text", "keywords", "mesh", "pmid", "doi", "year", "journal", "authors")

# Embase offers CSV with a field a line, which looks like a table of other things.
_FIELDS_BY_ROW = re.compile(
    r'"?TITLE"?,[^\n]*\n(?:"?ORIGINAL TITLE"?,[^\n]*\n)?"?(?:AUTHOR NAMES|SOURCE|ABSTRACT)"?,', re.IGNORECASE
)

# Files that people hold for exports, by how they begin, and what to do about them.
_OTHER_FILES = (
    (b"\xd0\xcf\x11\xe0", "this is a workbook of the old .xls kind. Open it and save it as .xlsx or CSV"),
    (
        b"%PDF",
        "this is a PDF. Export the records from the database or reference manager, as RIS for example",
    ),
    (b"\x1f\x8b", "the file is compressed twice. Decompress it and read the result"),
    (b"BZh", "the file is compressed with bzip2. Decompress it and read the result"),
    (b"\xfd7zXZ", "the file is compressed with xz. Decompress it and read the result"),
    (b"7z\xbc\xaf", "this is a 7z archive. Unpack it and read the files in it"),
    (b"Rar!", "this is a RAR archive. Unpack it and read the files in it"),
    (
        b"SQLite format 3",
        "this is a program's database. Export the records from that program, as RIS for example",
    ),
)


def read_records(
    source: str | Path | IO[Any],
    *,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    on_error: Callable[[RecordError], None] | None = None,
) -> Iterator[Record]:
    """Read bibliographic records one by one, in the order of the file, in constant memory.

    Parameters
    ----------
    source : str, Path or file object
        File to read, gzip-compressed or not; "-" is standard input. A file object may give bytes or text,
        needs only ``read(n)`` and is left open.
    format : str, optional
        Name of the format, one of `otclass.records.read.FORMATS`. By default it is recognised by the
        content, then by the file's ending.
    columns : mapping of str to str, optional
        For tables whose column names are not recognised: field of `Record`, or "text", to column name.
    on_error : callable, optional
        Called with a `RecordError` for each record, or part of one, that cannot be read; reading goes on.
        By default a `RecordWarning` is issued.

    Yields
    ------
    Record
        Also those that have neither title nor abstract.

    Raises
    ------
    RecordError
        If the file as a whole cannot be read: it is missing, empty, of no format read, lacks a column of
        titles, abstracts or texts, or passes one of the limits told in docs/formats.md.

    Examples
    --------
    >>> import io
    >>> [record.title for record in read_records(io.StringIO("title,abstract\\nVoles,They bond.\\n"))]
    ['Voles']
    """
    if format is not None and format not in FORMATS:
        raise RecordError(f"there is no format {format!r}; choose one of {', '.join(FORMATS)}")
    if unknown := set(columns or {}) - set(_COLUMNS):
        raise RecordError(
            f"{', '.join(map(repr, sorted(unknown)))} is no field; fields are {', '.join(_COLUMNS)}"
        )
    return _read(source, format, columns or {}, on_error or _warn)


def _read(
    source: str | Path | IO[Any], name: str | None, columns: Mapping[str, str], report: Report
) -> Iterator[Record]:
    with contextlib.ExitStack() as opened:
        if isinstance(source, str | Path):
            shown = str(source)
            stream: IO[Any] = sys.stdin.buffer if shown == "-" else opened.enter_context(_open(Path(source)))
        else:
            given = getattr(source, "name", None)
            shown, stream = given if isinstance(given, str) else "<file>", source
        file = Source(stream, shown, report)
        if not file.head.strip(b"\0\r\n\t \xef\xbb\xbf"):
            raise file.fault or file.error("the file is empty")
        read = 0
        for record in FORMATS[name or _recognised(file, columns)].read(file, columns):
            read += 1
            if any(word.startswith(MARK) for word in record.keywords):  # an earlier run's
                record.keywords = tuple(word for word in record.keywords if not word.startswith(MARK))
            yield record
        if file.fault is not None:
            if not read:
                raise file.fault
            report(file.fault)
        elif not read and name is not None:
            report(
                file.error(
                    f"no record was found when read as {name}; leave the format out to have it recognised"
                )
            )


def _warn(error: RecordError) -> None:
    warnings.warn(str(error), RecordWarning, stacklevel=3)


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except IsADirectoryError:
        raise RecordError(
            "this is a folder; otclass.records.expand lists its files", source=str(path)
        ) from None
    except FileNotFoundError:
        raise RecordError("there is no such file", source=str(path)) from None
    except (OSError, ValueError) as error:
        raise RecordError(f"the file cannot be opened ({error})", source=str(path)) from error


def _recognised(file: Source, columns: Mapping[str, str]) -> str:
    """Name of the file's format."""
    head = file.head
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        if b"xl/" in head or b"[Content_Types].xml" in head:
            return "xlsx"
        raise file.error("this is a ZIP archive. Unpack it and read the files in it")
    for beginning, message in _OTHER_FILES:
        if head.startswith(beginning):
            raise file.error(message)
    text = file.text_head()
    begins = text.lstrip()[:2000].lower()
    if begins.startswith(("<!doctype html", "<html")) or (begins.startswith("<") and "<html" in begins):
        raise file.error(
            "this is a web page, perhaps a page of log-in or error that was saved in place of the export. "
            "Open it in a browser to see what it says, then export again"
        )
    if _FIELDS_BY_ROW.match(text):
        raise file.error(
            "this is Embase's CSV with fields by row, which is not read. Export again as RIS, or as CSV with "
            "fields by column"
        )
    strange = sum(character < " " and character not in "\t\n\f" for character in text) + text.count("\ufffd")
    if strange > 8 + len(text) // 10:
        raise file.error("this is no text, or in an encoding that is not recognised. Export again, as UTF-8")
    for name, candidate in FORMATS.items():
        if candidate.sniff(text):
            return name
    if begins.startswith("<"):
        raise file.error(
            "this is XML, but not PubMed's or EndNote's. Export the records as RIS or CSV instead"
        )
    ending = Path(file.name.lower().removesuffix(".gz")).suffix
    if ending in _BY_ENDING:
        return _BY_ENDING[ending]
    if columns:
        return "table"
    raise file.error(
        "no format of records is recognised. Read are PubMed, RIS, BibTeX, EndNote, Web of Science, Ovid, "
        "Cochrane, CSV, TSV, XLSX, Parquet and JSON. The first row of a table must name its columns"
    )


def _on_disk(
    reader: Callable[[Source, IO[bytes], Mapping[str, str]], Iterator[Record]],
    file: Source,
    columns: Mapping[str, str],
) -> Iterator[Record]:
    """Give `reader` a file in which it can go back and forth."""
    with tempfile.TemporaryFile() as copy:
        while data := file.binary.read(1 << 20):
            copy.write(data)
            if copy.tell() > MAX_FILE:
                raise file.error(
                    f"the file is larger than {MAX_FILE:,} bytes; save the table as CSV and read that"
                )
        copy.seek(0)
        yield from reader(file, copy, columns)


def expand(paths: Iterable[str | Path]) -> Iterator[Path]:
    """List the files meant by any mix of files, folders and patterns.

    Parameters
    ----------
    paths : iterable of str or Path
        Files, as they are; folders, for the files of known endings in them and in their folders; patterns
        with ``*``, ``?``, ``[...]`` or ``**``; "-" for standard input.

    Yields
    ------
    Path
        In the order given, those of a folder or pattern sorted; each file once.

    Raises
    ------
    RecordError
        If a file does not exist, or a folder or pattern has no file to read.
    """
    seen: set[Path] = set()
    for given in paths:
        path = Path(given)
        if str(given) == "-" or path.is_file():
            found = [path]
        elif path.is_dir():
            found = _in_folder(path)
            if not found:
                known = ", ".join(
                    sorted({ending for format in FORMATS.values() for ending in format.endings})
                )
                raise RecordError(f"the folder holds no file that ends in {known}", source=str(given))
        elif glob.has_magic(str(given)):
            matches = sorted(Path(match) for match in glob.glob(str(given), recursive=True))  # noqa: PTH207
            found = [file for match in matches for file in (_in_folder(match) if match.is_dir() else [match])]
            if not found:
                raise RecordError("the pattern matches no file", source=str(given))
        elif path.exists():  # a pipe or device
            found = [path]
        else:
            raise RecordError("there is no such file or folder", source=str(given))
        for file in found:
            if file not in seen:
                seen.add(file)
                yield file


def _in_folder(folder: Path) -> list[Path]:
    known = {ending for format in FORMATS.values() for ending in format.endings}
    return sorted(
        path
        for path in folder.rglob("*")
        if Path(path.name.lower().removesuffix(".gz")).suffix in known
        and path.is_file()
        and not path.name.startswith((".", "~$"))
    )
