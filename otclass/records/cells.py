"""Cells of a spreadsheet that must not turn into formulas, on the way out and back in."""

import re

_DANGEROUS = frozenset("=+-@\t\r")
SUSPECT = _DANGEROUS | {"'"}
"""First characters of texts that `neutralise` may change."""

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")


def neutralise(text: str) -> str:
    """Keep a spreadsheet from taking text for a formula.

    An apostrophe is put before text that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return
    [1]_, plain numbers excepted. Text that begins so after apostrophes of its own gets one more, so that
    `restore` gives every text back.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    References
    ----------
    .. [1] OWASP. CSV Injection. https://owasp.org/www-community/attacks/CSV_Injection

    Examples
    --------
    >>> neutralise("=1+1"), neutralise("-0.5"), neutralise("'tis")
    ("'=1+1", '-0.5', "'tis")
    """
    return "'" + text if _dangerous(text) else text


def restore(text: str) -> str:
    """Undo `neutralise`.

    Examples
    --------
    >>> restore("'=1+1"), restore("'tis")
    ('=1+1', "'tis")
    """
    return text[1:] if text.startswith("'") and _dangerous(text[1:]) else text


def _dangerous(text: str) -> bool:
    if text[:1] not in SUSPECT:
        return False
    bare = text.lstrip("'")
    return bare[:1] in _DANGEROUS and not _NUMBER.fullmatch(bare)
