"""BibTeX, as Zotero, JabRef, Mendeley, Scopus and Google Scholar write it.

bibtexparser 2.1 splits an entry into its fields; pylatexenc, which it brings along, turns LaTeX into text.
bibtexparser wants the whole file as one string, though, and an entry with a field given twice or with
a brace too few is lost. So the file is cut into entries here, line by line, each is given to it alone, and
what it cannot read is read in part; abbreviations (@string) are filled in here, as they reach across entries.
"""

import logging
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from otclass.records.fields import bare_doi, bare_pmid, parts, plain, year_of
from otclass.records.record import Record
from otclass.records.source import MAX_RECORD, Source

_SNIFF = re.compile(r"^\s*@\s*[A-Za-z]+\s*[{(]", re.MULTILINE)
_ENTRY = re.compile(r"\s*@\s*([A-Za-z]+)\s*[{(]")
# Inside braces only these begin an entry: a line of an abstract may begin with "@home{".
_TYPES = frozenset(
    "article book booklet bookinbook collection comment conference dataset electronic inbook incollection "
    "inproceedings manual mastersthesis misc online patent periodical phdthesis preamble proceedings "
    "reference report review software string suppbook techreport thesis unpublished www".split()
)
_FIELD = re.compile(r"(?:^|[,{(]|(?<=[}\"]))\s*([A-Za-z][\w.:-]{0,40})\s*=\s*(?=[{\"\d])", re.MULTILINE)
_WRAP = re.compile(r"[ \t]*\n[ \t]+(?!\s*\n)")  # indented; exporters leave line feeds that mean one without
_AT = "\ue000"
_MARK = re.compile(r'[{}"]')
_LATEX = re.compile(r"[\\$~]|--|``|''")
_COMMENT = re.compile(r"(?<!\\)%")
_LONGEST_ABBREVIATION = 10_000  # characters; those that build on each other could grow without bounds

# What it logs is reported here with file and line, and would otherwise be printed too.
logging.getLogger("bibtexparser").addHandler(logging.NullHandler())


def sniff(head: str) -> bool:
    """Whether a text begins like a BibTeX file."""
    return bool(_SNIFF.search(head))


def read(source: Source) -> Iterator[Record]:
    """Records of a BibTeX file."""
    try:
        from bibtexparser.model import Entry, ParsingFailedBlock, String
        from bibtexparser.splitter import Splitter
    except ImportError:
        raise source.error(
            'reading BibTeX needs bibtexparser, which is not installed: pip install "otclass[records]"'
        ) from None
    strings: dict[str, str] = {}
    for line, text in _entries(source):
        blocks = Splitter(text).split().blocks
        for block in blocks:
            if isinstance(block, String):
                strings[block.key.lower()] = _value(str(block.value), strings)[:_LONGEST_ABBREVIATION]
                continue
            begin = line + (block.start_line or 0)
            entry = block.ignore_error_block if isinstance(block, ParsingFailedBlock) else block
            if isinstance(entry, Entry):
                pairs = [(field.key, str(field.value)) for field in entry.fields]
                if all(_is_whole(value) for _, value in pairs):
                    yield _record(source, begin, entry.entry_type, entry.key, pairs, strings)
                    continue
            elif not isinstance(block, ParsingFailedBlock):
                continue  # a comment or preamble
            # What bibtexparser has of it may end where it gave up.
            alone = sum(isinstance(other, Entry | ParsingFailedBlock) for other in blocks) == 1
            rest = text if alone else block.raw or ""
            found = _ENTRY.match(rest)
            pairs = _salvaged(rest)
            if found is not None and any(key.lower() in {"title", "abstract"} for key, _ in pairs):
                source.report(source.error("braces or commas are wrong; the entry was read in part", begin))
                key = rest[found.end() :].partition(",")[0].strip()
                yield _record(source, begin, found[1], "" if "=" in key else key, pairs, strings)
            else:
                source.report(source.error("braces or commas are wrong; the entry was left out", begin))


def _entries(source: Source) -> Iterator[tuple[int, str]]:
    """The line each entry begins at and its text."""
    lines: list[str] = []
    begin = depth = size = 0
    for line in source.lines():
        found = _ENTRY.match(line)
        if found and (depth <= 0 or found[1].lower() in _TYPES):
            if lines:
                yield begin, "".join(lines)
            lines, begin, depth, size = [], source.line, 0, 0
        elif not lines:
            continue  # BibTeX takes text between entries for a comment
        elif found or line.lstrip()[:1] == "@":
            line = line.replace("@", _AT, 1)  # bibtexparser would take it for the next entry's
        if size <= MAX_RECORD:
            lines.append(line)
            size += len(line)
            if size > MAX_RECORD:
                source.report(
                    source.error(
                        f"the entry is longer than {MAX_RECORD:,} characters; its end was left out", begin
                    )
                )
        depth += line.count("{") - line.count("}")
    if lines:
        yield begin, "".join(lines)


