"""Labelled tables: texts and their domains, read from CSV files and checked before anything learns from them.

Reading is left to `otclass.records`, which knows delimiters, encodings and spreadsheets. What stands here is
what labels need: whether the tables say one thing, and say it often enough.
"""

import difflib
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from otclass.domains import DOMAIN_KEYS
from otclass.records import Record, RecordError, read_records

SCOPE = "neuropeptide"
"""Value of the column ``scope``, and the label learned from it."""

UNLABELLED = "?"
"""Stands among the labels of a row that nobody has labelled yet; an empty cell says that none applies."""

MIN_POSITIVES = 5
"""Texts that a label needs to be learned: one a fold of the cross-validation."""

_TABLES = ("table", "xlsx", "parquet")
# Columns of 0 and 1 under these names are no labels.
_NO_LABELS = {"id", "scope", "weight", "title", "abstract", "text", "pmid", "doi", "year", "journal"}
_FLAGS = {"0": False, "false": False, "0.0": False, "1": True, "true": True, "1.0": True}
_SHOWN = 10  # problems, rows or names in one message


class LabelledError(ValueError):
    """A labelled table cannot be learned from, or measured on, as it is."""


class Row(NamedTuple):
    """Where a text was read.

    Attributes
    ----------
    file : str
        Name of the file, without its folder.
    number : int
        Line of the file at which the row begins, from 1 (in a workbook the row).
    """

    file: str
    number: int

    def __str__(self) -> str:
        return f"{self.file}:{self.number}"


@dataclass(frozen=True)
class Labelled:
    """Labelled texts; every sequence has an item a text, in the order of the files.

    Attributes
    ----------
    texts : tuple of str
        Title, line feed, abstract.
    titles : tuple of str
        Empty where the table has none.
    ids : tuple of str
        Empty where the table has none.
    domains : tuple of frozenset of str
    labels : tuple of str
        All labels: those of the seven domains in the codebook's order if there are no others, else sorted; in
        a fixed-label run as given.
    scope : tuple of bool or None
        Whether the text studies a neuropeptide; None where the table does not say.
    weights : tuple of float
    rows : tuple of Row
    notes : tuple of str
        What was skipped or read in a way worth telling, with row numbers.
    """

    texts: tuple[str, ...]
    titles: tuple[str, ...]
    ids: tuple[str, ...]
    domains: tuple[frozenset[str], ...]
    labels: tuple[str, ...]
    scope: tuple[bool | None, ...]
    weights: tuple[float, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)

    def check_trainable(self) -> None:
        """Make sure that every label can be learned.

        Raises
        ------
        LabelledError
            If a label has fewer than `MIN_POSITIVES` positives, or stands at all texts but fewer than that.
        """
        problems = []
        for label in self.labels:
            positive = [row for row, its in zip(self.rows, self.domains, strict=True) if label in its]
            if len(positive) < MIN_POSITIVES:
                where = f" ({_listed(positive)})" if positive else ""
                problems.append(
                    f"{label!r} has {len(positive)} positive texts{where}: label more, or drop the label"
                )
            elif len(self) - len(positive) < MIN_POSITIVES:
                problems.append(
                    f"{label!r} stands at {len(positive)} of {len(self)} texts: add texts without it, or "
                    "drop the label"
                )
        if problems:
            raise LabelledError(
                f"A label needs {MIN_POSITIVES} texts with it and {MIN_POSITIVES} without, unless training "
                "starts from a model that knows it:\n" + _shortened(problems)
            )


