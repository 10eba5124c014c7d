"""Tables: CSV and TSV (also with ; or |), XLSX, Parquet.

The standard library's csv reads what is well formed, in strict mode, as its lenient one lets an open
quotation mark swallow the rows that follow. On top came the choice of delimiter, a second reading of rows
that break the rules, and the column names. pandas was passed over: it needs the memory of the whole file or
of a chunk of it, and is a heavy dependency for a table of text. XLSX is read by openpyxl row by row, behind
checks against bombs and entities; Parquet by pyarrow in batches.
"""

import contextlib
import csv
import itertools
import re
import unicodedata
import warnings
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import IO, Any

from otclass.records.cells import restore
from otclass.records.fields import bare_doi, bare_pmid, parts, plain, sound, year_of
from otclass.records.record import Record, RecordError
from otclass.records.source import FREE_EXPANSION, MAX_RATIO, MAX_RECORD, Source

MAX_COLUMNS = 16_384
"""Columns of a table, as many as Excel has."""

MAX_ROWS = 1_048_576
"""Rows of an XLSX sheet, as many as Excel has."""

# Names of columns, letters and digits only, lower case, without accents; earlier ones win. They are those of
# PubMed, Zotero, EndNote, Mendeley, Scopus, Web of Science, Embase, Ovid, EBSCO, Cochrane, Rayyan, Covidence
# and OpenAlex, then German, French, Spanish, Italian, Portuguese and Dutch ones.
_NAMES: Mapping[str, str] = {
    "title": "title articletitle documenttitle primarytitle itemtitle displayname ti t1 originaltitle "
    "papertitle studytitle titleoriginal vernaculartitle titel titre titulo titolo titeldesartikels "
    "titredelarticle titulodelarticulo titulodoartigo titolodellarticolo titelvanhetartikel shorttitle",
    "abstract": "abstract abstractnote abstracttext ab n2 abstracts abstractenglish notesabstract "
    "zusammenfassung kurzfassung abstrakt resume resumedelarticle resumen riassunto resumo samenvatting "
    "summary sommario description",
    "text": "text texts fulltext content body inhalt texte texto testo tekst",
    "keywords": "authorkeywords keywords keyword kw de manualtags subjects subjectterms subject "
    "indexkeywords keywordsplus embasekeywords topics schlagworter schlusselworter stichworter "
    "motscles palabrasclave parolechiave palavraschave trefwoorden automatictags",
    "mesh": "meshterms mesh meshheadings meshheading mh meshsubjectheadings medicalsubjectheadings "
    "meshdescriptors",
    "pmid": "pmid pubmedid pubmed medlinepmid pubmedidpmid pm idspmid pubmednumber extpmid ui",
    "doi": "doi digitalobjectidentifier articledoi doilink di do idsdoi doiurl",
    "year": "year publicationyear pubyear yearpublished publishedyear py yr publicationdate date "
    "dateofpublication pubdate dp coverdate y1 jahr erscheinungsjahr publikationsjahr annee "
    "anneedepublication ano anodepublicacion anno annodipubblicazione anodepublicacao jaar jaarvanuitgave",
    "journal": "journal journalbook journaltitle publicationtitle publicationname sourcetitle journalname "
    "secondarytitle containertitle jo jf t2 jt jn so source primarylocationsourcedisplayname zeitschrift "
    "revue revista rivista tijdschrift",
    "authors": "authors author authornames af au authorfullnames authorfull a1 fau "
    "authorshipsauthordisplayname contributors autoren autor verfasser auteurs auteur autores autori autore",
}
_ALIASES: Mapping[str, tuple[int, str]] = {
    alias: (rank, field) for field, names in _NAMES.items() for rank, alias in enumerate(names.split())
}
_HEADER_ROWS = 10  # among which the header is looked for: exports may begin with a title or the search
_SPARE_COLUMNS = 100  # of a workbook, read beyond those that have a name
_RETRIED_LINES = 50  # in which a row is looked for that breaks the rules of quotation

_INITIALS = re.compile(r"\w [A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ.-]{0,6}$")

