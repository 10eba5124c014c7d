"""Bibliographic files in, record by record: every export of the usual databases and reference managers."""

from otclass.records.duplicates import Duplicates
from otclass.records.read import expand, read_records
from otclass.records.record import Record, RecordError, RecordWarning
from otclass.records.tagging import TaggedFile, tag_files, tag_records

__all__ = [
    "Duplicates",
    "Record",
    "RecordError",
    "RecordWarning",
    "TaggedFile",
    "expand",
    "read_records",
    "tag_files",
    "tag_records",
]