def read_labelled(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    labels: Sequence[str] | None = None,
    title: str | None = None,
    abstract: str | None = None,
    text: str | None = None,
    domains: str | None = None,
) -> Labelled:
    """Read labelled tables: CSV or TSV in any usual delimiter and encoding, XLSX or Parquet.

    The columns are ``text``, or ``title`` and ``abstract`` (by the names usual in exports); ``domains`` or
    ``labels``, joined by ``;``, or else one column of 0 and 1 (or true and false) a label; and, if there are
    any, ``id``, ``scope`` ("neuropeptide" or anything else) and ``weight`` (a positive number). Others are
    ignored. An empty cell of labels means that none applies; rows with a "?" there are left out.

    Parameters
    ----------
    paths : path or iterable of paths
    labels : sequence of str, optional
        The labels allowed, in the order wanted. By default those found.
    title, abstract, text, domains : str, optional
        Names of the columns, where they are others.

    Returns
    -------
    Labelled

    Raises
    ------
    LabelledError
        If a file cannot be read or lacks columns, a label is not among `labels`, an id stands at two texts, a
        text stands twice with different labels, a weight is no positive number, or no text is left. The
        message names files and rows.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mine.csv"
    ...     _ = path.write_text("text,domains\\nVoles huddle.,social_touch\\nA receptor.,\\n")
    ...     data = read_labelled(path)
    >>> data.labels, data.domains
    (('social_touch',), (frozenset({'social_touch'}), frozenset()))
    """
    if text is not None and (title is not None or abstract is not None):
        raise LabelledError("Name a column of whole texts, or those of titles and abstracts, not both.")
    paths = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    named = {"title": title, "abstract": abstract or text}
    columns = {name: column for name, column in named.items() if column is not None}
    reading = _Reading(labels)
    for path in paths:
        reading.add(Path(path), columns, whole_text=text is not None, domains=domains)
    return reading.result()


class _Item(NamedTuple):
    row: Row
    text: str
    title: str
    id: str
    domains: frozenset[str]
    scope: bool | None
    weight: float