_NO_DELIMITER = "\x1f"
_QUOTED = re.compile(r'"(?:[^"]|"")*+"')
_NOT_NAME = re.compile(r"[\W_]+")

Row = tuple[int, Sequence[Any]]
Fields = dict[str, list[int]]


def sniff(head: str) -> bool:
    """Whether a text begins with a line that names a title, abstract or text column."""
    _, width = _layout(head, {})
    # A lone "Abstract" is more often the heading of a page than the name of a column.
    return width > 1 or (width == 1 and _name(head.split("\n", 1)[0]) == "text")


def read(source: Source, columns: Mapping[str, str]) -> Iterator[Record]:
    """Records of a CSV or TSV file.

    Parameters
    ----------
    source : Source
    columns : mapping of str to str
        Field of `Record`, or "text", to the name of its column, where the usual names do not do.
    """
    delimiter, width = _layout(source.text_head(), columns)
    yield from _records(source, _csv_rows(source, delimiter, width), columns, "table")


def read_xlsx(source: Source, file: IO[bytes], columns: Mapping[str, str]) -> Iterator[Record]:
    """Records of the first sheet of an XLSX workbook that has a title, abstract or text column.

    Parameters
    ----------
    source : Source
        For its name and its reports.
    file : seekable binary file object
    columns : mapping of str to str
        As in `read`.
    """
    try:
        import openpyxl
    except ImportError:
        raise source.error(_missing("an XLSX workbook", "openpyxl")) from None
    with _damage(source, "workbook"):
        _check_workbook(source, file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and the like
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # what the file says of its size may be wrong
        sheets = iter(book.worksheets)
        for sheet in sheets:
            found = _header(itertools.islice(_xlsx_rows(source, sheet), _HEADER_ROWS), columns)
            if found is not None:
                rows = _xlsx_rows(source, sheet, len(found[0]) + _SPARE_COLUMNS)
                break
        else:
            if not book.worksheets:
                raise source.error("the workbook has no sheet")
            rows = _xlsx_rows(source, book.worksheets[0])  # whose columns the message will name
    yield from _records(source, _until_damage(source, rows, "workbook"), columns, "xlsx")
    for sheet in sheets:
        rows = _until_damage(source, _xlsx_rows(source, sheet), f"sheet {sheet.title!r} of the workbook")
        if _header(itertools.islice(rows, _HEADER_ROWS), columns) is not None:
            source.report(
                source.error(
                    f"the sheet {sheet.title!r} has such columns too and was not read, as only the first one "
                    "is. If records are in it, save it as a file of its own"
                )
            )


def read_parquet(source: Source, file: IO[bytes], columns: Mapping[str, str]) -> Iterator[Record]:
    """Records of a Parquet file; parameters as in `read_xlsx`."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise source.error(_missing("a Parquet file", "pyarrow")) from None
    with _damage(source, "Parquet file"):
        # pyarrow checks such sizes too, but only while it fills the memory.
        opened = pyarrow.parquet.ParquetFile(file, thrift_string_size_limit=1 << 26)
        names = list(opened.schema_arrow.names)

    def rows() -> Iterator[Row]:
        yield 0, names
        number = 0
        for batch in opened.iter_batches(batch_size=32):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                yield number, row

    yield from _records(source, _until_damage(source, rows(), "Parquet file"), columns, "parquet")


def _missing(what: str, library: str) -> str:
    return f'reading {what} needs {library}, which is not installed: pip install "otclass[records]"'


@contextlib.contextmanager
def _damage(source: Source, what: str) -> Iterator[None]:
    """Anything that a library raises over a damaged file, as an error for the user."""
    try:
        yield
    except RecordError:
        raise
    except Exception as error:  # damage surfaces as whatever the code that meets it raises
        raise source.error(
            f"the {what} is damaged ({type(error).__name__}: {error}). Save or export it again"
        ) from error


def _until_damage(source: Source, rows: Iterator[Row], what: str) -> Iterator[Row]:
    try:
        with _damage(source, what):
            yield from rows
    except RecordError as error:
        source.fault = error


def _check_workbook(source: Source, file: IO[bytes]) -> None:
    """Refuse what would fill the memory or declares entities, before openpyxl opens it."""
    archive = zipfile.ZipFile(file)
    members = archive.infolist()
    if sum(member.file_size for member in members) > max(
        FREE_EXPANSION, MAX_RATIO * sum(member.compress_size for member in members)
    ):
        raise source.error(
            f"the workbook grows more than {MAX_RATIO}-fold when unpacked, as no table of records does. If "
            "you trust it, save it as CSV and read that"
        )
    for member in members:
        if member.filename.lower().endswith((".xml", ".rels")):
            with archive.open(member) as part:
                tail = b""
                while data := part.read(1 << 20):
                    if b"<!DOCTYPE" in tail + data or b"<!ENTITY" in tail + data or b"\0" in data:
                        raise source.error(
                            f"the workbook's part {member.filename} declares entities or is not UTF-8, "
                            "as no spreadsheet program writes it. It is refused; save the table as CSV"
                        )
                    tail = data[-9:]
    file.seek(0)


def _xlsx_rows(source: Source, sheet: Any, width: int | None = None) -> Iterator[Row]:
    """Rows of a sheet that hold anything, up to a number of columns; what lies beyond is reported."""
    for number, row in enumerate(_quietly(sheet.iter_rows(values_only=True)), 1):
        if number > MAX_ROWS:
            raise source.error(f"the sheet has more than {MAX_ROWS:,} rows, the most that Excel has")
        if width is not None and len(row) > width:
            # openpyxl fills a row up to its last cell: kept, one far out makes of 30 bytes 16,384 cells.
            if any(cell is not None for cell in row[: width - 1 : -1]):
                source.report(
                    source.error(
                        f"the cells in columns {width + 1:,} to {len(row):,} were left out, as they are far "
                        "beyond the last column that has a name. If they matter, name their columns",
                        number,
                    )
                )
            row = row[:width]
        if row.count(None) == len(row):
            continue
        cells = list(row)
        while cells and cells[-1] is None:
            cells.pop()
        yield number, [sound(cell) if isinstance(cell, str) else cell for cell in cells]


def _quietly(rows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Rows without openpyxl's warnings, which are of styles and the like."""
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            block = list(itertools.islice(rows, 100))
        if not block:
            return
        yield from block


def _layout(head: str, columns: Mapping[str, str]) -> tuple[str, int]:
    """The delimiter that makes most of the header, and the number of columns, 0 if no name is known."""
    for line in head.split("\n", _HEADER_ROWS)[:_HEADER_ROWS]:
        best = (0, 0, "")
        for delimiter in ",;\t|":
            row = _cells(line, delimiter) or []
            fields = columns_of(row, columns)
            if _is_readable(fields):
                best = max(best, (len(fields), len(row), delimiter))
        if best[0]:
            # Without a delimiter there is one column, in which a comma is a comma.
            return best[2] if best[1] > 1 else _NO_DELIMITER, best[1]
    return ",", 0


def _csv_rows(source: Source, delimiter: str, width: int) -> Iterator[Row]:
    """Rows and the lines they begin at.

    A row that breaks the rules of quotation is looked for again, with fewer rules, at the beginning of what
    it took; if it is not found, its first line is reported and left out. Either way the lines after it are
    read as rows of their own.
    """
    lines = source.lines()
    waiting: deque[tuple[int, str]] = deque()
    taken: list[tuple[int, str]] = []
    size = 0

    def feed() -> Iterator[str]:
        nonlocal size
        while True:
            if waiting:
                number, line = waiting.popleft()
            else:
                following = next(lines, None)
                if following is None:
                    return
                number, line = source.line, following
            taken.append((number, line))
            if len(taken) > 1:
                size += len(line)
                if size > MAX_RECORD:
                    raise csv.Error("row too long")
            yield line

    def of_row() -> Iterator[str]:
        """The lines taken, and more where csv gave up before the row's end."""
        yield from [line for _, line in taken]
        with contextlib.suppress(csv.Error):
            yield from feed()

    while True:
        try:
            for row in csv.reader(feed(), delimiter=delimiter, strict=True):
                if row:
                    yield taken[0][0], row
                taken.clear()
                size = 0
        except csv.Error:
            cells, used = _retry(itertools.islice(of_row(), _RETRIED_LINES), delimiter, width)
            if cells is None:
                source.report(
                    source.error("the row's quotation marks do not pair; its line was left out", taken[0][0])
                )
            else:
                yield taken[0][0], cells
            waiting.extendleft(reversed(taken[used:]))
            taken.clear()
            size = 0
        else:
            return


def _retry(lines: Iterator[str], delimiter: str, width: int) -> tuple[list[str] | None, int]:
    """The cells of the row at the beginning of `lines` and how many of them it takes."""
    text = ""
    for used, line in enumerate(lines, 1):
        if used > 1 and _is_row(line, delimiter, width):
            break
        text += line
        cells = _cells(text.rstrip("\n"), delimiter)
        if cells is not None and (len(cells) == width or not width):
            return cells, used
    return None, 1


def _is_row(line: str, delimiter: str, width: int) -> bool:
    """Whether a line is a row by itself rather than one of a cell's."""
    cells = _cells(line.rstrip("\n"), delimiter) or []
    return len(cells) == width > 1 and '"' not in _QUOTED.sub("", line)


def _cells(text: str, delimiter: str) -> list[str] | None:
    """Cells of a row in which a quotation mark closes a cell only at its end; None if a line feed is left."""
    quoted = re.compile(
        rf'"((?:[^"]++|""|"(?! *(?:{re.escape(delimiter)}|\Z)))*+)" *(?={re.escape(delimiter)}|\Z)'
    )
    cells = []
    at = 0
    while True:
        if found := quoted.match(text, at):
            cells.append(found[1].replace('""', '"'))
            at = found.end()
        else:
            end = text.find(delimiter, at)
            end = len(text) if end < 0 else end
            if "\n" in text[at:end]:
                return None
            cells.append(text[at:end])
            at = end
        if at >= len(text):
            return cells
        at += 1


def _name(column: object) -> str:
    text = unicodedata.normalize("NFKD", str(column)).casefold().replace("ß", "ss")
    return _NOT_NAME.sub("", "".join(letter for letter in text if not unicodedata.combining(letter)))


def columns_of(row: Sequence[Any], columns: Mapping[str, str]) -> Fields:
    """Which columns hold a field, best first, were `row` the header."""
    chosen = {field: _name(column) for field, column in columns.items()}
    ranked: dict[str, list[tuple[int, int]]] = {}
    for position, cell in enumerate(row[:MAX_COLUMNS]):
        if cell is None or cell == "" or len(str(cell)) > 100:
            continue
        name = _name(cell)
        for field, column in chosen.items():
            if name == column:
                ranked.setdefault(field, []).append((0, position))
        rank, field = _ALIASES.get(name, (0, ""))
        if field and field not in chosen:
            ranked.setdefault(field, []).append((rank, position))
    return {field: [position for _, position in sorted(found)] for field, found in ranked.items()}


def _is_readable(fields: Fields) -> bool:
    return any(field in fields for field in ("title", "abstract", "text"))


def _header(rows: Iterable[Row], columns: Mapping[str, str]) -> tuple[Sequence[Any], Fields] | None:
    for _, row in rows:
        fields = columns_of(row, columns)
        if _is_readable(fields) and all(field in fields for field in columns):
            return row, fields
    return None


def _records(source: Source, rows: Iterator[Row], columns: Mapping[str, str], kind: str) -> Iterator[Record]:
    above = []
    for first_row in itertools.islice(rows, _HEADER_ROWS):
        above.append(first_row)
        if (found := _header([first_row], columns)) is not None:
            break
    else:
        raise source.error(_no_column(above[0][1] if above else (), columns))
    header, fields = found
    width = len(header)
    if width > MAX_COLUMNS:
        raise source.error(f"the table has {width:,} columns; {MAX_COLUMNS:,} are the most that are read")
    names = _unique(header)
    # What most tables lack costs each of their rows nothing.
    titles, abstracts = fields.get("title", ()), fields.get("abstract", fields.get("text", ()))
    keywords, mesh, authors = (fields.get(field, ()) for field in ("keywords", "mesh", "authors"))
    pmids, dois, years, journals = (fields.get(field, ()) for field in ("pmid", "doi", "year", "journal"))
    for number, row in rows:
        if kind != "parquet":
            row = [restore(cell) if cell.__class__ is str and cell[:1] == "'" else cell for cell in row]
        if len(row) == width:
            cells = row
        elif len(row) < width:  # programs leave out empty cells at the end
            cells = [*row, *[None if kind == "xlsx" else ""] * (width - len(row))]
        else:
            cells = row
            if any(cell not in (None, "") for cell in row[width:]):
                source.report(
                    source.error(
                        f"the row has {len(row):,} cells under {width:,} columns; the first ones were read. "
                        "Is a cell with the delimiter in it not in quotation marks?",
                        number,
                    )
                )
        raw = dict(zip(names, cells, strict=False))
        if len(row) > width:
            raw |= {f"({at})": cell for at, cell in enumerate(row[width:MAX_COLUMNS], width + 1)}
        yield Record(
            title=plain(_best(cells, titles)),
            abstract=plain(_best(cells, abstracts)),
            keywords=_list(cells, keywords) if keywords else (),
            mesh=_list(cells, mesh) if mesh else (),
            pmid=bare_pmid(_best(cells, pmids)) if pmids else "",
            doi=bare_doi(_best(cells, dois)) if dois else "",
            year=year_of(_best(cells, years)) if years else None,
            journal=_best(cells, journals) if journals else "",
            authors=_people(_text(cells[authors[0]])) if authors else (),
            source=source.name,
            source_line=number,
            format=kind,
            raw=raw,
        )


def _unique(header: Sequence[Any]) -> list[str]:
    """Column names, of which repeated ones are numbered."""
    names: dict[str, None] = {}
    for cell in header:
        name = label = restore(sound(_text(cell)))
        count = 1
        while name in names:
            count += 1
            name = f"{label} ({count})"
        names[name] = None
    return list(names)


def _no_column(row: Sequence[Any], columns: Mapping[str, str]) -> str:
    shown = ", ".join(repr(_text(cell)[:40]) for cell in row[:20]) + (", ..." if len(row) > 20 else "")
    wanted = (
        "no column named " + " and ".join(map(repr, columns.values()))
        if columns
        else ("no column of titles, abstracts or texts is recognised by its name")
    )
    return (
        f"{wanted}; the first row is: {shown or 'empty'}. The first row must name the columns; say which to "
        "read, such as columns={'title': 'Name of the column', 'abstract': 'Name of another'}"
    )


def _best(cells: Sequence[Any], positions: Sequence[int]) -> str:
    for position in positions:
        cell = cells[position]
        if cell.__class__ is not str:
            cell = _text(cell)
        if cell and not cell.isspace():
            return str(cell)
    return ""


def _people(text: str) -> tuple[str, ...]:
    """Names in a cell, divided by semicolons, by commas where each ends in initials, or by "and"."""
    if ";" not in text and "|" not in text:
        names = text.split(", ")
        if len(names) > 1 and all(map(_INITIALS.search, names)):
            if not names[0].endswith("."):
                names[-1] = names[-1].rstrip(".")  # PubMed ends the list with one
            return tuple(names)
        names = text.split(" and ")
        if len(names) > 1 and all(name.count(",") == 1 for name in names):
            return tuple(map(str.strip, names))
    return parts(text, ";|")


def _list(cells: Sequence[Any], positions: Sequence[int]) -> tuple[str, ...]:
    if len(positions) == 1:
        return parts(_text(cells[positions[0]]), ";|")
    return tuple(
        dict.fromkeys(item for position in positions for item in parts(_text(cells[position]), ";|"))
    )


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        return f"{cell:.0f}"
    if isinstance(cell, (list, tuple)):
        return "; ".join(map(_text, cell))
    if isinstance(cell, dict):
        return _text(next((cell[key] for key in ("name", "display_name", "value") if key in cell), ""))
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
