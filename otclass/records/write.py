"""Write records with their tags: CSV, TSV, XLSX, JSON Lines, Parquet, RIS and BibTeX.

Libraries: the standard library's json, openpyxl (write-only mode) and pyarrow. CSV is written here because
the standard library's csv looks at every character, which takes longer than tagging the text does. So are
RIS and BibTeX: rispy's writer puts repeated tags together, numbers the records and leaves out tags it does
not know, and bibtexparser's wants the whole library in memory, while giving a line back needs neither.
"""

import contextlib
import csv
import hashlib
import itertools
import json
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self

from otclass.domains import DOMAIN_KEYS
from otclass.records.cells import SUSPECT, neutralise
from otclass.records.fields import parts
from otclass.records.record import MARK, Record, RecordError, RecordWarning
from otclass.records.table import columns_of

FORMATS: Mapping[str, str] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".xlsx": "xlsx",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".ris": "ris",
    ".bib": "bibtex",
}
"""Output format by the file's ending."""

CHECKPOINT = 10_000  # records between two states saved for resuming, a second's work or less
_BUFFER = 1 << 18  # bytes written at once
CHUNK = 1_000  # rows of one Parquet row group; 5,000 need 80 MB more
XLSX_ROWS = 1_048_576
XLSX_COLUMNS = 16_384
XLSX_CELL = 32_767  # characters

_TABULAR = frozenset({"table", "xlsx", "parquet"})
_TAGGED = frozenset({"medline", "ris", "endnote", "wos", "ovid", "cochrane"})
_STANDARD = ("title", "abstract", "authors", "year", "journal", "doi", "pmid", "keywords", "mesh")

# Fields that Record holds under other names, with markup, LaTeX or separators undone.
_SAID: Mapping[str, frozenset[str]] = {
    "medline": frozenset({"TI", "AB"}),
    "bibtex": frozenset(
        {"title", "author", "abstract", "journal", "year", "doi", "pmid", "keywords", "mesh", "annote"}
    ),
}

# Names of bibliographic fields that are not attributes of Record, by input format.
_NAMES: Mapping[str, Mapping[str, str]] = {
    "medline": {"VI": "volume", "IP": "issue", "PG": "pages", "IS": "issn", "LA": "language"},
    "pubmed": {
        "Volume": "volume",
        "Issue": "issue",
        "MedlinePgn": "pages",
        "ISSN": "issn",
        "Language": "language",
    },
    "ris": {
        "VL": "volume",
        "IS": "issue",
        "SP": "pages",
        "SN": "issn",
        "LA": "language",
        "UR": "url",
        "PB": "publisher",
    },
    "endnote": {
        "V": "volume",
        "N": "issue",
        "P": "pages",
        "@": "issn",
        "G": "language",
        "U": "url",
        "I": "publisher",
    },
    "wos": {"VL": "volume", "IS": "issue", "BP": "pages", "SN": "issn", "LA": "language", "PU": "publisher"},
    "ovid": {
        "VI": "volume",
        "Volume": "volume",
        "IP": "issue",
        "Issue/Part": "issue",
        "PG": "pages",
        "Page": "pages",
        "IS": "issn",
        "LG": "language",
        "Language": "language",
        "PB": "publisher",
        "Publisher": "publisher",
    },
    "cochrane": {
        "VL": "volume",
        "NO": "issue",
        "PG": "pages",
        "SN": "issn",
        "LA": "language",
        "US": "url",
        "PB": "publisher",
    },
    "endnotexml": {
        "volume": "volume",
        "number": "issue",
        "pages": "pages",
        "isbn": "issn",
        "language": "language",
        "related-urls": "url",
        "publisher": "publisher",
    },
    "bibtex": {
        "volume": "volume",
        "number": "issue",
        "pages": "pages",
        "issn": "issn",
        "language": "language",
        "url": "url",
        "publisher": "publisher",
    },
    "json": {
        "volume": "volume",
        "issue": "issue",
        "page": "pages",
        "ISSN": "issn",
        "language": "language",
        "URL": "url",
        "publisher": "publisher",
    },
}
_LAST_PAGE = {"ris": "EP", "wos": "EP"}

# Housekeeping of the National Library of Medicine, which means nothing outside it: not carried to RIS and
# BibTeX.
_HOUSEKEEPING = re.compile(
    "OWN|STAT|DCOM|LR|SB|JID|EDAT|MHDA|CRDT|PHST|PST|IRAD|DA|DEP|DP|SO|TA|AU|AID|LID|AUID|IR|FIR"
    "|PMID|TI|AB|FAU|JT|MH|OT"  # where markup was undone, so that the text differs
)