@dataclass
class _Reading:
    """Rows as they come in, and what is wrong with them."""

    allowed: Sequence[str] | None
    kept: list[_Item] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    by_id: dict[str, _Item] = field(default_factory=dict)
    by_text: dict[str, _Item] = field(default_factory=dict)
    repeated: list[Row] = field(default_factory=list)
    unlabelled: list[Row] = field(default_factory=list)
    flag_columns: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, path: Path, columns: Mapping[str, str], *, whole_text: bool, domains: str | None) -> None:
        faults: list[RecordError] = []
        try:
            records = list(read_records(path, columns=columns, on_error=faults.append))
        except RecordError as error:
            # What follows in that message are the options of read_records.
            message = str(error).partition("; say which to read")[0]
            raise LabelledError(
                f"{message}. A labelled table needs the columns text, or title and abstract, and domains; "
                "options name other columns."
            ) from error
        self.notes += [f"Left out: {fault}" for fault in faults]
        if not records:
            raise LabelledError(f"{path} holds no rows.")
        if records[0].format not in _TABLES:
            raise LabelledError(
                f"{path} holds records ({records[0].format}), not a labelled table. Save a CSV file with the "
                "columns title, abstract and domains."
            )
        # A row under which the reader's columns do not fit would bring its labels from the wrong cell.
        unsound = {fault.line for fault in faults}
        records = [record for record in records if record.source_line not in unsound]
        empty = [Row(path.name, record.source_line) for record in records if not _text(record, whole_text)]
        if empty:
            self.notes.append(f"Skipped {_counted(empty, 'row')} without text: {_listed(empty)}.")
        records = [record for record in records if _text(record, whole_text)]
        garbled = [
            Row(path.name, record.source_line) for record in records if "\ufffd" in _text(record, whole_text)
        ]
        if garbled:
            self.notes.append(
                f"{_counted(garbled, 'row')} with characters that could not be decoded: {_listed(garbled)}. "
                "Save the file as UTF-8."
            )
        if not records:
            return
        column_of: dict[str, str] = {}
        for name in records[0].raw:
            column_of.setdefault(name.strip().casefold(), name)
        joined = self._joined_column(path, column_of, domains)
        flags = self._flag_columns(path, records) if joined is None else {}
        for record in records:
            self._add_row(record, path, column_of, joined, flags, whole_text)

    def _joined_column(self, path: Path, column_of: Mapping[str, str], domains: str | None) -> str | None:
        if domains is None:
            return column_of.get("domains", column_of.get("labels"))
        if domains.strip().casefold() not in column_of:
            raise LabelledError(
                f"{path}: there is no column {domains!r}; its columns are {', '.join(column_of.values())}."
            )
        return column_of[domains.strip().casefold()]

    def _flag_columns(self, path: Path, records: Sequence[Record]) -> dict[str, str]:
        """Labels, and the column of each."""
        names = {name.strip(): name for name in records[0].raw}
        if self.allowed is not None:
            missing = [label for label in self.allowed if label not in names]
            if missing:
                raise LabelledError(
                    f"{path}: there is no column domains (or labels), and none of 0 and 1 named "
                    f"{', '.join(missing)}; its columns are {', '.join(names)}."
                )
            flags = {label: names[label] for label in self.allowed}
        else:
            flags = {
                label: name for label, name in names.items() if label and self._is_flags(path, name, records)
            }
        if not flags:
            raise LabelledError(
                f"{path}: there is no column domains (or labels), nor a column of 0 and 1 a label; its "
                f"columns are {', '.join(names)}. An option names the column of labels."
            )
        for other, its in self.flag_columns.items():
            if set(its) != set(flags):
                raise LabelledError(
                    f"{other} has the label columns {', '.join(its)}, but {path} has {', '.join(flags)}. "
                    "Give both files the same ones, or say which labels to use."
                )
        self.flag_columns[str(path)] = tuple(flags)
        self.notes.append(f"{path.name}: labels were read from the columns {', '.join(flags)}.")
        return flags

    def _is_flags(self, path: Path, name: str, records: Sequence[Record]) -> bool:
        if name.strip().casefold() in _NO_LABELS:
            return False
        filled = [(record, cell) for record in records if (cell := _cell(record.raw.get(name)).casefold())]
        others = [(record, cell) for record, cell in filled if cell not in _FLAGS]
        if others and len(others) * 2 < len(filled):
            record, cell = others[0]
            self.notes.append(
                f"{path.name}: the column {name} was not read as a label, as row {record.source_line} holds "
                f"{cell!r}."
            )
        return bool(filled) and not others

    def _add_row(
        self,
        record: Record,
        path: Path,
        column_of: Mapping[str, str],
        joined: str | None,
        flags: Mapping[str, str],
        whole_text: bool,
    ) -> None:
        row = Row(path.name, record.source_line)

        def cell(name: str) -> str:
            return _cell(record.raw.get(column_of.get(name, "")))

        if joined is not None:
            its = frozenset(
                label for part in _cell(record.raw.get(joined)).split(";") if (label := part.strip())
            )
            if UNLABELLED in its:
                self.unlabelled.append(row)
                return
            if self.allowed is not None:
                self.problems += [
                    f"{row}: the label {label!r} is none of {', '.join(self.allowed)}"
                    + _hint(label, self.allowed)
                    for label in sorted(its - set(self.allowed))
                ]
        else:
            values = {label: _cell(record.raw.get(name)).casefold() or "0" for label, name in flags.items()}
            self.problems += [
                f"{row}: the column {label} holds {value!r}, not 0 or 1"
                for label, value in values.items()
                if value not in _FLAGS
            ]
            its = frozenset(label for label, value in values.items() if _FLAGS.get(value))
        scope = cell("scope").casefold()
        weight = _weight(cell("weight"))
        if weight is None:
            self.problems.append(f"{row}: the weight {cell('weight')!r} is no positive number")
        else:
            item = _Item(
                row=row,
                text=_text(record, whole_text),
                title="" if whole_text else record.title,
                id=cell("id"),
                domains=its,
                scope=scope == SCOPE if scope else None,
                weight=weight,
            )
            self._keep(item)

    def _keep(self, new: _Item) -> None:
        old = self.by_text.setdefault(" ".join(new.text.casefold().split()), new)
        if old is not new:
            if old.domains != new.domains or old.scope != new.scope:
                self.problems.append(
                    f"{new.row}: the text is that of {old.row}, but labelled {_labelling(new)} in place of "
                    f"{_labelling(old)}; keep one of the two"
                )
            else:
                self.repeated.append(new.row)
            return
        if new.id:
            named = self.by_id.setdefault(new.id, new)
            if named is not new:
                self.problems.append(
                    f"{new.row}: the id {new.id!r} is that of {named.row} too, which holds another text"
                )
        self.kept.append(new)

    def result(self) -> Labelled:
        found = {label for item in self.kept for label in item.domains}
        if self.allowed is not None:
            labels = tuple(self.allowed)
        else:
            found |= {label for flags in self.flag_columns.values() for label in flags}
            labels = tuple(sorted(found, key=DOMAIN_KEYS.index if found <= set(DOMAIN_KEYS) else None))
            self._check_joints(found)
        if SCOPE in labels and any(item.scope is not None for item in self.kept):
            self.problems.append(f"{SCOPE!r} is both a label and what the column scope is about; rename one")
        if self.problems:
            raise LabelledError("The labels cannot be used as they are:\n" + _shortened(self.problems))
        if not self.kept:
            raise LabelledError(
                f"No row is labelled yet: all say {UNLABELLED!r}."
                if self.unlabelled
                else "There is no row with a text in it."
            )
        if self.unlabelled:
            self.notes.append(
                f"Left out {_counted(self.unlabelled, 'row')} not labelled yet ({UNLABELLED}): "
                f"{_listed(self.unlabelled)}."
            )
        if not labels:
            raise LabelledError("No row has a label. Is the column of labels named domains or labels?")
        if self.repeated:
            self.notes.append(
                f"Skipped {_counted(self.repeated, 'row')} whose text and labels stand above already: "
                f"{_listed(self.repeated)}."
            )
        return Labelled(
            texts=tuple(item.text for item in self.kept),
            titles=tuple(item.title for item in self.kept),
            ids=tuple(item.id for item in self.kept),
            domains=tuple(item.domains for item in self.kept),
            labels=labels,
            scope=tuple(item.scope for item in self.kept),
            weights=tuple(item.weight for item in self.kept),
            rows=tuple(item.row for item in self.kept),
            notes=tuple(self.notes),
        )

    def _check_joints(self, found: set[str]) -> None:
        """Labels joined by something else than a semicolon look like one more label."""
        for joint in ",|/\t":
            for label in sorted(found):
                parts = [part.strip() for part in label.split(joint)]
                if len(parts) > 1 and found.issuperset(parts):
                    row = next((item.row for item in self.kept if label in item.domains), "header")
                    self.problems.append(
                        f"{row}: {label!r} seems to be {len(parts)} labels; join them by ';', not {joint!r}"
                    )


