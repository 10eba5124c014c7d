"""A bibliographic record, and what is raised when one cannot be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MARK = "otclass:"
"""Begins every keyword and note that this package adds to a record."""


class RecordError(ValueError):
    """A file, or one record of it, cannot be read or written.

    Parameters
    ----------
    message : str
        What was wrong and what to do about it.
    source : str, default ""
        The file's name as the user gave it.
    line : int, optional
        Line (or row) of the file, counted from 1.
    field : str, default ""
        Field or column of the record.
    """

    def __init__(self, message: str, *, source: str = "", line: int | None = None, field: str = "") -> None:
        place = source + (f":{line}" if line is not None else "")
        where = ": ".join(part for part in (place, f"field {field}" if field else "") if part)
        super().__init__(f"{where}: {message}" if where else message)
        self.message = message
        self.source = source
        self.line = line
        self.field = field


class RecordWarning(UserWarning):
    """A record was skipped or read in part."""


@dataclass(slots=True)
class Record:
    """One bibliographic entry, whatever format it came in.

    Attributes
    ----------
    title, abstract : str
        Text as the file holds it, markup undone; empty when absent.
    keywords, mesh, authors : tuple of str
        Authors as "Family, Given" where the format tells.
    pmid, doi, journal : str
        Empty when absent; the DOI is bare and lower case ("10.1000/x").
    year : int or None
    source : str
        The file's name as the user gave it.
    source_line : int
        Line (or row) of that file at which the record begins, counted from 1.
    format : str
        Name of the reader, such as "ris".
    raw : mapping of str to Any
        Every field as read, in the file's own names, so that a writer can give it back (see Notes).

    Notes
    -----
    What `raw` holds follows from `format`:

    ``"medline"``, ``"ris"``, ``"endnote"``, ``"wos"``, ``"ovid"``, ``"cochrane"``
        ``{"fields": [(tag, value), ...]}`` in file order, tags as in the file ("TI", "PMID"; EndNote's
        without the percent sign; Ovid's may be words), the end-of-record tag left out. Lines that continue
        a value are joined by a blank, paragraphs by a line feed, and so are lines that may be items of a
        list: all of Web of Science, keywords and notes of RIS and EndNote, names and keywords of Ovid.
    ``"pubmed"``, ``"endnotexml"``
        Names of elements to str or list of str: ``{"PMID": "1", "ArticleTitle": "...", "Volume": "3",
        "PublicationType": ["Journal Article"], ...}``.
    ``"bibtex"``
        ``{"ENTRYTYPE": "article", "ID": "key", "title": "...", ...}``: values without their outer braces
        or quotes, @string abbreviations filled in, LaTeX left as it was.
    ``"table"``, ``"xlsx"``, ``"parquet"``
        Column name to cell in the file's order: str in ``"table"``, any cell value else. Of columns with
        the same name the later ones are called "name (2)", "name (3)"; cells beyond the last column stand
        under "(4)" for the fourth and so on.
    ``"json"``
        The JSON object itself.
    """

    title: str = ""
    abstract: str = ""
    keywords: tuple[str, ...] = ()
    mesh: tuple[str, ...] = ()
    pmid: str = ""
    doi: str = ""
    year: int | None = None
    journal: str = ""
    authors: tuple[str, ...] = ()
    source: str = ""
    source_line: int = 0
    format: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
