"""What the formats have in common: identifiers, years, names, and text without markup."""

import html
import re
from collections.abc import Iterable

_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+")
_PMID = re.compile(r"(?:^|/|pmid:?\s*)0*([1-9]\d{0,7})(?:\.0)?(?!\.?\d|-|\w)", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?:(?=[01]\d[0-3]\d(?!\d))|(?!\d))")  # or the year of 20150301
# Tags that publishers leave in titles and abstracts. Others stay: "p <b" may be arithmetic.
_INLINE = re.compile(
    r"</?(?:i|b|u|em|strong|sub|sup|sc|span|italic|bold|underline|scp|ovl|tex-math|mml:[a-z]+|jats:(?:italic"
    r"|bold|sub|sup|sc|ext-link|xref))(?:\s[^<>]{0,200})?/?>",
    re.IGNORECASE,
)
_BLOCK = re.compile(
    r"</?(?:p|br|div|h[1-6]|li|ul|ol|sec|title|jats:(?:p|sec|title|list|list-item|label))(?:\s[^<>]{0,200})?/?>",
    re.IGNORECASE,
)
# html.unescape takes "&not" for a sign even where "&notes" stands in an address.
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_LINE_FEEDS = re.compile(r"[ \t\xa0]*\n\s*")


def plain(text: str) -> str:
    """Text without HTML or JATS markup, blank lines and indents.

    Examples
    --------
    >>> plain("<jats:p>Effects of <i>AVP</i> &amp; OT, p &lt; 0.05</jats:p>")
    'Effects of AVP & OT, p < 0.05'
    """
    if "<" in text:
        text = _BLOCK.sub("\n", _INLINE.sub("", text))
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    if "\n" in text:
        text = _LINE_FEEDS.sub("\n", text)
    return text.strip()


def bare_doi(text: str) -> str:
    """The DOI in `text`, lower case, without resolver or prefix; "" if there is none."""
    found = _DOI.search(text) if "10." in text else None
    return found[0].rstrip(".,;)]}").lower() if found else ""


def bare_pmid(text: str) -> str:
    """The PubMed identifier in `text`, such as "PMID: 123" or an address; "" if there is none."""
    text = text.strip()
    if text.isdecimal() and text.isascii() and len(text) < 9:
        return text.lstrip("0")
    found = _PMID.search(text)
    return found[1] if found else ""


def year_of(text: str) -> int | None:
    """The first year from 1500 to 2099 in `text`."""
    found = _YEAR.search(text)
    return int(found[1]) if found else None


def first(values: Iterable[str]) -> str:
    """The first that is not empty, or ""."""
    return next(filter(None, values), "")


def parts(text: str, separators: str = ";") -> tuple[str, ...]:
    """The items of a list written in one string, without blanks around them."""
    for separator in separators:
        text = text.replace(separator, "\n")
    return tuple([part for piece in text.split("\n") if (part := piece.strip())])


def sound(text: str) -> str:
    """`text` with halves of surrogate pairs, which cannot be written to a file, joined or replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