class Tags(Protocol):
    """What a tagger gives: a tuple of domain keys that also knows their probabilities."""

    @property
    def probabilities(self) -> Mapping[str, float]:
        """Probability of each domain, between 0 and 1."""

    @property
    def neuropeptide(self) -> float | None:
        """Probability that the text is about a neuropeptide, between 0 and 1; None if not judged."""

    @property
    def review(self) -> tuple[str, ...]:
        """Domains a person should look at."""

    def __iter__(self) -> Iterator[str]: ...


# --- what each kind of output makes of a record


# An earlier run's note, up to the end of its line, and keywords; Zotero wraps notes in HTML.
_MARKS = re.compile(rf"\s*(?:<[^<>\n]*>\s*)*{MARK}(?: [^\n<]*(?:</[^<>\n]*>)*|[^\s;,][^\n;,]*[;,]?)")


def _without_marks(text: str) -> str:
    """Text without what an earlier run of this package added to it."""
    return _MARKS.sub("", text).strip(" ;,\n") if MARK in text else text


def _fields(record: Record) -> Mapping[str, Any]:
    """Fields of a record as its file names them; repeated tags as a list, an earlier run's marks left out."""
    if record.format not in _TAGGED:
        # Where an earlier run's JSON Lines have their judgement.
        return {name: value for name, value in record.raw.items() if name != "otclass"}
    fields: dict[str, list[str]] = {}
    for tag, value in record.raw.get("fields", ()):
        if not value.startswith(MARK):
            fields.setdefault(tag, []).append(value)
    return {tag: values if len(values) > 1 else values[0] for tag, values in fields.items()}


def _standard(record: Record) -> tuple[dict[str, Any], dict[str, Any]]:
    """A record of any format under common names, and the fields of its file that these do not say already."""
    common: dict[str, Any] = {
        "title": record.title,
        "abstract": record.abstract,
        "authors": list(record.authors),
        "year": record.year,
        "journal": record.journal,
        "doi": record.doi,
        "pmid": record.pmid,
        "keywords": list(record.keywords),
        "mesh": list(record.mesh),
    }
    said = {record.title, record.abstract, record.journal, record.doi, record.pmid, str(record.year)}
    for words in (record.authors, record.keywords, record.mesh):
        said.update(words, ("; ".join(words),))
    said |= {"", "None"}

    def is_said(text: str) -> bool:
        if text in said:
            return True
        text = _without_marks(text)
        return text in said or all(part in said for part in parts(text))

    names, said_by_name = _NAMES.get(record.format, {}), _SAID.get(record.format, ())
    rest: dict[str, Any] = {}
    for name, value in _fields(record).items():
        if (to := names.get(name)) and to not in common:
            common[to] = _text(value)
        elif isinstance(value, str):
            if name.lower() not in said_by_name and name not in said_by_name and not is_said(value):
                rest[name] = _without_marks(value)
        elif value is not None and not all(isinstance(item, str) and is_said(item) for item in _list(value)):
            rest[name] = (
                [_without_marks(item) if isinstance(item, str) else item for item in value]
                if isinstance(value, list)
                else value
            )
    if (last := _LAST_PAGE.get(record.format)) in rest and "pages" in common:
        common["pages"] += f"-{_text(rest.pop(str(last)))}"
    return common, rest


