"""Which records are the same paper."""

import re
import string
import unicodedata
from hashlib import blake2b

from otclass.records.record import Record

_NOT_WORD = re.compile(r"[\W_]+")
# The same for ASCII, in one go.
_FOLDED = bytes.maketrans(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())
_NOT_ALPHANUMERIC = bytes(byte for byte in range(128) if not chr(byte).isalnum())
# Shorter titles ("Editorial", "Author reply", "Oxytocin") are shared by papers that are not the same.
_SHORTEST_TITLE = 20


class Duplicates:
    """Tells for each record whether the same paper came before.

    Same means the same PMID, the same DOI, or the same title but for case, accents and punctuation; titles of
    fewer than 20 letters are not compared. Memory grows by some 150 bytes for each key of a record, of
    which there are at most three: only hashes of 64 bits are kept, so among ten million records the odds of
    one wrong mark are about 1 in 40,000.

    Examples
    --------
    >>> seen = Duplicates()
    >>> seen.first(Record(title="Voles, and how they bond for life", pmid="7"))
    >>> seen.first(Record(title="Something else entirely in the lab", pmid="8"))
    >>> seen.first(Record(title="VOLES AND HOW THEY BOND FOR LIFE."))
    0
    """

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}
        self._count = 0

    def first(self, record: Record) -> int | None:
        """Index of the first record that is the same paper, counted from 0 in the order of calls, or None.

        Parameters
        ----------
        record : Record
            The next record.
        """
        keys = [_hashed(key) for key in _keys(record)]
        seen = self._seen
        known = [seen[key] for key in keys if key in seen]
        found = min(known) if known else None
        for key in keys:
            seen.setdefault(key, self._count if found is None else found)
        self._count += 1
        return found


def _keys(record: Record) -> list[bytes]:
    title = _bare(record.title)
    keys = []
    if record.pmid:
        keys.append(b"pmid " + record.pmid.encode("utf-8", "replace"))
    if record.doi:
        keys.append(b"doi " + record.doi.lower().encode("utf-8", "replace"))
    if len(title) >= _SHORTEST_TITLE:
        keys.append(b"title " + title.encode("utf-8", "replace"))
    return keys


def _bare(title: str) -> str:
    """Letters and digits of a title, without case and accents."""
    if title.isascii():
        return title.encode().translate(_FOLDED, _NOT_ALPHANUMERIC).decode()
    title = unicodedata.normalize("NFKD", title.casefold()).casefold()
    return _NOT_WORD.sub("", "".join(letter for letter in title if not unicodedata.combining(letter)))


def _hashed(key: bytes) -> int:
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "big")
