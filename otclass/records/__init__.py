"""Bibliographic files in, record by record: every export of the usual databases and reference managers."""

from otclass.records.duplicates import Duplicates
from otclass.records.read import expand, read_records
from otclass.records.record import Record, RecordError, RecordWarning

__all__ = ["Duplicates", "Record", "RecordError", "RecordWarning", "expand", "read_records"]