_to_json = json.JSONEncoder(ensure_ascii=False, default=str).encode


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def _text(value: Any) -> str:
    """Any value as text: lists of text joined by "; ", other structures as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        try:
            return "; ".join(value)
        except TypeError:
            return _to_json(value)
    if isinstance(value, date):
        return value.isoformat()
    return _to_json(value) if isinstance(value, dict) else str(value)


def _note(record: Record, tags: Tags, duplicate_of: str) -> str:
    """The judgement in one line, for people."""
    parts = [", ".join(f"{key} {value:.2f}" for key, value in tags.probabilities.items())]
    if tags.review:
        parts.append("review: " + ", ".join(tags.review))
    if tags.neuropeptide is not None:
        parts.append(f"neuropeptide {tags.neuropeptide:.2f}")
    if not record.abstract:
        parts.append("no abstract")
    if duplicate_of:
        # Readers of RIS take "PMID" in a note for this record's own.
        parts.append("duplicate of " + re.sub(r"(?i)pmid:?\s*", "PubMed ", duplicate_of))
    return f"{MARK} " + "; ".join(parts)


_RIS_TAGS = {
    "authors": "AU",
    "title": "TI",
    "journal": "T2",
    "year": "PY",
    "volume": "VL",
    "issue": "IS",
    "pages": "SP",
    "issn": "SN",
    "doi": "DO",
    "language": "LA",
    "url": "UR",
    "publisher": "PB",
    "abstract": "AB",
    "keywords": "KW",
    "mesh": "KW",
}
_RIS_FROM_MEDLINE = {"AD": "AD", "PT": "M3", "PMC": "C2"}
_PAGES = re.compile(r"\s*(\w+)\s*[-–]+\s*(\w+)\s*")


def _ris(record: Record, tags: Tags, duplicate_of: str) -> str:
    if record.format == "ris":
        fields = []
        for tag, value in record.raw["fields"]:
            left = _without_marks(value) if tag in ("KW", "N1") else value
            if left or not value:
                fields += [(tag, line) for line in (left.split("\n") if tag == "KW" else [left])]
        if all(tag != "TY" for tag, _ in fields):
            fields.insert(0, ("TY", "JOUR"))
    else:
        common, rest = _standard(record)
        own = _RIS_FROM_MEDLINE if record.format == "medline" else {}
        entry_type = str(record.raw.get("ENTRYTYPE", "article")).lower()
        fields = [("TY", _RIS_TYPES.get(entry_type, "GEN"))]
        for name, tag in _RIS_TAGS.items():
            fields += [(tag, _text(value)) for value in _list(common.get(name)) if value]
        fields = list(_split_pages(fields))
        if record.pmid:
            fields += [("DB", "PubMed"), ("AN", record.pmid)]
        for name, text in _carried(record, rest):
            fields.append((own[name], text) if name in own else ("N1", f"{name}: {text}"))
    fields += [("KW", MARK + key) for key in tags]
    fields.append(("N1", _note(record, tags, duplicate_of)))
    lines = "".join(f"{tag}  - {_paragraphs(value)}\n" for tag, value in fields)
    return f"{lines}ER  - \n\n"


def _paragraphs(text: str) -> str:
    """Text of several paragraphs, divided by empty lines, unless one would be taken for a field."""
    if "\n" not in text:
        return text
    return re.sub(
        r"\s*\n\s*", "\n\n      ", re.sub(r"\s*\n(?=\s*[A-Za-z][A-Za-z0-9]\s{0,3}-(\s|$))", " ", text)
    )


def _split_pages(fields: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for tag, value in fields:
        if tag == "SP" and (found := _PAGES.fullmatch(value)):
            first, last = found.groups()
            if first.isdecimal() and last.isdecimal() and len(last) < len(first):
                last = first[: -len(last)] + last  # MEDLINE abbreviates: 123-9
            yield "SP", first
            yield "EP", last
        else:
            yield tag, value


def _carried(record: Record, rest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Fields without a place of their own in RIS and BibTeX that are worth carrying along."""
    for name, value in rest.items():
        nested = any(isinstance(item, dict | list | tuple) for item in _list(value))
        skipped = (record.format == "medline" and _HOUSEKEEPING.fullmatch(name)) or name in (
            "ENTRYTYPE",
            "ID",
        )
        if not nested and not skipped and (text := _text(value)):
            yield name, text.replace("\n", " ")


_RIS_TYPES = {
    "article": "JOUR",
    "book": "BOOK",
    "inbook": "CHAP",
    "incollection": "CHAP",
    "inproceedings": "CONF",
    "conference": "CONF",
    "phdthesis": "THES",
    "mastersthesis": "THES",
    "techreport": "RPRT",
    "unpublished": "UNPB",
}
_BIBTEX_TYPES = {
    "JOUR": "article",
    "BOOK": "book",
    "CHAP": "incollection",
    "CONF": "inproceedings",
    "CPAPER": "inproceedings",
    "THES": "phdthesis",
    "RPRT": "techreport",
    "UNPB": "unpublished",
}
_ENTRY = re.compile(r"@[^{\s]+\{(.*),$")
_BIBTEX_NAMES = {"issue": "number"}
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\lbrace{}",
    "}": r"\rbrace{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\n": "\n\n",
    **{mark: "\\" + mark for mark in "%#&$_"},
    # With what follows they would become a dash or another mark.
    **{mark: mark + "{}" for mark in "-`'?!"},
}
_LATEX_SPECIAL = re.compile(r"[\\{}~^%#&$_\n]|-(?=-)|[`?!](?=`)|'(?=')")


def _latex(text: str) -> str:
    return _LATEX_SPECIAL.sub(lambda found: _LATEX[found[0]], text)