def _salvaged(text: str) -> list[tuple[str, str]]:
    """Fields of an entry whose braces do not pair, each up to where the next seems to begin."""
    found = list(_FIELD.finditer(text))
    ends = [field.start() for field in found[1:]] + [len(text)] * bool(found)
    pairs = []
    for field, end in zip(found, ends, strict=True):
        value = text[field.end() : end].strip(" \t\n,")
        opening = value[:1]
        if opening in '{"':
            value = value[1:].rstrip("}, \n\t") if opening == "{" else value[1:].rstrip('"}, \n\t')
        pairs.append((field[1], "{" + value.replace("{", "").replace("}", "") + "}"))
    return pairs


def _value(text: str, strings: dict[str, str]) -> str:
    """A field's value: pieces in braces, in quotes, or abbreviated, joined by "#"."""
    pieces = []
    at = 0
    text = text.strip()
    while at < len(text):
        if text[at] == "{":
            end = _closing(text, at + 1)
            pieces.append(text[at + 1 : end])
            at = end + 1
        elif text[at] == '"':
            end = _closing(text, at + 1, '"')
            pieces.append(text[at + 1 : end])
            at = end + 1
        else:
            end = text.find("#", at)
            end = end if end >= 0 else len(text)
            word = text[at:end].strip()
            pieces.append(word if word.isdecimal() else strings.get(word.lower(), word))
            at = end
        while at < len(text) and text[at] in " \t\n#":
            at += 1
    return "".join(pieces)


def _is_whole(value: str) -> bool:
    """Whether nothing but "#" follows a closing brace, as happens where the comma after it is missing."""
    value = value.strip()
    return not value.startswith("{") or value[_closing(value, 1) + 1 :].lstrip()[:1] in {"", "#"}


def _closing(text: str, at: int, mark: str = "}") -> int:
    """Where `mark` closes the value that begins at `at`, outside of inner braces, or the end of `text`."""
    depth = 0
    for found in _MARK.finditer(text, at):
        sign = found[0]
        if sign == mark and depth <= 0:
            return found.start()
        depth += (sign == "{") - (sign == "}")
    return len(text)


def _record(
    source: Source, line: int, kind: str, key: str, pairs: list[tuple[str, str]], strings: dict[str, str]
) -> Record:
    raw: dict[str, Any] = {"ENTRYTYPE": kind.lower(), "ID": key}
    for name, text in pairs:
        value = _value(text.replace(_AT, "@"), strings)
        raw[name] = (
            f"{raw[name]}\n{value}" if name in raw else value
        )  # given twice, as JabRef may leave "file"
    fields = {name.lower(): value for name, value in raw.items()}

    def text_of(*names: str) -> str:
        found = next((fields[name] for name in names if fields.get(name)), "")
        return plain(_unlatexed(_WRAP.sub(" ", found)))

    keywords = text_of("keywords", "keyword", "author_keywords")
    authors = re.split(r"\s+and\s+", fields.get("author", "") or fields.get("editor", ""))
    note = fields.get("note", "")
    return Record(
        title=text_of("title", "booktitle").replace("\n", " "),
        abstract=text_of("abstract", "abstractnote"),
        keywords=parts(keywords, ";" if ";" in keywords else ","),
        mesh=parts(text_of("mesh"), ";"),
        pmid=bare_pmid(fields.get("pmid", "")) or (bare_pmid(note) if "pmid" in note.lower() else ""),
        doi=bare_doi(fields.get("doi", "").replace("\\_", "_")) or bare_doi(fields.get("url", "")),
        year=year_of(fields.get("year", "")) or year_of(fields.get("date", "")),
        journal=text_of("journal", "journaltitle", "booktitle"),
        authors=tuple(filter(None, (plain(_unlatexed(_WRAP.sub(" ", author))) for author in authors))),
        source=source.name,
        source_line=line,
        format="bibtex",
        raw=raw,
    )


def _unlatexed(text: str) -> str:
    if not _LATEX.search(text):  # braces alone only protect capitals
        return text.replace("{", "").replace("}", "")
    try:
        # An unescaped "%" would make the rest of the line a comment, which no exporter means.
        plain_text = str(_converter().latex_to_text(_COMMENT.sub(r"\\%", text)))
    except (ValueError, RecursionError, LookupError):
        return text.replace("{", "").replace("}", "")
    return plain_text.replace("ˆ", "^").replace("˜", "~")  # of \\textasciicircum and \\textasciitilde


@lru_cache(maxsize=1)
def _converter() -> Any:
    from pylatexenc.latex2text import LatexNodes2Text

    return LatexNodes2Text(math_mode="text", keep_comments=True)
