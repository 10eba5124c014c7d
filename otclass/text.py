"""Text to tokens: the one tokenizer and the one stemmer, of training and of use.

A text becomes ASCII bytes (`fold`), the bytes become words and sentence ends (`words`), and a `Lexicon` gives
each word the number of its stem. Stems are Snowball's English ones [1]_, from PyStemmer, which gives the same
stems as NLTK's ``SnowballStemmer("english")`` without NLTK's import time.

References
----------
.. [1] M. F. Porter, "Snowball: a language for stemming algorithms", 2001,
   https://snowballstem.org/algorithms/english/stemmer.html
.. [2] A. S. Schwartz and M. A. Hearst, "A simple algorithm for identifying abbreviation definitions in
   biomedical text", Pacific Symposium on Biocomputing 8, 2003, 451-462.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import Stemmer

SENTENCE_END = b"\x01"
"""The token that stands for the end of a sentence."""

STOP_WORDS: frozenset[str] = frozenset(
    """
    about above across after afterwards again against all almost along already also although always am among
    amongst amount an and another any anyhow anyone anything anyway anywhere are around as at back be became
    because become becomes becoming been before beforehand behind being below beside besides between beyond
    both but by can cannot could de describe did do does doing done down due during each eg eight either
    eleven else elsewhere enough etc even ever every everyone everything everywhere except few fifteen fifty
    find first five for former formerly forty found four from full further get give go had has have having
    he hence her here hereafter hereby herein hers herself him himself his how however hundred ie if in
    indeed instead into is it its itself just last latter latterly least less made many may me meanwhile
    might mine more moreover most mostly much must my myself namely neither never nevertheless next nine no
    nobody none nor not nothing now nowhere of off often on once one only onto or other others otherwise our
    ours ourselves out over own part per perhaps please put rather re same see seem seemed seeming seems
    seven several she should show side since six sixty so some somehow someone something sometime sometimes
    somewhere still such take ten than that the their theirs them themselves then thence there thereafter
    thereby therefore therein these they third this those though three through throughout thus to together
    too toward towards twelve twenty two under until up upon us very via was we well were what whatever when
    whence whenever where whereas whereby wherein wherever whether which while whither who whoever whole
    whom whose why will with within without would yet you your yours yourself yourselves
    """.split()
)
"""English words that carry no domain."""

_DASHES_AND_QUOTES = dict.fromkeys("‐‑‒–—―−", "-") | dict.fromkeys("‘’‚‛ʼ′", "'")
_LETTERS = {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"}
# Greek letters that name receptors and peptides are spelled out, as authors without the letter spell them.
_GREEK = {
    "α": " alpha ",
    "β": " beta ",
    "γ": " gamma ",
    "δ": " delta ",
    "Δ": " delta ",
    "ε": " epsilon ",
    "κ": " kappa ",
    "λ": " lambda ",
    "μ": " mu ",
    "σ": " sigma ",
    "ω": " omega ",
}
_MICRO_UNIT = re.compile(r"[µμ](?:g|l|L|M|m|s|A|V|W|J|N|Ci|mol|kat)\b")

# Letters and digits stay, everything else parts words; an apostrophe goes, so that "couple's" is one word.
_WORD_BYTES = bytes(
    byte if bytes([byte]).isalnum() or byte == SENTENCE_END[0] else ord(" ") for byte in range(256)
)
_MARKS = (
    (SENTENCE_END, b" "),
    *((mark, b" " + SENTENCE_END + b" ") for mark in (b". ", b"? ", b"! ", b"; ", b"\n")),
    (b"'", b""),
)
_SHORT_FORM = re.compile(rb"\(([A-Za-z][A-Za-z0-9]{1,7})s?[);,]")
_CAPITALS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LONGEST_LONG_FORM = 90
_LONGEST_WORD = 64
_MAX_REMEMBERED = 1 << 16
_stem_word = Stemmer.Stemmer("english", 0).stemWord


@lru_cache(4096)
def _ascii_of(character: str) -> str:
    """Write one character in ASCII: "" for a combining mark, a space where nothing fits."""
    import unicodedata

    written = ""
    for part in unicodedata.normalize("NFKD", character):
        if part.isascii():
            written += part
        elif not unicodedata.combining(part):
            written += _GREEK.get(part) or _DASHES_AND_QUOTES.get(part) or _LETTERS.get(part, " ")
    return written


def _write_in_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text, start, end = error.object, error.start, error.end
    # Mostly it is a single one.
    written = _ascii_of(text[start]) if end - start == 1 else "".join(map(_ascii_of, text[start:end]))
    if text[end - 1] in "µμ" and _MICRO_UNIT.match(text, end - 1):
        written = written.removesuffix(" mu ") + "u"
    return written, end


codecs.register_error("otclass.fold", _write_in_ascii)


def fold(text: str) -> bytes:
    """Write a text in ASCII: accents off, dashes and quotes plain, Greek letters by their names.

    Parameters
    ----------
    text : str
        Any text; what has no ASCII form counts as a space.

    Returns
    -------
    bytes
        ASCII only.

    Examples
    --------
    >>> fold("β-endorphin — 5 μg")
    b' beta -endorphin - 5 ug'
    """
    return text.encode("ascii", "otclass.fold")


def words(folded: bytes) -> list[bytes]:
    """Split folded text into words, with `SENTENCE_END` after each sentence but the last.

    A sentence ends at a line break and at ``.``, ``?``, ``!`` or ``;`` before a space.

    Parameters
    ----------
    folded : bytes
        From `fold`.

    Returns
    -------
    list of bytes
        Words of ASCII letters and digits, their case kept.

    Examples
    --------
    >>> words(b"Oxytocin and grief. A couple's loss (0.5 IU).")
    [b'Oxytocin', b'and', b'grief', b'\\x01', b'A', b'couples', b'loss', b'0', b'5', b'IU']
    """
    for mark, replacement in _MARKS:
        folded = folded.replace(mark, replacement)
    return folded.translate(_WORD_BYTES).split()


def stem_of(word: bytes) -> str:
    """Stem a word; "" where it carries no meaning: a stop word, a single letter, a word with digits.

    Parameters
    ----------
    word : bytes
        One of `words`.

    Returns
    -------
    str
        Lower-case Snowball stem, or "".

    Examples
    --------
    >>> stem_of(b"Bereavement"), stem_of(b"the"), stem_of(b"GAD7")
    ('bereav', '', '')
    """
    lower = word.decode("ascii").lower()
    if len(lower) < 2 or not lower.isalpha() or lower in STOP_WORDS:
        return ""
    return str(_stem_word(lower[:_LONGEST_WORD]))


def abbreviations(folded: bytes) -> dict[bytes, list[bytes]]:
    """Find the abbreviations that a text defines, such as "oxytocin (OT)".

    The long form is the shortest run of words before the parenthesis that holds the short form's letters in
    order, its first letter at the beginning of a word (Schwartz and Hearst [2]_).

    Parameters
    ----------
    folded : bytes
        From `fold`.

    Returns
    -------
    dict of bytes to list of bytes
        Words of the long form of each short form; the first definition counts.

    Examples
    --------
    >>> abbreviations(b"Occupational therapy (OT) helped; the OT was brief.")
    {b'OT': [b'Occupational', b'therapy']}
    """
    found: dict[bytes, list[bytes]] = {}
    for match in _SHORT_FORM.finditer(folded):
        short = match[1]
        if short in found or sum(map(_CAPITALS.__contains__, short)) < 2:
            continue
        start = max(0, match.start() - _LONGEST_LONG_FORM)
        long_form = _long_form(short.lower(), folded[start : match.start()])
        if long_form:
            found[short] = words(long_form)
    return found


def _long_form(short: bytes, before: bytes) -> bytes:
    sentence = max(before.rfind(b". "), before.rfind(b"("), before.rfind(b"\n"))
    before = before[sentence + 1 :].rstrip()
    lower = before.lower()
    at = len(lower)
    for place in range(len(short) - 1, -1, -1):
        letter = short[place : place + 1]
        at = lower.rfind(letter, 0, at)
        while place == 0 and at > 0 and lower[at - 1 : at].isalnum():
            at = lower.rfind(letter, 0, at)
        if at < 0:
            return b""
    long_form = before[at:]
    return long_form if len(long_form) > len(short) + 1 and len(long_form.split()) <= len(short) + 5 else b""


def spell_out(tokens: list[bytes], long_forms: dict[bytes, list[bytes]]) -> None:
    """Replace, in place, each abbreviation among a text's words by the words of its long form.

    Parameters
    ----------
    tokens : list of bytes
        From `words`.
    long_forms : dict of bytes to list of bytes
        From `abbreviations` of the same text.
    """
    tokens[:] = [word for token in tokens for word in long_forms.get(token, (token,))]


def tokenize(text: str) -> list[bytes]:
    """Split a text into words, sentence ends marked, abbreviations it defines spelled out.

    Parameters
    ----------
    text : str
        Any text, cleaned already (`otclass.cleaning.clean`).

    Returns
    -------
    list of bytes
        Words in the text's order, as of `words`.

    Examples
    --------
    >>> tokenize("Oxytocin (OT) calms. OT binds.")
    [b'Oxytocin', b'Oxytocin', b'calms', b'\\x01', b'Oxytocin', b'binds']
    """
    folded = fold(text)
    tokens = words(folded)
    if b"(" in folded:
        long_forms = abbreviations(folded)
        if long_forms:
            spell_out(tokens, long_forms)
    return tokens


class Lexicon:
    """Numbers the stems that a model knows.

    Parameters
    ----------
    stems : iterable of str
        Each once; its place is its number.

    Attributes
    ----------
    stems : tuple of str
    """

    IGNORED = -1
    """Number of a word without meaning: n-grams reach over it."""
    UNKNOWN = -2
    """Number of a word whose stem the lexicon lacks: n-grams stop at it."""
    END = -3
    """Number of a sentence end."""

    def __init__(self, stems: Iterable[str]) -> None:
        self.stems = tuple(stems)
        self._seen = _Numbers(dict(zip(self.stems, range(len(self.stems)), strict=True)))

    def __len__(self) -> int:
        return len(self.stems)

    def numbers(self, tokens: Iterable[bytes]) -> Iterator[int]:
        """Give the number of each token of `tokenize`."""
        return map(self._seen.__getitem__, tokens)

    def number(self, word: bytes) -> int:
        """Give the number of one word, without remembering it."""
        return self._seen.number(word)


class _Numbers(dict[bytes, int]):
    """Remembers each word's number, so that a word is stemmed once; forgets all when full, to stay small."""

    def __init__(self, number_of: dict[str, int]) -> None:
        super().__init__()
        self._number_of = number_of

    def number(self, word: bytes) -> int:
        stem = stem_of(word)
        return self._number_of.get(stem, Lexicon.UNKNOWN) if stem else Lexicon.IGNORED

    def __missing__(self, word: bytes) -> int:
        number = Lexicon.END if word == SENTENCE_END else self.number(word)
        if len(self) >= _MAX_REMEMBERED:
            self.clear()
        if len(word) <= _LONGEST_WORD:
            self[word] = number
        return number