def _paired(text: str) -> str:
    """LaTeX without its braces where they do not pair, as they would end the entry elsewhere."""
    depth = 0
    for brace in re.findall("[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    return re.sub("[{}]", "", text) if depth else text


def _bibtex(record: Record, tags: Tags, duplicate_of: str, key: str) -> str:
    fields: dict[str, str] = {}
    keywords: list[str] = []
    separator, note = ", ", ""
    if record.format == "bibtex":
        entry_type = record.raw["ENTRYTYPE"]
        for name, value in record.raw.items():
            if name.lower() == "keywords":
                separator = "; " if ";" in value else ", "
                words = _without_marks(value).split(separator[0])
                keywords = [word.strip() for word in words if word.strip()]
            elif name.lower() == "annote":
                note = _without_marks(value)
            elif name not in ("ENTRYTYPE", "ID"):
                fields[name] = value
    else:
        common, rest = _standard(record)
        ris_type = dict(record.raw.get("fields", ())).get("TY", "JOUR") if record.format == "ris" else "JOUR"
        entry_type = _BIBTEX_TYPES.get(ris_type, "misc")
        keywords = [_latex(word) for word in common.pop("keywords")]
        separator = "; " if any("," in word for word in keywords) else ", "
        # Braces keep a group's name from being read as two people.
        authors = [
            f"{{{_latex(name)}}}" if " and " in name else _latex(name) for name in common.pop("authors")
        ]
        fields["author"] = " and ".join(authors)
        for name, value in common.items():
            text = _text(value)
            fields[_BIBTEX_NAMES.get(name, name)] = text if name in ("doi", "url", "pmid") else _latex(text)
        for name, text in _carried(record, rest):
            fields[re.sub(r"[^a-z0-9]+", "-", f"{record.format}-{name}".lower()).strip("-")] = _latex(text)
    fields["keywords"] = separator.join([*keywords, *(MARK + _latex(tag) for tag in tags)])
    # annote, because styles print note in the list of references.
    fields["annote"] = (note + "\n" if note else "") + _latex(_note(record, tags, duplicate_of))
    lines = "".join(f"  {name} = {{{_paired(value)}}},\n" for name, value in fields.items() if value)
    return f"@{entry_type}{{{key},\n{lines}}}\n\n"


# --- the writer


def _without_collisions(record: Record, added: Sequence[str]) -> Record:
    """A table's record whose column names keep clear of those added here."""
    if record.raw.keys().isdisjoint(added):
        return record
    if record.raw.keys() >= {name for name in added if name.startswith("p_")}:  # an earlier run's
        return replace(record, raw={name: value for name, value in record.raw.items() if name not in added})
    renamed: dict[str, Any] = {}
    for name, value in record.raw.items():
        clear = name
        while clear in added or clear in renamed:
            clear += " (input)"
        renamed[clear] = value
    return replace(record, raw=renamed)


@dataclass
class Summary:
    """Counts of a run.

    Attributes
    ----------
    read, tagged, without_abstract, duplicates : int
        Records; tagged are those that have a tag.
    domains : dict of str to int
        Records that have each tag.
    """

    read: int = 0
    tagged: int = 0
    without_abstract: int = 0
    duplicates: int = 0
    domains: dict[str, int] = field(default_factory=dict)

    def add(self, record: Record, tags: Iterable[str], duplicate_of: str) -> None:
        """Count a record."""
        self.read += 1
        self.without_abstract += not record.abstract
        self.duplicates += bool(duplicate_of)
        tagged = False
        for tag in tags:
            tagged = True
            self.domains[tag] = self.domains.get(tag, 0) + 1
        self.tagged += tagged


class RecordWriter:
    """Write tagged records to a file that is whole or absent.

    Records are written to ``<path>.part``, which takes the file's name at the end; what may have been there
    is untouched until then. Where a run stopped is kept in ``<path>.part.json`` every 10,000 records and when
    an exception ends the run, so that a run interrupted in any way can be continued, in every format.

    Parameters
    ----------
    path : str or Path
        File to write.
    format : {"csv", "tsv", "xlsx", "jsonl", "parquet", "ris", "bibtex"}, optional
        By default by the file's ending (`FORMATS`).
    domains : sequence of str, optional
        Keys of the domains, in the order of the columns.
    resume : bool, default False
        Whether to continue ``<path>.part`` if there is one.
    fingerprint : str, default ""
        Names the input and the settings, for instance by `fingerprint_of`; a partial file made from others
        is not continued.

    Attributes
    ----------
    done : int
        Records in the file so far. After resuming, leave out as many of the input.
    summary : Summary
        Counts of these records, those written before resuming included.

    Raises
    ------
    RecordError
        If the format is unknown, the file cannot be written or a partial file cannot be continued.

    See Also
    --------
    write_records : The same in one call; says what is written in each format.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        format: str | None = None,
        domains: Sequence[str] = DOMAIN_KEYS,
        resume: bool = False,
        fingerprint: str = "",
    ) -> None:
        self.path = Path(path)
        self.format = format or _format_of(self.path)
        if self.format not in FORMATS.values():
            raise RecordError(f"unknown output format {self.format!r}", source=str(path))
        _require(self.format)
        self.done = 0
        self.summary = Summary(domains=dict.fromkeys(domains, 0))
        self._domains = tuple(domains)
        self._added = ("tags", "review", *(f"p_{key}" for key in domains), "neuropeptide", "no_abstract")
        self._added += ("duplicate_of",)
        self._fingerprint = fingerprint
        self._delimiter = "\t" if self.format == "tsv" else ","
        self._part = self.path.with_name(self.path.name + ".part")
        self._state = self.path.with_name(self.path.name + ".part.json")
        self._columns: dict[str, None] = {}  # of the input, as the header has them
        self._late: list[str] = []  # met only after the header was written
        self._known: set[str] = set()
        self._folded: dict[str, str] = {}
        self._kinds: dict[str, set[str]] = {}  # types of each column's cells, for Parquet
        self._keys: set[str] = set()  # of BibTeX, which must be unique; 0.1 kB a record
        self._between_records = True
        self._file = self._open(resume)
        self._put = self._writer()

    def _open(self, resume: bool) -> IO[str]:
        try:
            if resume and self._part.exists() and self._state.exists():
                size = self._restore_state()
                file = self._part.open("r+", _BUFFER, encoding="utf-8", errors="replace", newline="")
                file.truncate(size)
                if self.format == "bibtex":
                    self._keys = {found[1] for found in map(_ENTRY.match, file) if found}
                file.seek(0, os.SEEK_END)
                return file
            self._state.unlink(missing_ok=True)
            return self._part.open("w", _BUFFER, encoding="utf-8", errors="replace", newline="")
        except OSError as error:
            raise self._unwritable(error) from error

    def write(self, record: Record, tags: Tags, *, duplicate_of: str = "") -> None:
        """Write one record.

        Parameters
        ----------
        record : Record
        tags : Tags
            Its domains with their probabilities.
        duplicate_of : str, optional
            What it duplicates, in words for people.

        Raises
        ------
        RecordError
            If the file cannot be written, as when the disk is full.
        """
        try:
            if record.format in _TABULAR and not record.raw.keys() <= self._known:
                record = _without_collisions(record, self._added)
            self._between_records = False
            self._put(record, tags, duplicate_of)
            self.summary.add(record, tags, duplicate_of)
            self.done += 1
            self._between_records = True
            if self.done % CHECKPOINT == 0:
                self._save_state()
        except OSError as error:
            raise self._unwritable(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
            return
        # Keep what was written for resuming; if that fails too, or the run was interrupted while a record was
        # written, the last checkpoint stands.
        with contextlib.suppress(OSError):
            if self.done and self._between_records:
                self._save_state()
            self._file.close()
            if not self.done:
                self._part.unlink()

    def close(self) -> None:
        """Finish the file and give it its name.

        Raises
        ------
        RecordError
            If it cannot be written.
        """
        try:
            if not self._known:
                self._header(_STANDARD)
            self._file.close()
            if self.format in ("xlsx", "parquet") or self._late:
                draft = self.path.with_name(self.path.name + ".part2")
                try:
                    {"xlsx": self._to_xlsx, "parquet": self._to_parquet}.get(self.format, self._to_csv)(draft)
                    draft.replace(self.path)
                finally:
                    draft.unlink(missing_ok=True)
                self._part.unlink()
            else:
                self._part.replace(self.path)
            self._state.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> RecordError:
        return RecordError(
            f"cannot be written ({error.strerror or error}). Check the folder and the space on the disk.",
            source=str(self.path),
        )

    # --- resuming

    def _save_state(self) -> None:
        self._file.flush()
        state = {
            "format": self.format,
            "domains": self._domains,
            "fingerprint": self._fingerprint,
            "done": self.done,
            "size": os.fstat(self._file.fileno()).st_size,
            "columns": list(self._columns),
            "late": self._late,
            "kinds": {name: sorted(kinds) for name, kinds in self._kinds.items()},
            "summary": asdict(self.summary),
        }
        draft = self._state.with_name(self._state.name + "~")
        draft.write_text(json.dumps(state), encoding="utf-8")
        draft.replace(self._state)

    def _restore_state(self) -> int:
        try:
            state = json.loads(self._state.read_text(encoding="utf-8"))
            same = (state["format"], state["domains"], state["fingerprint"]) == (
                self.format,
                list(self._domains),
                self._fingerprint,
            )
            size = int(state["size"])
            if same:
                self.done, self.summary = int(state["done"]), Summary(**state["summary"])
                self._columns, self._late = dict.fromkeys(state["columns"]), list(state["late"])
                self._kinds = {name: set(kinds) for name, kinds in state["kinds"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordError(
                "does not say where a run stopped. Delete it, or run again without resuming.",
                source=str(self._state),
            ) from error
        if not same:
            raise RecordError(
                "is left from a run with other input or settings. Run again without resuming, or as before.",
                source=str(self._part),
            )
        if self._part.stat().st_size < size:
            raise RecordError("is shorter than it was. Run again without resuming.", source=str(self._part))
        self._know([*self._columns, *self._late])
        return size

    # --- formats

    def _writer(self) -> Callable[[Record, Tags, str], object]:
        if self.format == "ris":
            return lambda record, tags, duplicate_of: self._file.write(_ris(record, tags, duplicate_of))
        if self.format == "bibtex":
            return self._write_bibtex
        if self.format == "jsonl":
            return self._write_json
        return self._write_row

    def _write_bibtex(self, record: Record, tags: Tags, duplicate_of: str) -> None:
        key = str(record.raw.get("ID") or "") if record.format == "bibtex" else ""
        key = key or (f"pmid{record.pmid}" if record.pmid else f"record{self.done + 1}")
        unique, number = key, 1
        while unique in self._keys:
            number += 1
            unique = f"{key}-{number}"
        self._keys.add(unique)
        self._file.write(_bibtex(record, tags, duplicate_of, unique))

    def _write_json(self, record: Record, tags: Tags, duplicate_of: str) -> None:
        if record.format == "json":
            item = dict(record.raw)
        else:
            common, rest = _standard(record)
            item = common | {f"{record.format}:{name}": value for name, value in rest.items()}
        item["otclass"] = {
            "tags": list(tags),
            "review": list(tags.review),
            "probabilities": {key: round(tags.probabilities[key], 4) for key in self._domains},
            "neuropeptide": None if tags.neuropeptide is None else round(tags.neuropeptide, 4),
            "no_abstract": not record.abstract,
            "duplicate_of": duplicate_of,
        }
        self._file.write(_to_json(item) + "\n")

    def _write_row(self, record: Record, tags: Tags, duplicate_of: str) -> None:
        cells = self._cells(record)
        if not self._known:
            self._header(cells)
        elif not cells.keys() <= self._known:
            late = [name for name in cells if name not in self._known]
            self._late += late
            self._know(late)
        get, probabilities = cells.get, tags.probabilities
        row = [get(name, "") for name in self._columns]
        row.append(";".join(tags))
        row.append(";".join(tags.review))
        row += [round(probabilities[key], 4) for key in self._domains]
        row.append("" if tags.neuropeptide is None else round(tags.neuropeptide, 4))
        row.append(not record.abstract)
        row.append(duplicate_of if self.format == "parquet" else neutralise(duplicate_of))
        if self._late:
            row += [get(name, "") for name in self._late]
        if self.format in ("xlsx", "parquet"):
            width = len(row)
            if self.format == "xlsx" and (self.done + 1 >= XLSX_ROWS or width > XLSX_COLUMNS):
                raise RecordError(
                    f"row {self.done + 2:,} with {width:,} columns does not fit into an XLSX sheet of "
                    f"{XLSX_ROWS:,} rows and {XLSX_COLUMNS:,} columns. Write .csv or .parquet instead.",
                    source=str(self.path),
                )
            self._file.write(_to_json(row) + "\n")
        else:
            self._file.write(self._csv_line(row))

    def _cells(self, record: Record) -> Mapping[str, Any]:
        """Cells of the input's columns by name, ready for writing."""
        cells: Mapping[str, Any] = record.raw
        table, own = record.format in _TABULAR, self._columns.keys()
        of_text = record.format == "table"
        if not table or (own and not cells.keys() <= own and not own <= cells.keys()):
            common, rest = _standard(record)
            folded, prefix = self._folded, "" if table else record.format + ":"
            cells = {folded.get(name, name): value for name, value in common.items()}
            for name, value in rest.items():
                cells[prefix + name] = value
            of_text = False
        if not of_text:
            cells = {
                name: value if value is None or isinstance(value, str | int | float) else _text(value)
                for name, value in cells.items()
            }
        if self.format == "parquet":
            kinds = self._kinds
            for name, value in cells.items():
                if value is not None and value != "":
                    if name in kinds:
                        kinds[name].add(type(value).__name__)
                    else:
                        kinds[name] = {type(value).__name__}
            return cells
        return self._guard(cells)

    def _guard(self, cells: Mapping[str, Any]) -> Mapping[str, Any]:
        """Neutralise cells that a spreadsheet would take for formulas."""
        if SUSPECT.isdisjoint([value[:1] for value in cells.values() if isinstance(value, str)]):
            return cells
        return {name: neutralise(value) if isinstance(value, str) else value for name, value in cells.items()}

    def _header(self, names: Iterable[str]) -> None:
        self._columns = dict.fromkeys(names)
        self._know(self._columns)
        if self.format in ("csv", "tsv"):
            self._write_names(self._file)

    def _write_names(self, file: IO[str]) -> None:
        # Excel takes a CSV without a byte order mark for Windows-1252, and spoils Greek letters.
        file.write("\ufeff")
        names = [*self._columns, *self._late, *self._added]
        file.write(self._csv_line([neutralise(name) for name in names]))

    def _csv_line(self, row: Iterable[Any]) -> str:
        delimiter = self._delimiter
        cells = []
        for cell in row:
            if not isinstance(cell, str):
                cell = "" if cell is None else str(cell)
            elif delimiter in cell or '"' in cell or "\n" in cell or "\r" in cell:
                cell = '"' + cell.replace('"', '""') + '"'
            cells.append(cell)
        return delimiter.join(cells) + "\n"

    def _know(self, names: Iterable[str]) -> None:
        self._known.update(names)
        listed = list(names)
        for name, places in columns_of(listed, {}).items():
            self._folded.setdefault(name, listed[places[0]])

    # --- finishing

    def _rows(self) -> Iterator[list[Any]]:
        """Rows as written, the late columns moved before the added ones, short rows filled up."""
        first, width = len(self._columns), len(self._columns) + len(self._added)
        with self._part.open(encoding="utf-8", newline="") as file:
            if self.format in ("csv", "tsv"):
                csv.field_size_limit(2**31 - 1)
                rows: Iterator[list[Any]] = csv.reader(file, delimiter=self._delimiter)
                next(rows)
            else:
                rows = map(json.loads, file)
            for row in rows:
                late = row[width:]
                yield row[:first] + late + [""] * (len(self._late) - len(late)) + row[first:width]

    def _to_csv(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
            self._write_names(file)
            file.writelines(map(self._csv_line, self._rows()))

    def _to_xlsx(self, path: Path) -> None:
        from openpyxl import Workbook
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

        names = [*self._columns, *self._late, *self._added]
        cut = 0
        book = Workbook(write_only=True)
        sheet = book.create_sheet("otclass")
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", neutralise(name)) for name in names])
        for row in self._rows():
            for place, value in enumerate(row):
                if isinstance(value, str):
                    text = ILLEGAL_CHARACTERS_RE.sub("", value)
                    cut += len(text) > XLSX_CELL
                    row[place] = text[:XLSX_CELL]
            sheet.append(row)
        book.save(path)
        if cut:
            warnings.warn(
                f"{self.path}: {cut} cells were cut to the {XLSX_CELL:,} characters that a cell of Excel "
                "holds. Write .csv or .parquet to keep them whole.",
                RecordWarning,
                stacklevel=3,
            )

    def _to_parquet(self, path: Path) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        types = {name: pa.string() for name in [*self._columns, *self._late, *self._added]}
        for name, kinds in self._kinds.items():
            if kinds <= {"int", "float"}:
                types[name] = pa.float64() if "float" in kinds else pa.int64()
            elif kinds == {"bool"}:
                types[name] = pa.bool_()
        types |= dict.fromkeys([*(f"p_{key}" for key in self._domains), "neuropeptide"], pa.float64())
        types["no_abstract"] = pa.bool_()
        schema = pa.schema(types.items())
        rows = self._rows()
        with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            while chunk := list(itertools.islice(rows, CHUNK)):
                columns = [
                    pa.array(
                        [None if value is None else str(value) for value in column]
                        if kind == pa.string()
                        else [None if value == "" else value for value in column],
                        kind,
                    )
                    for column, kind in zip(zip(*chunk, strict=True), schema.types, strict=True)
                ]
                writer.write_table(pa.table(columns, schema=schema))


def write_records(
    items: Iterable[tuple[Record, Tags] | tuple[Record, Tags, str]],
    path: str | Path,
    *,
    format: str | None = None,
    domains: Sequence[str] = DOMAIN_KEYS,
) -> int:
    """Write tagged records, in constant memory, to a file that is whole or absent.

    Parameters
    ----------
    items : iterable of (Record, Tags) or (Record, Tags, str)
        Records with their tags and, where known, what they duplicate.
    path : str or Path
        File to write. An interrupted run leaves it as it was, and a ``.part`` file beside it, which
        `RecordWriter` can continue.
    format : {"csv", "tsv", "xlsx", "jsonl", "parquet", "ris", "bibtex"}, optional
        By default by the file's ending (`FORMATS`).
    domains : sequence of str, optional
        Keys of the domains, in the order of the columns.

    Returns
    -------
    int
        Records written.

    Raises
    ------
    RecordError
        If the format is unknown or the file cannot be written.

    Warns
    -----
    RecordWarning
        If a text is longer than a cell of Excel holds.

    Notes
    -----
    **CSV, TSV, XLSX, Parquet.** A table's columns come back under their names, with their cells. Records of
    other formats get the columns title, abstract, authors, year, journal, doi, pmid, keywords, mesh, volume,
    issue, pages, issn, language, url and publisher, as far as known; what else their file says stands in
    columns called after format and field, such as ``ris:T2``. Where tables with other columns or other
    formats follow a first table, their titles, abstracts and so on go into its columns. Added are ``tags``
    and ``review`` (keys joined by ";"), ``p_<key>`` (probability of each domain), ``neuropeptide``,
    ``no_abstract`` and ``duplicate_of``. A column of the input that has such a name already is renamed,
    ``tags (input)``; the columns of an earlier run of this package, known by its ``p_<key>`` columns, are
    replaced. In CSV, TSV and XLSX, cells
    that a spreadsheet would take for formulas are neutralised (`otclass.records.cells`), and XLSX leaves out
    control characters, which it cannot hold; CSV and TSV are UTF-8 with a byte order mark, for Excel.

    **JSON Lines.** One object a line: the input's own where it was JSON, else named like the columns above,
    with lists for authors, keywords and mesh. What is added stands under ``otclass``: ``tags`` and ``review``
    as lists, ``probabilities`` by key, the rest as in a table.

    **RIS, BibTeX.** A RIS file's fields come back as they were, a BibTeX entry's too. Other formats' fields
    are translated; those without a counterpart go into ``N1`` notes or fields of their own, but for nested
    JSON and the National Library of Medicine's housekeeping (OWN, STAT, DCOM ...). Added are a keyword a
    domain, ``otclass:grief``, and a note (``N1``, ``annote``) with the probabilities. Those of an earlier run
    are replaced.
    """
    with RecordWriter(path, format=format, domains=domains) as writer:
        for record, tags, *duplicate_of in items:
            writer.write(record, tags, duplicate_of=duplicate_of[0] if duplicate_of else "")
    return writer.done


def fingerprint_of(paths: Iterable[str | Path], *settings: object) -> str:
    """Name input files, as they are now, and settings, for `RecordWriter`'s `fingerprint`.

    Parameters
    ----------
    paths : iterable of str or Path
        Files; their full names, sizes and times of change count.
    *settings : object
        Anything else that the output depends on, such as the model's version; its `repr` counts.

    Returns
    -------
    str
        A SHA-256 digest in hexadecimal.

    Raises
    ------
    RecordError
        If a file does not exist.
    """
    parts: list[object] = [*settings]
    for path in map(Path, paths):
        try:
            status = path.stat()
        except OSError as error:
            raise RecordError(f"cannot be read ({error.strerror})", source=str(path)) from error
        parts.append((str(path.resolve()), status.st_size, status.st_mtime_ns))
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _require(format: str) -> None:
    """Say at once, not after hours, that a library is lacking."""
    library = {"xlsx": "openpyxl", "parquet": "pyarrow"}.get(format, "csv")
    if find_spec(library) is None:
        raise RecordError(
            f'writing {format} needs {library}, which is not installed: pip install "otclass[records]"'
        )


def _format_of(path: Path) -> str:
    ending = path.suffix.lower()
    if ending in FORMATS:
        return FORMATS[ending]
    hint = (
        " MEDLINE (.nbib) is for reading only; .ris takes its records." if ending in (".nbib", ".txt") else ""
    )
    raise RecordError(
        f"the ending {ending!r} names no output format; use one of {', '.join(FORMATS)}.{hint}",
        source=str(path),
    )