def _text(record: Record, whole_text: bool) -> str:
    # As otclass.tagger joins a title and an abstract.
    parts = [record.abstract] if whole_text else [record.title, record.abstract]
    return "\n".join(filter(None, parts))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value).strip()


def _weight(cell: str) -> float | None:
    try:
        weight = float(cell) if cell else 1.0
    except ValueError:
        return None
    return weight if math.isfinite(weight) and weight > 0 else None


def _labelling(item: _Item) -> str:
    named = ";".join(sorted(item.domains)) or "none"
    return named if item.scope is None else f"{named} (scope {SCOPE if item.scope else 'other'})"


def _hint(label: str, allowed: Sequence[str]) -> str:
    if "," in label:
        return "; join labels by ';'"
    close = difflib.get_close_matches(label.casefold().replace(" ", "_"), allowed, 1)
    return f"; is it {close[0]!r}?" if close else ""


def _counted(items: Sequence[object], noun: str) -> str:
    return f"{len(items):,} {noun}{'' if len(items) == 1 else 's'}"


def _listed(rows: Sequence[Row]) -> str:
    more = f" and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else ""
    return ", ".join(map(str, rows[:_SHOWN])) + more


def _shortened(problems: Sequence[str]) -> str:
    more = [f"... and {len(problems) - _SHOWN:,} more like these"] if len(problems) > _SHOWN else []
    return "\n".join([*problems[:_SHOWN], *more])
