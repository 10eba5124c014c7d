"""From bytes to text: UTF-8 with or without BOM, UTF-16, UTF-32, Windows-1252, MacRoman, and mixtures.

Exports are UTF-8 nowadays, but years of merging leave files in which single records are not. So UTF-8 is read
strictly, and only bytes that cannot be UTF-8 are read as Windows-1252 or MacRoman, whichever makes words of
them: a Greek letter in one line survives a Windows quotation mark in the next. An error handler of the
standard library's decoder does this, at that decoder's speed. charset-normalizer and chardet were passed
over: they name one encoding for the whole file.
"""

import codecs
import re
from functools import lru_cache

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# Where letters and signs beyond ASCII stand when the encoding is the right one.
_PLAUSIBLE = re.compile(
    r"[A-Za-z][à-öø-ÿœß](?![A-Z])|\b[ÀÁÂÄÅÇÈÉÊÑÖØÜ][a-z]|[a-z]’[a-z]|(?:^|[\s(])[“‘](?=\w)"
    r"|\w[.,]?[”’](?=[\s.,;)]|$)|\w[–—]\w|\s[–—]\s|\s[±×]|\d ?°|[\s\d]µ|[£€]\d"
)


def detect(head: bytes) -> tuple[str, str]:
    """Encoding of a file and how to treat bytes that do not fit it.

    Parameters
    ----------
    head : bytes
        The file's first bytes, some 64 KiB.

    Returns
    -------
    encoding, errors : str
        As ``io.TextIOWrapper`` takes them.
    """
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            errors = _handler(head) if encoding == "utf-8-sig" else "replace"
            return encoding, errors
    # UTF-16 without its mark: an export begins with a Latin letter or sign, and a zero goes with most others.
    sample = head[:4096]
    if len(sample) > 1 and sample[:2].count(0) == 1 and sample.count(0) > len(sample) // 3:
        return ("utf-16-le" if sample[1] == 0 else "utf-16-be"), "replace"
    return "utf-8", _handler(head)


def legacy_encoding(data: bytes) -> str | None:
    """Which older encoding bytes that are not UTF-8 make sense in.

    Returns
    -------
    {"cp1252", "mac_roman"} or None
        None if `data` is UTF-8 (but for a character cut off at its end).
    """
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        windows = len(_PLAUSIBLE.findall(data.decode("cp1252", "replace")))
        mac = len(_PLAUSIBLE.findall(data.decode("mac_roman")))
        return "mac_roman" if mac > windows else "cp1252"
    return None


_legacy_encoding_cached = lru_cache(maxsize=4)(legacy_encoding)


def _handler(head: bytes) -> str:
    return {"cp1252": "otclass.cp1252", "mac_roman": "otclass.mac_roman", None: "otclass.legacy"}[
        legacy_encoding(head)
    ]


def _as(encoding: str | None, error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    chosen = encoding or _legacy_encoding_cached(bytes(error.object)) or "cp1252"
    return bytes(error.object[error.start : error.end]).decode(chosen, "replace"), error.end


codecs.register_error("otclass.cp1252", lambda error: _as("cp1252", error))
codecs.register_error("otclass.mac_roman", lambda error: _as("mac_roman", error))
# For files whose first bytes give no hint: judged by the block of text the damage is in.
codecs.register_error("otclass.legacy", lambda error: _as(None, error))
