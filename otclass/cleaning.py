"""Bring what people paste down to title and abstract.

A text passes the stages below, each of which only says which spans of its input to replace by what:

1. characters: invisible ones go, ligatures are spelled out, every line end becomes ``\\n``;
2. entities: decoded, doubly escaped ones too;
3. tags: markup goes, and with it the content of elements that never hold an abstract;
4. lines: of a text of several lines the title and the abstract are kept, page furniture goes;
5. notices: copyright notices at the end of the text go.

They run until none has anything to replace, so that cleaning twice is cleaning once. Folding of case, dashes,
quotes and Greek letters is the tokenizer's business and not done here.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

try:
    from otclass._compiled import first_look
except ImportError:
    first_look = None


class _Pattern:
    """A regular expression that is compiled when it is first used: most texts need few of these."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._source = pattern, flags

    def __getattr__(self, name: str) -> Any:
        method = getattr(re.compile(*self._source), name)
        setattr(self, name, method)
        return method


Edit = tuple[int, int, str]
"""Replace the characters from start up to end by a string. Edits of one list are sorted and don't overlap."""


def clean(text: str) -> str:
    """Bring a pasted text down to title and abstract.

    Parameters
    ----------
    text : str
        A bare abstract, a title and an abstract, or a whole page copied from a literature site, as plain
        text, HTML or JATS.

    Returns
    -------
    str
        ``"title\\nabstract"`` when a title stands on a line (or in a field) of its own, otherwise the
        abstract on one line. A text with nothing to clean comes back as it is, and so does cleaned text:
        ``clean(clean(x)) == clean(x)``. When no abstract is recognised the whole text is kept, without
        markup.

    Notes
    -----
    A hyphen at the end of a line goes with the line break ("oxy-\\ntocin" becomes "oxytocin") unless the word
    is likely a compound: a part of it is frequent in compounds ("double-\\nblind", "dose-\\ndependent"),
    stands as a word elsewhere in the text while the whole doesn't ("methadone-\\nmaintained"), or is not made
    of lower-case letters ("5-\\nHT"); or a conjunction follows ("pre-\\nand post-test").

    Time is linear in the length of the text. A text of more than 50,000 lines is not searched for an
    abstract; its lines are joined.

    Examples
    --------
    >>> clean("Oxytocin lowers cortisol. (c) 2014 Elsevier Ltd. All rights reserved.")
    'Oxytocin lowers cortisol.'
    >>> clean("<p>Intranasal oxy-\\ntocin &amp; touch</p>")
    'Intranasal oxytocin & touch'
    """
    return clean_all([text])[0]


def clean_all(texts: list[str]) -> list[str]:
    """Clean many texts, each as by `clean`.

    Parameters
    ----------
    texts : list of str

    Returns
    -------
    list of str
    """
    # Without the compiled part every text is looked at closely.
    if first_look is None:
        return [_run(text)[0] for text in texts]
    return [
        text if is_clean else _run(text)[0] for text, is_clean in zip(texts, first_look(texts), strict=True)
    ]


def clean_fields(texts: Sequence[tuple[str, ...]]) -> list[str]:
    """Clean texts given field by field, such as title and abstract, and join each text's fields by line ends.

    Parameters
    ----------
    texts : sequence of tuple of str

    Returns
    -------
    list of str
        One for each text.
    """
    fields = clean_all(list(chain.from_iterable(texts)))
    if all(len(its) == 1 for its in texts):
        return fields
    rest = iter(fields)
    return ["\n".join(islice(rest, len(its))) for its in texts]


def clean_with_offsets(text: str) -> tuple[str, NDArray[np.int64]]:
    """Clean a text and say where each character of the result came from.

    Parameters
    ----------
    text : str
        As for `clean`.

    Returns
    -------
    cleaned : str
        ``clean(text)``.
    offsets : ndarray of int64, shape (len(cleaned) + 1,)
        Index into `text` of each character of `cleaned`, never decreasing; for a character that was put in
        place of others, the index of the first of these. The last entry is where the text that was kept ends.

    Examples
    --------
    >>> cleaned, offsets = clean_with_offsets("<b>Touch</b>")
    >>> cleaned, offsets.tolist()
    ('Touch', [3, 4, 5, 6, 7, 8])
    """
    cleaned, steps = _run(text)
    offsets = np.arange(len(text) + 1, dtype=np.int64)
    for edits in steps:
        parts = []
        position = 0
        for start, end, replacement in edits:
            parts += [offsets[position:start], np.full(len(replacement), offsets[start])]
            position = end
        # An end that was cut off is no part of the last character: the text ends where the cut begins.
        cut = bool(edits) and edits[-1][1] == len(offsets) - 1 and not edits[-1][2]
        parts.append(offsets[edits[-1][0] : edits[-1][0] + 1] if cut else offsets[position:])
        offsets = np.concatenate(parts)
    return cleaned, offsets


# --- The run of the stages ----------------------------------------------------------------------------------

# Nested markup ("<<i>i>", "&am&shy;p;") needs a further round a level; more levels than this are hostile.
_ROUNDS = 8


def _run(text: str) -> tuple[str, list[list[Edit]]]:
    """Clean a text; return the result and the edits of each step that led to it."""
    steps: list[list[Edit]] = []
    for _ in range(_ROUNDS):
        before = len(steps)
        for stage in _STAGES:
            text = _step(text, stage(text), steps)
        if len(steps) == before:
            return text, steps
    # Without these characters only stages that need no second round have anything left to do.
    text = _step(
        text, [(m.start(), m.end(), " ") for m in re.finditer(r"[<&\n\r\f\x85\u2028\u2029]", text)], steps
    )
    text = _step(text, _characters(text), steps)
    text = _step(text, _notices(text), steps)
    return text, steps


def _step(text: str, edits: list[Edit], steps: list[list[Edit]]) -> str:
    if not edits:
        return text
    steps.append(edits)
    parts = []
    position = 0
    for start, end, replacement in edits:
        parts += [text[position:start], replacement]
        position = end
    parts.append(text[position:])
    return "".join(parts)


# --- Characters ---------------------------------------------------------------------------------------------

_LIGATURES = dict(zip("ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))

# Soft hyphens, zero-width characters, joiners, marks of writing direction; line ends; ligatures.
_ODD = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067"
    "\u2068\u2069\ufeff\r\f\x85\u2028\u2029ﬀﬁﬂﬃﬄﬅﬆ"
)
# A soft hyphen goes with the line break behind it.
_ODD_CHARACTER = _Pattern(f"\u00ad[ \t]*\r?\n[ \t]*|\r\n?|[{_ODD}]")


def _characters(text: str) -> list[Edit]:
    # Looking for one character after the other takes half the time that a regular expression takes.
    if not any(map(text.__contains__, "\r\f" if text.isascii() else _ODD)):
        return []
    return [(m.start(), m.end(), _plain(m[0])) for m in _ODD_CHARACTER.finditer(text)]


def _plain(odd: str) -> str:
    if odd in _LIGATURES:
        return _LIGATURES[odd]
    return "\n" if odd[0] in "\r\f\x85\u2028\u2029" else ""


# --- Entities -----------------------------------------------------------------------------------------------

# "&amp;lt;" and "&amp;amp;lt;" are a "<" that was escaped more than once.
_ENTITY = _Pattern(
    r"&((?:amp;|\#0{0,5}38;|\#[xX]0{0,5}26;)*)([A-Za-z][A-Za-z0-9]{1,31}|\#[0-9]{1,7}|"
    r"\#[xX][0-9A-Fa-f]{1,6});"
)


def _entities(text: str) -> list[Edit]:
    if "&" not in text:
        return []
    from html import unescape

    edits = []
    for m in _ENTITY.finditer(text):
        escaped, name = m.groups()
        character = unescape(f"&{name};").replace("\xa0", " ")
        if escaped or character != f"&{name};":
            edits.append((m.start(), m.end(), character))
    return edits


# --- Tags ---------------------------------------------------------------------------------------------------


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_INLINE = _words(
    """
    a abbr acronym b bdi bdo big bold cite code del dfn em ext-link font i inline-formula ins italic kbd
    mark monospace named-content overline q roman s samp sans-serif sc small span strike strong
    styled-content sub sup tex-math tt u underline uri var xref
    """
)
_BLOCK = _words(
    """
    abstract abstracttext address article article-title articletitle aside back blockquote body br button
    caption center dd details div dl dt fieldset figcaption figure footer form front h1 h2 h3 h4 h5 h6 head
    header hr html iframe img input label legend li link list list-item main meta nav noscript ol option p
    pre sec section select script style summary svg table tbody td template textarea tfoot th thead time
    title title-group tr ul
    """
)
# Elements whose content is never title or abstract, in HTML, JATS and PubMed's XML.
_HIDDEN = _words(
    """
    aside button footer head iframe nav noscript script select style svg template textarea aff
    article-categories article-id author-notes back contrib-group counts custom-meta-group fn-group
    funding-group history journal-meta kwd-group permissions pub-date ref-list subj-group articledate
    authorlist chemicallist copyrightinformation datecompleted daterevised elocationid grantlist journal
    keywordlist language medlinejournalinfo meshheadinglist pagination pmid publicationtypelist pubmeddata
    referencelist
    """
)

# Possessive quantifiers: an opening bracket without a closing one must not be tried in many ways.
_TAG = _Pattern(r"<(?:!--|!\[CDATA\[|[!?][^<>]*+>|(/?)([A-Za-z][\w:.-]*+)([^<>]*+)>)")
_ATTRIBUTE = _Pattern(r"\s+[\w:.-]+\s*=\s*[\"'\w]")


def _tags(text: str) -> list[Edit]:
    if "<" not in text:
        return []
    edits = _tag_edits(text, hide=True)
    # A page that hides everything, say in one <aside>, is shown.
    if edits and not _step(text, edits, []).strip():
        return _tag_edits(text, hide=False)
    return edits


def _tag_edits(text: str, hide: bool) -> list[Edit]:
    edits: list[Edit] = []
    unclosed: set[str] = set()
    position = 0
    while m := _TAG.search(text, position):
        position = m.end()
        name = (m[2] or "").lower().rpartition(":")[2]
        if m[2] and not _is_tag(m, name):
            continue
        closing = "-->" if m[0] == "<!--" else f"</{m[2]}>" if hide and name in _HIDDEN and not m[1] else ""
        # A closing tag that is missing is looked for once, and only so many of them: time must stay linear.
        if closing and closing not in unclosed and len(unclosed) < 100 and not (m[3] or "").endswith("/"):
            found = text.find(closing, position)
            if found < 0:
                unclosed.add(closing)
            else:
                position = found + len(closing)
        edits.append((m.start(), position, "" if name in _INLINE or not name else "\n"))
    if any(text.startswith("<![CDATA[", start) for start, _, _ in edits):
        ends = [(m.start(), m.end(), "") for m in re.finditer(r"\]\]>", text)]
        edits = _merge(edits, ends)
    return edits


def _merge(edits: list[Edit], more: list[Edit]) -> list[Edit]:
    """Put two sorted lists of edits together, leaving out those that start inside an earlier one."""
    merged: list[Edit] = []
    for edit in sorted([*edits, *more]):
        if not merged or edit[0] >= merged[-1][1]:
            merged.append(edit)
    return merged


def _is_tag(m: re.Match[str], name: str) -> bool:
    """Tell a tag from a comparison ("p<a and b>c"), which has a letter behind the bracket too."""
    attributes = m[3].rstrip("/")
    known = name in _INLINE or name in _BLOCK or name in _HIDDEN
    if not attributes.strip():
        return known or bool(m[1]) or ":" in m[2]
    return bool(_ATTRIBUTE.match(attributes)) or (known and len(name) > 1 and '="' in attributes)


# --- Lines: what a line is ----------------------------------------------------------------------------------


class _Kind(Enum):
    ABSTRACT = "heading of an abstract"
    TITLE = "label of a title"
    SECTION = "heading inside an abstract"
    END = "heading of what follows an abstract"
    FRONT = "authors, affiliations, citation, dates"
    FURNITURE = "navigation, buttons, notices"
    PROSE = "sentences"
    OTHER = "anything else, titles too"


class _Phrases:
    """Phrases to recognise a line by; one that ends in "..." may go on with further words."""

    def __init__(self, table: str) -> None:
        phrases = [" ".join(phrase.split()) for phrase in table.split(",")]
        self._whole = frozenset(phrase.removesuffix(" ...") for phrase in phrases)
        # By their first two letters: most lines then meet a few of hundreds.
        self._beginnings: dict[str, tuple[str, ...]] = {}
        for phrase in phrases:
            if phrase.endswith(" ..."):
                known = self._beginnings.get(phrase[:2], ())
                self._beginnings[phrase[:2]] = (*known, phrase.removesuffix("..."))

    def match(self, line: str) -> bool:
        """Tell whether a line (case folded) is one of the phrases."""
        return line in self._whole or line.startswith(self._beginnings.get(line[:2], ()))


_ABSTRACT_HEADINGS = _Phrases("""
    abstract, abstract text, structured abstract, article abstract, english abstract, author abstract, full
    abstract, scientific abstract, abstract available, abstract (english), abstract (en), a b s t r a c t,
    summary, brief summary, study summary, study description, brief description, detailed description, ab,
    n2
""")
_TRIAL_HEADINGS = _Phrases("brief summary, study description, detailed description, brief description")
_TITLE_LABELS = _Phrases("""
    title, article title, study title, brief title, public title, document title, original title, paper
    title, ti, t1
""")
_SECTION_HEADINGS = _Phrases("""
    ethics and dissemination, outline, subjects, inclusion criteria ..., exclusion criteria ...,
    ethnopharmacological relevance, outcome measures, outcome measure, population, general purpose, specific
    objectives, statement of contribution, projected accrual, background ..., introduction, introduction and
    ..., context ..., rationale ..., importance ..., significance, purpose ..., hypothesis, hypotheses,
    question, questions, problem, aim, aims, aim and ..., aims and ..., aims of ..., aim of ..., objective
    ..., objectives ..., goal, goals, scope, motivation, setting ..., settings, design ..., participant,
    participants ..., patients ..., subjects and methods, subjects/methods, sample, samples, animals,
    intervention, interventions, exposure, exposures, measures, measurements ..., procedure, procedures,
    method ..., methods ..., methodology ..., methodology/principal findings, methods/design, approach,
    approach and results, materials and ..., material and ..., materials & methods, result ..., results ...,
    results/conclusions, findings ..., finding, conclusion ..., conclusions ..., conclusions/significance,
    interpretation ..., discussion ..., implication, implications ..., limitation, limitations ..., outcome,
    outcomes ..., relevance ..., evidence ..., originality ..., originality/value, practical implications,
    theoretical implications, social implications, research limitations/implications,
    design/methodology/approach, funding, registration ..., trial registration ..., clinical trial
    registration ..., study registration, systematic review registration, unlabelled, unlabeled, overview,
    perspective, recommendation, recommendations, level of evidence, strengths and limitations, impact ...,
    value, main ..., primary ..., secondary outcome ..., secondary outcomes, secondary objective ..., key
    findings, key points, key messages, key results, key practitioner message ..., major findings, study
    design ..., study objective ..., study objectives, study selection ..., study population, study aims,
    study setting, search methods, search strategy, selection criteria, data collection ..., data sources
    ..., data source, data extraction ..., data synthesis, data analysis, data selection, review methods,
    research design ..., research question, research questions, research methods, clinical relevance,
    clinical significance, clinical implications ..., clinical impact, clinical perspective, public health
    significance ..., public significance statement, impact statement, authors' conclusions, authors’
    conclusions, author's conclusions, reviewers' conclusions, reviewer's conclusions, statistical analysis,
    experimental approach, experimental design, principal findings, principal results, eligibility criteria
    for ..., what is known ..., what is new ..., what is already known ..., what this ..., what are ...,
    relevance to clinical practice, relevance for clinical practice, implications for ..., translational
    perspective, statement of significance, significance statement, lay abstract, hypothesis and ...
""")
_INTRODUCTIONS = _Phrases("introduction, background and introduction, introduction and background, main text")
_END_HEADINGS = _Phrases("""
    similar ..., related ..., recommended ..., suggested articles, suggested reading, suggested citation,
    associated ..., linked ..., other articles ..., other content ..., other papers ..., other publications,
    popular ..., further reading, further information, additional information ..., additional files,
    additional links, latest articles ..., latest news ..., latest research, recent articles ..., recent
    publications ..., recent searches, cited by ..., cited in ..., cited articles, cited references, citing
    ..., citation, citations ..., citation statements, citation impact, reference, references ...,
    bibliography, literature cited, works cited, reference list, mesh ..., medical subject headings ...,
    publication type, publication types ..., substances, chemicals ..., supplementary ..., supplemental ...,
    supplement, supporting information ..., index terms ..., subject terms ..., subject areas, subject
    headings, subject, figure, figures ..., table, tables ..., images, research topic, research topics,
    topics, you may ..., you might ..., people also ..., readers also ..., others also ..., users also ...,
    customers who ..., more from ..., more like ..., more by ..., more articles ..., more on ..., more
    information, more about ..., more resources, explore ..., discover ..., trending ..., most read ...,
    most cited ..., most viewed ..., most popular ..., most recent ..., most downloaded ..., what's new, see
    also ..., declaration of ..., declarations ..., disclosure ..., disclosures ..., statement of ...,
    statements ..., conflict of ..., conflicts of ..., potential conflicts ..., competing ...,
    acknowledgement ..., acknowledgements ..., acknowledgment ..., acknowledgments ..., author information
    ..., author contributions ..., author contribution, author notes, author details, author affiliations,
    author statement, author disclosures, authors' contributions, authors’ contributions, authors and ...,
    authors & ..., authors' information, affiliation, affiliations ..., about the ..., about this ..., about
    us, grant support, grants and ..., grants, funding sources, funding source, funding information, funding
    statement, financial ..., linkout ..., link out, full text links ..., full text sources ..., full-text
    ..., full text views, metrics ..., altmetric ..., altmetrics, article metrics ..., article info ...,
    article information ..., article history ..., article notes, article impact, article usage, article
    contents, article outline, articleinfo, rights and ..., rights & ..., permissions, copyright ...,
    license ..., licence ..., cite this ..., cite as ..., how to cite ..., to cite ..., export citation ...,
    share ..., access options ..., access this ..., access through ..., access provided ..., access the ...,
    get access ..., get full ..., get rights ..., buy ..., purchase ..., rent ..., preview ..., log in ...,
    login ..., sign in ..., sign up ..., publication history, publication date, publication details,
    publication information, history, comment in ..., comments ..., comment on ..., responses, discussion
    (0), data availability ..., availability of ..., ethics ..., ethical ..., consent for ..., consent to
    ..., abbreviations ..., highlights, graphical abstract ..., visual abstract ..., video ..., audio ...,
    plain language ..., plain-language ..., lay summary, editor's summary, editors' note, resumen, résumé,
    resume, zusammenfassung, resumo, riassunto, 摘要, 要旨, 抄録, аннотация, abstract in ...,
    abstract (in ...,
    sections, section snippets, on this page, in this article, in this issue, table of contents, contents,
    footnote, footnotes, endnotes, notes, download ..., view ..., show ..., see more ..., see all ..., read
    ..., load more, associated data, versions, version history, review history, reviewer reports, peer
    review ..., open research ..., open peer ..., condition, conditions ..., condition or disease ...,
    intervention/treatment, intervention / treatment ..., study type ..., study plan ..., study arms ...,
    study groups, study start ..., study status, study phase, study officials, study contacts, study
    locations, study identification, study record ..., study documents, study details, study registration
    dates, study results, enrollment ..., enrolment ..., phase, phases, arms and ..., arms & ..., arm group
    ..., eligibility criteria, eligibility, contacts and ..., contact ..., location, locations ..., official
    title, primary outcome measures ..., collaborators ..., sponsor, sponsors ..., sponsor/collaborators,
    participation criteria, ages eligible ..., recruitment ..., responsible party, investigators,
    publications ..., secondary ids, keywords provided ..., pubmed ..., europe pmc ..., google scholar,
    crossref ..., scopus ..., web of science ..., dimensions ..., source, journal, issn, isbn, publisher,
    language, database, accession number, document type, pmid, pmcid, doi, identifier, identifiers,
    classification, age group, format covered, tests & measures, release date, correction date, first
    posted, last update posted, au, py, so, jo, jf, vl, sp, ep, sn, ur, er, kw, mh, pt, dp, la, lid, aid,
    fau, ad, cn, pb, y1, do, id, jt, tj
""")
_KEYWORDS = _Pattern(r"(?:author |search )?key\s?-?\s?words?\b|index terms\b|kw\b", re.I)
# The tags of MEDLINE's and RIS's formats; title and abstract are told apart by _LABELLED.
_FIELD = _Pattern(r"(?:(?:PMID|STAT|DCOM|MHDA|EDAT|CRDT|PHST|CTDT)|[A-Z][A-Z0-9]{2} |[A-Z][A-Z0-9]  )- ")
_FURNITURE_BEGINNINGS = _Phrases("""
    skip to ..., jump to ..., go to ..., menu ..., main menu, main navigation, toggle ..., search ...,
    advanced ..., browse ..., filter ..., filters, sort by ..., log in ..., login ..., log out, logout, sign
    in ..., sign up ..., sign out, register ..., create an ..., create account, create alert, create a ...,
    create file, my account ..., my library, my bibliography, my collections, my profile, my ncbi, your
    account, your saved ..., subscribe ..., subscription ..., home ..., about ..., contact ..., help ...,
    faq, faqs, support ..., feedback, newsletter ..., blog, news ..., careers, donate, shop, cart ...,
    basket, alert, alerts, notifications, settings, preferences, accept ..., reject ..., agree ..., decline,
    manage ..., got it, ok, cookie ..., cookies ..., privacy ..., terms ..., accessibility ..., disclaimer
    ..., legal ..., copyright ..., © ..., (c) ..., all rights ..., powered by ..., generated on ...,
    generated by ..., last updated ..., last update ..., last modified ..., last reviewed ..., last verified
    ..., page last ..., page ..., nlm ..., nih ..., hhs ..., foia, national library ..., national center
    ..., national institutes ..., usa.gov, u.s. department ..., an official ..., view ..., show ..., hide
    ..., see all ..., see more ..., see full ..., expand ..., collapse ..., load ..., open in ..., open
    access ..., open menu, close ..., zoom ..., read ..., listen ..., watch ..., play, download ...,
    downloads ..., export ..., save ..., saved ..., add ..., cite ..., cited ..., citation ..., citations
    ..., share ..., shared ..., email ..., e-mail ..., print ..., tweet ..., twitter ..., facebook ...,
    linkedin ..., mendeley ..., reddit, whatsapp, wechat, instagram, youtube, mastodon, bluesky, x, follow
    ..., join ..., connect ..., request ..., order ..., buy ..., rent ..., get ..., check ..., track ...,
    report ..., flag ..., bookmark ..., like, recommend ..., promote ..., claim ..., pdf ..., epub ..., xml,
    html, full ..., full-text ..., fulltext ..., free ..., open-access, hybrid ..., gold ..., green ...,
    preprint ..., this preprint ..., this article is part ..., doi ..., pmid ..., pmcid ..., pmc ..., pii
    ..., issn ..., isbn ..., bibtex, ris, endnote ..., refworks, zotero, permalink ..., link ..., links ...,
    url ..., copy ..., volume ..., vol. ..., issue ..., pages ..., pp. ..., article ..., original ...,
    research, research article ..., research paper ..., research letter, research report, review, review
    article ..., clinical trial, randomized controlled trial, meta-analysis, systematic review, case report,
    brief report ..., brief communication ..., short communication ..., letter, editorial, journal article
    ..., comparative study, multicenter study, author ..., authors ..., affiliations ..., affiliation ...,
    correspondence ..., corresponding ..., first published ..., published ..., received ..., accepted ...,
    revised ..., available ..., epub ..., online ..., posted ..., reference ..., references ..., figure ...,
    figures ..., tables ..., metrics ..., altmetric ..., crossmark ..., views ..., reads ..., usage ...,
    score, impact factor ..., statistics, mentions ..., supporting ..., mentioning ..., contrasting ...,
    next ..., prev ..., previous ..., back ..., back to ..., top, up, first page ..., more ..., less, all,
    options ..., actions, action, display ..., format ..., abstract ..., summary ..., tools ..., details
    ..., info, sections ..., section ..., topics ..., collections ..., folders, library ..., dashboard,
    account, profile, upload ..., institution ..., institutional ..., language ..., english ..., deutsch,
    español, français, translate ..., select ..., choose ..., enter ..., type ..., click ..., tap ..., press
    ..., scroll ..., loading ..., please ..., error ..., warning ..., advert ..., advertisement ...,
    sponsored ..., ad, we have ..., quick links ..., useful links, resources ..., journals ..., journal ...,
    books ..., editors ..., reviewers ..., librarians ..., societies ..., advertisers ..., agents ...,
    products ..., services ..., solutions ..., company ..., partners, trending ..., latest ..., current
    issue, early view, archive ..., issues ..., submit ..., for authors, for readers, for librarians, guide
    for ..., information for ..., instructions for ..., editorial board, aims and ..., no access, access
    ..., restricted access, purchase ..., plum ..., dimensions ..., scite ..., semantic scholar ..., google
    scholar ..., pubmed ..., europe pmc ..., crossref ..., sciencedirect ..., elsevier ..., wiley ...,
    springer ..., springernature ..., researchgate ..., qxmd ..., psycnet ..., apa ..., biorxiv ..., medrxiv
    ..., cochrane ..., clinicaltrials.gov ..., know ..., find ..., try ..., explore ..., discover ..., start
    ..., use ..., change ..., edit ..., remove ..., delete ..., clear ..., reset ..., apply ..., send ...,
    done, cancel ..., yes, no, none, n/a, version ..., supplementary ..., thank ..., information provided
    ..., sponsor ..., not now, new results, confirmatory results, contradictory results, preview pdf,
    explore all ...
""")
_COUNT = _Pattern(
    r".{0,60}\bcited by \d|\d[\d.,]*\s*k?\+?\s*(?:citations?|references?|views?|downloads?|reads?|"
    r"recommendations?|comments?|likes?|"
    r"shares?|results?|pages?|figures?|tables?|mentions?|tweets?|altmetric|accesses|supporting|min|"
    r"citing|crossref)\b",
    re.I,
)
_ADDRESS = _Pattern(r"[^\w\s]{0,3}(?:https?:|www\.|[\w.-]+\.(?:org|com|gov|net|edu)\b)", re.I)
_FRONT = _Pattern(
    r"""(?:
    (?:[\W\d]*)(?:authors?|by|affiliations?|correspond\w+|e-?mail|contributors?|edited|editors?|reviewed
      |academic\ editor|orcid.*)\b\s*[:*]
    |.*\b(?:et\ al\.?,?\ *$|e-?mail:|[\w.+-]+@[\w-]+\.\w+|corresponding\ author)
    |.*\b(?:19|20)\d\d\b(?:\ \w+){0,3}(?:\ \d+)?\s*[;,:]\s*(?:vol\.?\s*)?\d+\s*[(:]
    |.*\bvol(?:ume|\.)?\s*\d+.*
    |.*\b\d+\s*\(\d[\d–-]*\)\s*[,:;]\s*(?:pp?\.?\s*)?e?\d+.*
    |.*\bpp?\.\s?\d+\s?[-–].*
    |.*\bpages?\ e?\d+.*
    |.*\b\d+\s*\((?:19|20)\d\d\)[,:]?\s*e?\d+.*
    |.+\ [-–]\ .*\b(?:19|20)\d\d\ [-–]\ .+
    |.*\b(?:search\ examples|declarations?\ of\ interest|article\ notes|orcid\ profile)\b.*
    |author\ links.*|(?:information\ provided|provided)\ by\b.*|sponsor\b.*|responsible\ party.*
      |contents\ lists?\ available.*
    |journal\ homepage.*
    |(?:(?-i:[A-Z(&])[\w.&:()-]*,?\ |(?:of|and|in|the|for|on|&)\ ){1,7}\(?(?:19
      |20)\d\d\)?(?:\ \w{3,9}\.?)?(?:[\ -]\w{1,9})?(?:\ \d+)?[.;:]?$
    |(?:first\ |e-?|version\ )?(?:published|received|accepted|revised|revision|available|posted|submitted
      |updated|publication\ date
      |issue\ date|pub|date)\b.*\b(?:19|20)\d\d\b.*
    |(?:\w+,?\ ){0,2}\d{1,2}(?:st|nd|rd|th)?,?\ \w+,?\ (?:19|20)\d\d\.?$
    |(?:.{1,60},\ )?(?:\w+\ \d{1,2},?|\d{1,2}\ \w+)\ (?:19|20)\d\d\.?$
    |(?:\w+\ )?(?:19|20)\d\d\.?$
    |nct\d{8}.*
    )""",
    re.I | re.X,
)
_AFFILIATION = _Pattern(
    r"\b(?:Departments?|Dept|Universi\w+|Institut(?:e|es|o|et)?|Hospitals?|School of|College|"
    r"Cent(?:er|re)s? (?:for|of)|Faculty|Fakult\w+|"
    r"Laborator\w+|Division of|Clinic|Academy|Ministry|Inc|GmbH|Ltd|Author links|ORCID|Hochschule)\b"
)
# Sentences that no abstract holds, however long they are.
_NOTICE_SENTENCE = _Pattern(
    r"""[^\w\s]{0,3}\s*(?:
    (?:we(?:\ and\ .{0,40})?|[\w.]+|(?:this|our|the)\ .{0,40}(?:site|platform|publisher))\ uses?\ .{0,60}
      \b(?:cookies|similar\ technologies)
    |by\ (?:clicking|continuing|using|accepting|closing|browsing|visiting|accessing|submitting)\b.{0,120}
      \b(?:you\ |our\ (?:use|terms|privacy)|cookies)
    |.{0,80}\bcookies?\b.{0,120}\b(?:you|your|browser|website|(?:this|our|the)\ site
      |consent|(?:cookie|privacy)\ (?:policy|settings|preferences))\b
    |we\ have\ located\ links|get\ seaml?ess|get\ seemless|for\ the\ best\ experience
    |all\ material\ on\ this\ website
    |for\ all\ open\ access\ content
    |(?:(?:the|all|both)\ )?(?:authors?|investigators?)\b.{0,60}
      \b(?:declares?|declared|disclos\w+|reports?|reported|have|has|states?)\b.{0,60}
      \b(?:conflicts?\ of|competing|(?:financial|commercial)\ (?:interests?|relationships)
      |nothing\ to\ disclose)
    |no\ (?:potential\ )?(?:conflicts?\ of|competing|financial\ (?:interests|disclosures))\b
    |none\ of\ the\ authors\b|(?:the\ )?(?:authors?|views|opinions|contents?)\b.{0,40}
      \b(?:are\ solely\ the\ responsibility|do\ not\ necessarily)
    |(?:this|the)\ (?:article|work|document|paper|content|preprint|site)\ is\ (?:an?\ open[ -]access
      |protected\ by|licen[sc]ed
      |made\ available|distributed\ under|published\ (?:under|with)|not\ certified|a\ preprint)
    |(?:copyright|©|\(c\))\s.{0,40}(?:(?:19|20)\d\d|the\ authors?|elsevier|wiley|springer|all\ rights)
    |copyright\ of\ .{3,150}\ is\ the\ property|.{0,200}\ball\ rights\ (?:are\ )?reserved
    |(?:an\ )?official\ website\ of|here['’]s\ how|federal\ government\ websites|the\ \.gov\ means
    |before\ sharing\ sensitive
    |(?:view|listing\ a\ study|inclusion\ in\ an\ nlm)\b.{0,80}\bdoes\ not\ (?:mean|imply)
    |(?:the\ )?safety\ and\ scientific\ validity\ of\ this\ study|sorry,|oops|.{0,40}\bjavascript\b
    |.{0,20}your\ browser
    |please\ (?:enable|log|sign|note(?:\ that|:)\ (?:we|this|the\ pub|the\ site)|try
      |enter|check|select|click|read\ our)
    |to\ (?:read|view|access|request|continue)\ .{0,20}\b(?:full[ -]text|full\ version
      |this\ (?:article|content)
      |the\ pdf
      |from\ the\ authors?)
    |review\ the\ sponsor|dive\ into\ the|see\ the\ medical\ conditions|understand\ how\ the\ trial
    |this\ is\ a\ preview|this\ abstract\ may\ be
    )""",
    re.I | re.X,
)
_SITE_TALK = _Pattern(
    r"\b(?:browser|web ?site|account|cookies?|privacy|e-?mail|password|institution\w*|subscri\w+|"
    r"access|click|download|javascript|library|"
    r"alerts?|purchase|log ?in|sign ?in|register|content|citation|article|journal|search|preferences|"
    r"feedback|app|devices)\b",
    re.I,
)
_YOU = _Pattern(r"\byou(?:r|rs)?\b", re.I)
# Words that make a sentence: a title, a list of names or a button rarely has two of them.
_SENTENCE_WORD = _Pattern(
    r"\b(?:was|were|is|are|be|been|has|have|had|we|that|this|these|those|which|who|(?-i:may)|might|"
    r"can|could|should|will|would|did|does|do|"
    r"not|they|it|its|their|our|than|also|both|but|when|whether|while|however|used|using|found|showed|"
    r"shows|suggest\w*|indicat\w*|"
    r"examin\w+|investigat\w+|compar\w+|increas\w+|decreas\w+|reduc\w+|assess\w+|measur\w+|assign\w+|"
    r"receiv\w+|reveal\w*|"
    r"demonstrat\w+|report\w*|includ\w+|associated|significant\w*|there|because|although|among|"
    r"between|during|after|before)\b",
    re.I,
)
_SENTENCE_END = _Pattern(r"[.!?…][)\]\"'”’»\d]*$")
_JOURNAL = _Pattern(
    r"(?:the |[a-z]+ )?(?:journals?|annals|archives|frontiers|reviews?|trends|advances|proceedings|"
    r"current opinion|cochrane database|"
    r"plos|bmc|nature|transactions|progress in|international journal|acta)\b(?: (?:of|in|on|for|and|"
    r"the|&|[A-Z][\w-]*))*\.?",
    re.I,
)
_NAME_PART = _Pattern(r"[^\W\d_](?:[\w'’.-]*[^\W\d_]|\.)?\.?")
_TERM = _Pattern(
    r"(?:[a-z]{3}(?:tions?|ments?|ness|ity|ies|[aeiou]sis|ing|isms?|[aeou]cin|sin|phins?|[iea]ds|"
    r"ology|ences?|ders?|ects?|"
    r"[aeo]py|tive|tional|ship|hood|ety|ions?|ical|oral|ural|onal|inal|ates?|ors|ers|ress|ogens?)|"
    r"Stud(?:y|ies)|Trials?|Survey|Samples?|Patients?|Subjects|Infants|Children|Adults|Women|Men|Students|Mice|Rats|"
    r"Models?|Cortex|Failure|Use|Changes|Design|Cohort|Reviews?|Protocol|Guidelines?|Outcomes?|Approach|Weeks|Months|"
    r"Pain|Grief|Touch|Trust|Loss|Care|Fear|Brain|Sleep|Mood|Health|Social|Stress|Love)$"
)


def _is_term(word: str) -> bool:
    """Tell a word that is no name: it has a noun's or an adjective's ending, or is long and in lower case."""
    word = word.strip(",;:()")
    return bool(_TERM.search(word)) or word == "and" or (len(word) > 3 and word.islower())


_NO_NAME = _words(
    "a an the of to in on with for from during at by or as versus vs is are its after before than using"
)
_PARTICLES = _words(
    """
    de van von der den del della di da dos la le el al bin ibn ter ten zu y e jr sr iii ii
    """
)
# Longer than this a line is text, whatever it begins with.
_LONG = 1200


# "A B S T R A C T", as the headings of some publishers' PDFs come out.
_SPACED = _Pattern(r"(?:\S{1,2}\s{1,3}){5,}\S{1,2}$")


def _kind(text: str) -> _Kind:
    """Say what a line, or a paragraph put together from its lines, is."""
    if len(text) > _LONG:
        return _Kind.PROSE
    if _SPACED.match(text):
        text = re.sub(r"(?<!\s\s)\s(?!\s)", "", text)
    folded = " ".join(text.casefold().replace(":", " ").lstrip("#•·›»*→ ").rstrip(" .-–—▼▾+›»").split())
    words = text.split()
    if len(text) <= 90 and not text[0].islower():
        heading = _heading_kind(folded, text, len(words))
        if heading is not None:
            return heading
    if len(words) <= 4 and text[0].isupper() and _FURNITURE_BEGINNINGS.match(folded):
        # Most lines of a page are such, and end here.
        return _Kind.FURNITURE
    if len(text) < 800 and _NOTICE_SENTENCE.match(text):
        return _Kind.FURNITURE
    if len(text) < 500 and _talks_to_visitors(text):
        return _Kind.FURNITURE
    label, colon, content = text.partition(":")
    if colon and len(content) >= 10 and len(label) <= 60 and _SECTION_HEADINGS.match(label.casefold()):
        return _Kind.PROSE
    verbs = len(_SENTENCE_WORD.findall(text))
    sentence = verbs > 0 and bool(_SENTENCE_END.search(text))
    if _is_affiliation(text, verbs) or (verbs < 2 and _is_names(text)):
        return _Kind.FRONT
    full = sentence and len(words) >= 8 and "doi" not in folded
    if verbs < 2 and len(text) <= 250 and not full and _FRONT.match(text):
        return _Kind.FRONT
    if verbs >= 2 and len(words) >= 8 and (sentence or len(text) > 200 or (verbs > 2 and len(text) > 120)):
        return _Kind.PROSE
    if text[0].islower() or len(words) > 12:
        return _Kind.OTHER
    if not any(c.isalpha() for c in text) or _COUNT.match(text) or _ADDRESS.match(text):
        return _Kind.FURNITURE
    if (
        _FURNITURE_BEGINNINGS.match(folded)
        and not _looks_like_title(words)
        and not (sentence and len(words) > 3)
    ):
        return _Kind.FURNITURE
    return _Kind.OTHER


def _talks_to_visitors(text: str) -> bool:
    you = len(_YOU.findall(text))
    site = len(_SITE_TALK.findall(text)) if you else 0
    return site > 0 and you + site >= 3


def _heading_kind(folded: str, text: str, words: int) -> _Kind | None:
    if _ABSTRACT_HEADINGS.match(folded):
        return _Kind.ABSTRACT
    if _TITLE_LABELS.match(folded):
        return _Kind.TITLE
    if _KEYWORDS.match(folded) or _FIELD.match(text):
        return _Kind.END
    bare = re.sub(r"^\d{1,2}[.)]? \|? ?", "", re.sub(r" \([\d.,k]+\)$", "", folded))
    if words <= 5 and _SECTION_HEADINGS.match(bare) and not (words > 2 and text.endswith(".")):
        # "Trial registration: NCT01234567" is no heading but what it heads.
        return None if text.rstrip(":").count(":") else _Kind.SECTION
    sentence = bool(_SENTENCE_END.search(text)), bool(_SENTENCE_WORD.search(text))
    if words <= 10 and _END_HEADINGS.match(bare) and not all(sentence) and not (words > 4 and any(sentence)):
        return _Kind.END
    return None


def _looks_like_title(words: Sequence[str]) -> bool:
    """Tell a title from a button: it has a good many words, some of them long and in lower case."""
    long = sum(len(word) >= 6 and word.isalpha() for word in words)
    return len(words) >= 6 and long >= 3 and not any(len(word) > 2 and word[:3].isdigit() for word in words)


def _is_affiliation(text: str, verbs: int) -> bool:
    return len(text) < 500 and not verbs and text.count(",") >= 1 and bool(_AFFILIATION.search(text))


def _is_name(text: str) -> bool:
    """Tell what may be one person's name."""
    parts = text.split()
    return 2 <= len(parts) <= 4 and not any(_is_term(part) or part.lower() in _NO_NAME for part in parts)


def _is_names(text: str) -> bool:
    """Tell a line of authors: chunks of two to four capitalised words, or a family name with initials."""
    if len(text) > 1000:
        return False
    plain = re.sub(
        r"\(?\b(?:Ph\.?D|M\.?D|M\.?Sc|B\.?Sc|M\.?A|B\.?A|R\.?N|Prof|Dr|MPH|DPhil)\b\.?\)?", "", text
    )
    plain = re.sub(
        r"[\d+*†‡§¶#∗⁎✉()\[\]⁰¹²³⁴-⁹]+|\bet al\.?|\+?\s*(?:more\s+)?\bauthors?\b|(?:View )?ORCID Profile|"
        r"\b[a-z](?:,[a-z])*(?=[,;]|$)",
        " ",
        plain,
    )
    chunks = [chunk.split() for chunk in re.split(r"[,;·•&|]|\band\b", plain) if chunk.strip()]
    if not chunks:
        return False
    names = terms = 0
    for chunk in chunks:
        if any(len(part) > 1 and part.lower() in _NO_NAME for part in chunk):
            return False
        parts = [part for part in chunk if part.lower() not in _PARTICLES]
        if not parts or not all(part[0].isupper() and _NAME_PART.fullmatch(part) for part in parts):
            if len(chunk) > 5 or any(len(part) > 3 and part[0].islower() for part in chunk):
                return False
            continue
        initials = len(parts) <= 4 and any(len(part.rstrip(".")) <= 2 and part.isupper() for part in parts)
        names += 2 <= len(parts) <= 4
        terms += not initials and any(_TERM.search(part) for part in parts)
    if terms * 2 >= len(chunks):
        # "Intranasal Oxytocin and Maternal Neglect" is made like a pair of names.
        return False
    if len(chunks) == 1:
        return names == 1 and any(
            len(part.rstrip(".")) == 1 or (part.isupper() and len(part) <= 3) for part in chunks[0]
        )
    return names >= 0.6 * len(chunks)


# --- Lines: paragraphs out of hard-wrapped lines ------------------------------------------------------------

_Span = tuple[int, int, str]
"""A piece of the text that is kept (start, end), and what stands before it in place of what was between."""


class _Block(NamedTuple):
    """A paragraph: one line, or several that were one before somebody wrapped them."""

    spans: tuple[_Span, ...]
    text: str
    kind: _Kind


# The parts that make up three in four hyphenated words of biomedical abstracts.
_FIRST_PARTS = _words(
    """
    above acid active activity adhd african age alcohol alpha amphetamine amygdala angiotensin anti
    antidepressant anxiety asd attention audio bdi best beta between binge blood body bottom brain
    buprenorphine calcium cancer case cbt cck cell cgi cgrp child cholecystokinin clinician closed cluster
    cocaine cognitive combat community computer concentration controlled coordinate copper corticotropin
    cost couple crf crh cross cue day decision delayed delta depression depressive diabetes disease disorder
    domain dose dot double down drug dsm dual early eight eighty emotion end english enkephalin enzyme error
    estrogen event evidence exercise exposure extended eye face factor false family fda fifty fine first
    five fixed flow follow food forced forty four free frequency fronto full gamma gender genome glucagon
    glucose gnrh goal gonadotropin gram group guideline gut half hdl health high higher hiv homa home
    hormone human hypothalamic hypothalamo hypothalamus igf ii immediate immune infant information insulin
    intention internet inventory ipt kappa kayser ketamine laboratory large late lc ldl left level life
    light lipid long longer loss low lower mann maternal mdma medication medium membrane meta microbiome
    microbiota mid middle mild mindfulness mixed moderate montgomery mood morphine mother motor mptp mu
    multi multiple muscle music mystical near neuroleptic nf nine ninety nirs nmda non npy nurse obsessive
    once one open opioid orexin oxytocin pain pandemic parallel parent partner past patient peer peptide
    person perspective phase placebo population post pre pregnancy pressure problem progression proof
    protein provider psilocybin psychedelic quality quasi random randomized rapid rate real receptor region
    renin repeated resource resting reward right risk rna rs rt saline same sars scale school second seed
    self semi sensory serotonin seven seventy sex sham short side single six sixty skin sleep slow small
    social socio sprague sr state steady step stimulus stress substance suicide take task teacher team
    technology telephone temporo ten tension theory therapist third thirty threat three thyroid time tnf
    trade trauma treatment tri trial twenty twice two ultrasound user value vasopressin vehicle virus
    voltage voxel weak web weight well white whole wild within word xr year zero
    """
)
_SECOND_PARTS = _words(
    """
    acting activated adherence adjusted administered administration adrenergic aged alpha american
    aminobutyric analyses analysis analytic approved arm as assisted associated at based behavioral
    behavioural beta binding blind blinded bonding brain by called cancer care cbt cell center centered
    centre chain child cholesterol cigarette compassion component compulsive containing control controlled
    converting cost cov covid csf cycloserine daily dawley day deficient deficit defined delivered density
    dependent depth derived designed diabetic dimensional dimethyltryptamine directed domain dose down
    driven drug dwelling effect effective effectiveness effects efficacy emotional endorphin enhanced
    enkephalin episode established esteem evoked exercise existing experimental exposed expressing factor
    fat five fmri focused fos four free frequency functioning generated group guided gut harm help high
    hispanic hoc home hospital human ii iii immunoreactive income independent induced infant infected
    inferiority inflammatory infrared initiated injury intensity intervention invasive ir iv label labeled
    learning level li life like line linked list lowering making management matched mdma measures mediated
    methyl monitoring month naive negative ntx occurrence occurring off old on onset opioid oriented out
    pandemic parietal pcr penicillamine person pharmacological phase pituitary point positive post promoting
    quality randomized receptor referential regulated regulation related release releasing relevant report
    reported reports resistant resolution responders response responsive retest reviewed revised rich risk
    scale sectional seeking segment selective sensitive session seven sex significant six skin solving
    specific square stage state stimulated stimulating stroke structured study subject subjects supported
    taking targeted task term terminal the third thirds threatening three time to tolerated tracking
    training trait traumatic treated treatment two type up users value wake wakefulness wave week wide world
    year
    """
)
_CONJUNCTIONS = frozenset(("and", "or", "to", "versus", "vs", "nor", "but", "as"))
_WORD_BEFORE = _Pattern(r"[^\W_]*$")
_WORD_AFTER = _Pattern(r"[^\W_]{0,40}")
_SUFFIX = _Pattern(
    r".{0,2}$|(?:m?ents?|a?tions?|ness(?:es)?|ships?|hoods?|less|ful(?:ly)?|[ai]bl[ey]|ity|ally|i[sz]|"
    r"ing|al|ous|ive)"
)
_OPEN_END = _Pattern(
    r"(?:[,–—(/]|\b(?:the|an?|of|and|or|in|on|to|for|with|by|from|at|as|that|which|is|are|was|were|be|"
    r"their|its|than|between|not))$",
    re.I,
)
_OPEN_WORD = _Pattern(r"\b(?:the|an?|of|and|or|in|on|to|for|with|by|from|at|as|among|between)$", re.I)
_NARROW, _WIDE = 30, 160
_LINE = _Pattern(r"[^\n]+")
# "Abstract: We tested ...", "AbstractWe tested ...", "Title: ...": a heading and what it heads, on one line.
_LABELLED = _Pattern(
    r"(?:Abstract|ABSTRACT|(?:Brief |BRIEF )?(?:Summary|SUMMARY)|Detailed Description|(?:Official |"
    r"Public |Article )?Title|TITLE)\s*[:.|–—-]\s*(?=\S)"
    r"|(?:TI|T1|AB|N2)\s{1,2}-\s+(?=\S)"
    r"|(?:Abstract|ABSTRACT)(?=[A-Z][a-z]|\s*(?:BACKGROUND|OBJECTIVE|INTRODUCTION|PURPOSE|AIM))"
    r"|(?:Abstract|ABSTRACT)\s+(?=[A-Z].{150})"
)


class _Line(NamedTuple):
    """A line that isn't blank, and whether it follows hard on the one before."""

    start: int
    end: int
    text: str
    kind: _Kind
    adjacent: bool
    indented: bool = False


def _split(text: str) -> Iterator[_Line]:
    last = -1
    for m in _LINE.finditer(text):
        line = m[0]
        stripped = line.strip()
        if not stripped:
            continue
        start = m.start() + len(line) - len(line.lstrip())
        end = start + len(stripped)
        adjacent = m.start() == last
        last = m.end() + 1
        label = _LABELLED.match(text, start, end)
        if label:
            heading = label[0].rstrip()
            yield _Line(start, start + len(heading), heading, _kind(heading), False)
            start, adjacent = label.end(), False
            stripped = text[start:end]
        yield _Line(start, end, stripped, _kind(stripped), adjacent, line.startswith("    "))


def _whole_words(lines: list[_Line]) -> frozenset[str]:
    """Collect the words of a text that no line break cuts in two; none if no line ends with a hyphen."""
    cut = [line.text[-1] in "-‐" for line in lines]
    if not any(cut):
        return frozenset()
    words: set[str] = set()
    for i, line in enumerate(lines):
        found = re.findall(r"[^\W\d_]+", line.text.lower())
        words.update(found[i > 0 and cut[i - 1] : -1 if cut[i] else None])
    return frozenset(words)


def _blocks(text: str) -> list[_Block]:
    lines = list(_split(text))
    words = _whole_words(lines)
    blocks: list[_Block] = []
    spans: list[_Span] = []
    for i, line in enumerate(lines):
        glue = ""
        if spans and line.adjacent and _continues(lines, i, len(spans)):
            spans[-1], glue = _joint(text, spans[-1], line.start, words)
        elif spans:
            blocks.append(_block(text, spans, lines[i - 1].kind))
            spans = []
        spans.append((line.start, line.end, glue))
    if spans:
        blocks.append(_block(text, spans, lines[-1].kind))
    return blocks


def _block(text: str, spans: list[_Span], kind: _Kind) -> _Block:
    joined = "".join(glue + text[start:end] for start, end, glue in spans)
    return _Block(tuple(spans), joined, kind if len(spans) == 1 else _kind(joined))


_HEADINGS = (_Kind.ABSTRACT, _Kind.TITLE, _Kind.SECTION, _Kind.END)
_TEXT = (_Kind.PROSE, _Kind.OTHER)


def _continues(lines: list[_Line], i: int, depth: int) -> bool:
    """Tell whether only wrapping parts line `i` from the paragraph above it, which has `depth` "
    "lines so far."""
    before, here = lines[i - 1], lines[i]
    if _FIELD.match(here.text):
        return False
    if here.indented and i > depth and _FIELD.match(lines[i - depth - 1].text + " "):
        # MEDLINE's format indents what a line of a field goes on with.
        return True
    length = len(before.text)
    finished = bool(_SENTENCE_END.search(before.text[-40:]))
    if len(here.text) > max(_WIDE, 2 * length):
        # Nobody wraps one line at this width and leaves the next one alone.
        return False
    if here.text[0] in ",;)":
        return True
    if here.text[0].islower() and before.text[-1] in "-‐" and before.text[-2:-1].isalpha():
        return True
    if length < _NARROW or (depth == 1 and before.kind in _HEADINGS):
        return False
    if here.text[0].islower() and not finished:
        return True
    # In the midst of a paragraph a line may look like anything: "Smith, Jones and", "2014; 5: 3-7).".
    inside = depth >= 3
    if here.kind not in _HEADINGS and (before.text[-1] in "-‐" or _OPEN_END.search(before.text[-40:])):
        return True
    ahead = lines[i + 1].kind if i + 1 < len(lines) else None
    if (
        here.kind is _Kind.SECTION
        and before.kind is _Kind.OTHER
        and (ahead is _Kind.FRONT or _OPEN_WORD.search(before.text[-40:]))
    ):
        # "... in cancer / Patients / Jane Doe, John Smith": the end of a title.
        return True
    last_word = len(here.text) <= 20 and (here.text[-1] == "." or here.text.isdigit())
    if last_word and not finished and (inside or before.kind in _TEXT):
        return True
    near = [len(line.text) for line in lines[max(0, i - 3) : i + 3] if line.kind in _TEXT or inside]
    width = max((n for n in near if n <= _WIDE), default=0)
    parts = here.text.split()
    if length > _WIDE or max(near, default=0) > 2 * _WIDE or length + 1 + len(parts[0]) <= width:
        # The next word would have fitted into the widest line around: the break was meant.
        return False
    if inside and not finished:
        return (
            here.kind in (_Kind.FRONT, _Kind.FURNITURE) or here.kind in _TEXT or len(here.text) > 0.7 * width
        )
    if here.kind not in _TEXT or before.kind not in _TEXT:
        return False
    # Rather a name below a title than the end of the title?
    return inside or not _is_name(here.text)


def _joint(text: str, span: _Span, start: int, words: frozenset[str]) -> tuple[_Span, str]:
    """Join a line to the next: drop its hyphen, if the wrapping put it there, or put a space between."""
    begin, end, glue = span
    if text[end - 1] not in "-‐" or end - begin < 2 or not text[end - 2].isalnum():
        return span, " "
    before = _WORD_BEFORE.search(text, max(begin, end - 40), end - 1)
    after = _WORD_AFTER.match(text, start)
    first, second = (before[0] if before else ""), (after[0] if after else "")
    if second in _CONJUNCTIONS:
        return span, " "
    if before and text[before.start() - 1 : before.start()] in ("-", "‐"):
        # A word with two hyphens is a compound: "plasma-to-/creatinine".
        return span, ""
    plain = first[:-1].islower() or first.islower() or first.istitle()
    if not (first.isalpha() and plain and second.isalpha() and second.islower()):
        return span, ""
    if f"{first}{second}".lower() not in words and (
        (first.lower() in _FIRST_PARTS and not _SUFFIX.match(second))
        or second in _SECOND_PARTS
        or (len(second) > 4 and second in words)
        or (len(first) > 4 and first.lower() in words and not _SUFFIX.match(second))
    ):
        return span, ""
    return (begin, end - 1, glue), ""


# --- Lines: title and abstract of a page --------------------------------------------------------------------

# No page has so many lines; a file that has them is not searched for an abstract.
_MOST_LINES = 50_000
# So many characters are surely an abstract; under a heading that says so; at least.
_ENOUGH, _SHORT, _SOME = 250, 120, 60
_LIST_ITEM = _Pattern(r"(?:[-•*–·]|\(?\w{1,3}[.)])\s")


def _lines(text: str) -> list[Edit]:
    if "\n" not in text:
        return []
    lines = text.count("\n")
    if lines == 1 and _is_title_and_abstract(text, text.index("\n")):
        return []
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    if start < end and text.find("\n", start, end) < 0 and not _LABELLED.match(text, start):
        # One line between blank ones: an abstract without a title.
        return [(a, b, "") for a, b in ((0, start), (end, len(text))) if a < b]
    if lines > _MOST_LINES:
        return [(m.start(), m.end(), " ") for m in re.finditer(r"\s+", text) if "\n" in m[0]]
    blocks = _blocks(text)
    if not blocks:
        return []
    title, body = _choose(blocks)
    spans: list[_Span] = []
    for block in (title, *body):
        if block is not None:
            start, end, _ = block.spans[0]
            glue = "" if not spans else "\n" if title is not None and block is body[0] else " "
            spans += [(start, end, glue), *block.spans[1:]]
    edits = []
    position = 0
    for start, end, glue in spans:
        if text[position:start] != glue:
            edits.append((position, start, glue))
        position = end
    if position < len(text):
        edits.append((position, len(text), ""))
    return edits


def _is_title_and_abstract(text: str, end: int) -> bool:
    """Whether two lines, the first up to `end`, are so plainly these that they need no closer look.

    Most texts of two lines are. Of a wrapped paragraph the second line would not be the longer one.
    """
    title = text[:end]
    return (
        15 <= end <= 300
        and len(text) - end > max(end, 200)
        and title == title.strip()
        and not text[end + 1].isspace()
        and not text[-1].isspace()
        and len(title.split(maxsplit=1)) == 2
        and title[-1] not in "-‐"
        and not _LABELLED.match(title)
        and not _LABELLED.match(text, end + 1)
    )


def _choose(blocks: list[_Block]) -> tuple[_Block | None, list[_Block]]:
    """Find title and abstract among the paragraphs of a text."""
    furniture = sum(b.kind in (_Kind.END, _Kind.FRONT, _Kind.FURNITURE) for b in blocks)
    if furniture >= 2 or (furniture and len(blocks) > 4):
        start, body = _abstract(blocks)
        if body:
            return _title(blocks[:start], body), body
    # No page, or none whose abstract is found: everything that is not plainly furniture is text.
    texts = [
        b
        for i, b in enumerate(blocks)
        if b.kind in (_Kind.PROSE, _Kind.OTHER, _Kind.SECTION) or _heads(blocks, i)
    ]
    texts = texts or [b for b in blocks if b.kind not in (_Kind.ABSTRACT, _Kind.TITLE)] or blocks
    if len(texts) > 1 and texts[0].kind is not _Kind.SECTION and _may_be_title(texts[0].text):
        # The first paragraph of an abstract is no title; a sentence above the abstract's only one is.
        sentence = texts[0].kind is _Kind.PROSE and texts[0].text.endswith(".")
        if not sentence or (len(texts) == 2 and 2 * len(texts[0].text) < len(texts[1].text)):
            return texts[0], texts[1:]
    return None, texts


def _heads(blocks: list[_Block], i: int) -> bool:
    """Tell a title that looks like furniture ("Access to care", "Related constructs"): the text follows."""
    return (
        i == 0
        and len(blocks) > 1
        and blocks[1].kind is _Kind.PROSE
        and len(blocks[0].text) >= 10
        and (blocks[0].kind in (_Kind.END, _Kind.FRONT, _Kind.FURNITURE))
    )


def _abstract(blocks: list[_Block]) -> tuple[int, list[_Block]]:
    """Find where the abstract starts and what belongs to it; nothing if there is none."""
    best = _Found(0, 0, 0, [])
    headings = [i for i, b in enumerate(blocks) if b.kind is _Kind.ABSTRACT]
    for i in headings:
        trial = _is_trial(blocks[i])
        best = _longer(best, _collect(blocks, i + 1, trial))
        if best.size >= (_SOME if trial else _ENOUGH):
            break
    if best.size >= _SOME and _is_trial(blocks[best.start - 1]):
        # A trial registry gives a summary and, further down, a description; both are its abstract.
        body, end = list(best.body), best.end
        for i in headings:
            if i >= end and _is_trial(blocks[i]):
                found = _collect(blocks, i + 1, trial=True)
                body += found.body
                end = found.end
        return best.start, body
    if best.size >= _SHORT and any(block.kind is _Kind.PROSE for block in best.body):
        return best.start, best.body
    i = 0
    while best.size < _ENOUGH and i < len(blocks):
        titled = len(blocks[i].text) <= 300 and i + 1 < len(blocks) and blocks[i + 1].kind is _Kind.FRONT
        if blocks[i].kind is _Kind.PROSE and not titled:
            start = i
            while start > max(best.end, i - _LEAD) and _leads(blocks[start - 1]):
                start -= 1
            found = _collect(blocks, start, trial=False)
            best = _longer(best, found)
            i = max(found.end, i + 1)
        else:
            i += 1
    return (best.start, best.body) if best.size >= _SOME else (0, [])


_LEAD = 20


def _leads(block: _Block) -> bool:
    """Tell what may stand before the first paragraph that is surely one: a heading, a short sentence."""
    sentence = _SENTENCE_END.search(block.text) and _SENTENCE_WORD.search(block.text)
    return block.kind is _Kind.SECTION or (block.kind is _Kind.OTHER and bool(sentence))


class _Found(NamedTuple):
    """Paragraphs that may be the abstract: length in characters, start and end, themselves."""

    size: int
    start: int
    end: int
    body: list[_Block]


def _longer(first: _Found, second: _Found) -> _Found:
    return second if second.size > first.size else first


_ABSTRACT = _Pattern(r".{0,12}abstract|a ?b ?s ?t", re.I)


def _is_trial(heading: _Block) -> bool:
    return _TRIAL_HEADINGS.match(heading.text.casefold().rstrip(" :."))


def _collect(blocks: list[_Block], start: int, trial: bool) -> _Found:
    """Gather the paragraphs of an abstract from `start` on."""
    body: list[_Block] = []
    sections: set[str] = set()
    sentences = False
    skipped = 0
    i = start - 1

    def found(end: int) -> _Found:
        return _Found(sum(len(b.text) for b in body), start, end, body)

    for i in range(start, len(blocks)):
        block = blocks[i]
        follows = blocks[i + 1].kind if i + 1 < len(blocks) else None
        if block.kind is _Kind.ABSTRACT and body and not _ABSTRACT.match(block.text):
            # "Summary:" or "Detailed description:" in the midst of a text is one of its headings.
            continue
        if block.kind is _Kind.ABSTRACT or (block.kind is _Kind.END and not _before_text(block, body)):
            return found(i)
        if block.kind is _Kind.PROSE:
            body.append(block)
            sentences = True
            skipped = 0
        elif block.kind is _Kind.SECTION:
            name = block.text.rstrip(" :.").lstrip("0123456789.| ").casefold()
            if name in sections or (sentences and _INTRODUCTIONS.match(name)):
                return found(i)
            sections.add(name)
            if follows in _TEXT or "registration" in name:
                body.append(block)
            elif sentences:
                return found(i)
        elif body and body[-1].kind is _Kind.SECTION and "registration" in body[-1].text.casefold():
            # The number of a trial looks like furniture.
            body.append(block)
        elif block.kind is _Kind.OTHER and _belongs(block, body, follows, trial, skipped):
            body.append(block)
        elif sentences and block.kind is _Kind.OTHER and not trial:
            return found(i)
        else:
            skipped += 1
            if sentences and skipped > 2:
                return found(i)
    return found(i + 1)


def _before_text(block: _Block, body: list[_Block]) -> bool:
    """Tell key words that stand between the heading and the abstract, as PDFs of some publishers "
    "have them."""
    return not body and len(block.text.split()) > 2 and bool(_KEYWORDS.match(block.text))


def _belongs(block: _Block, body: list[_Block], follows: _Kind | None, trial: bool, skipped: int) -> bool:
    """Tell whether a paragraph that is neither sentences nor furniture is part of the abstract around it."""
    words = len(block.text.split())
    heads = bool(body) and body[-1].kind is _Kind.SECTION
    if (words >= (3 if body and not skipped else 4) or heads) and _SENTENCE_END.search(block.text):
        return True
    if body and not _SENTENCE_END.search(body[-1].text) and block.text[0].islower():
        return True
    if trial and body and (words >= 4 or _LIST_ITEM.match(block.text)):
        return True
    if (
        body
        and not skipped
        and words >= 8
        and _SENTENCE_WORD.search(block.text)
        and follows is not _Kind.FRONT
    ):
        # A sentence whose end is missing.
        return True
    # An unknown heading, with its text behind it.
    return bool(body) and words <= 8 and follows is _Kind.PROSE


_TITLE_BLOCKS = 80
_AFTER_TITLE = _Pattern(
    r"highlights|graphical|key\s?-?words|article (?:info|history)|a ?r ?t ?i ?c ?l ?e  ?i", re.I
)


def _title(blocks: list[_Block], body: list[_Block]) -> _Block | None:
    """Pick the title out of what stands before the abstract."""
    blocks = blocks[-_TITLE_BLOCKS:]
    lines = [b.text.casefold() for b in blocks]
    told = {stem for b in body for stem in _stems(b.text)}
    best: tuple[float, _Block | None] = (0.0, None)
    for i, block in enumerate(blocks):
        if best[1] and block.kind is _Kind.END and _AFTER_TITLE.match(block.text):
            break
        if i and blocks[i - 1].kind is _Kind.TITLE and block.kind is not _Kind.FURNITURE:
            return block
        words = block.text.split()
        if (
            block.kind in (_Kind.FRONT, _Kind.FURNITURE, _Kind.ABSTRACT)
            or not _may_be_title(block.text)
            or len(words) < 2
        ):
            continue
        heading = block.kind in (_Kind.END, _Kind.SECTION)
        stems = _stems(block.text)
        # A title says in a good many words what the abstract says too, and the authors follow.
        score = min(len(words), 8) / 8
        score += sum(stem in told for stem in stems) / (len(stems) + 1)
        if i + 1 < len(blocks):
            score += 0.5 * (blocks[i + 1].kind is _Kind.FRONT or _is_name(blocks[i + 1].text))
        score += 0.3 * (len(words) >= 5 and sum(lines[i] in line for line in lines) > 1)
        score -= 0.6 * bool(_JOURNAL.fullmatch(block.text)) + 0.8 * ("|" in block.text or "›" in block.text)
        score -= 0.5 * (len(words) <= 4 and all(w[0].isupper() or w in _PARTICLES for w in words))
        score -= 0.5 * (block.kind is _Kind.PROSE and block.text.endswith("."))
        # It may begin like a heading ("Related disorders ...").
        score -= (0.4 if _looks_like_title(words) else 2) * heading
        if score > best[0]:
            best = (score, block)
    return best[1]


def _stems(text: str) -> list[str]:
    return [word[:6] for word in re.findall(r"[^\W\d_]{4,}", text[:20_000].casefold())]


def _may_be_title(text: str) -> bool:
    return len(text) <= 400 and len(re.findall(r"[.!?] [A-Z]", text)) <= 3


# --- Notices ------------------------------------------------------------------------------------------------

# Words with which publishers write their notices; one in eight may be another.
_NOTICE_WORDS = _words(
    """
    a c all an and any article articles at author authors association attribution be behalf by commons
    company compilation copyright copyrighted creative distributed document et al exclusive for from
    government has holder holders http https in inc is its journal licence license licensed licensee ltd may
    no not of on online open access org or organization part permission permissions permits please press
    property protected provided public domain published publisher reproduction reserved right rights s
    society terms the this to under unrestricted us use used user with work www work works you your original
    properly cited medium which e g gov intended solely personal individual disseminated broadly one allied
    publishers noncommercial commercial derivatives non cc nc nd doi com licenses without modifications made
    adaptations e-mail retains crown gmbh verlag sons periodicals editorial behalf der und van de
    """
)
_NOTICE_START = _Pattern(
    r"""(?:
    (?<!\w)\[?\ ?(?:abstract\ )?from\ author\]
    |(?<!\w)(?:crown\ )?copyright\b
    |\(?©\ ?|\(c\)\ ?|\(copyright\)
    |(?<=[.!?)\]"”]\ )(?:\S{1,2}\ )?(?:19|20)\d\d,?\ (?:by\ )?(?:john\ )?(?:elsevier|wiley|springer
      |academic\ press|lippincott|blackwell|the\ authors?)
    |(?<=[.!?)\]"”]\ )published\ (?:online\ )?(?:in\ \d{4}\ )?by\b
    |(?<=[.!?)\]"”]\ )this\ (?:article|document|work|paper|is)\ (?:is\ )?(?:an?\ |protected|copyrighted
      |licensed|made|published|distributed)
    |(?<=[.!?)\]"”]\ )all\ rights\ reserved
    )""",
    re.I | re.X,
)
_NOTICE_FIRST_WORDS = (
    "©",
    "(c)",
    "copyright",
    "published",
    "this article",
    "this is an open",
    "this document",
    "this work",
    "all rights",
    "from author]",
    "elsevier",
    "wiley",
    "springer",
    "lippincott",
)
_NOTICE_PROPERTY = _Pattern(r"copyright of .{3,200} is the property", re.I)
_DATED = _Pattern(
    r"\b(?:(?:19|20)\d\d|\(?c?\)?\d\d)\b|rights reserved|\bauthors?\b|elsevier|wiley|springer|"
    r"copyright|inc\b|ltd\b|press\b|society",
    re.I,
)
_WORD = _Pattern(r"[^\W\d_]+")
_PSYCINFO = _Pattern(
    r"\s*[([]?(?:APA )?Psyc(?:INFO|Info) Database Record(?:[^()]{0,20}\([cC©]\)[^()]{0,60}|"
    r"[^().]{0,60})(?:\)\.?|\]|$)"
)
# A notice is at most as long as the one, and gives itself away in the other's length at its end.
_WINDOW, _LITTLE = 900, 240


def _notices(text: str) -> list[Edit]:
    """Find the copyright notices at the end of a text, and PsycINFO's, which an afterword may follow."""
    edits: list[Edit] = []
    if "PsycI" in text[-_WINDOW:]:
        for m in _PSYCINFO.finditer(text):
            if m.start():
                # A space keeps the two sides from making up another notice.
                ahead = text[m.end() : m.end() + 1]
                edits.append((m.start(), m.end(), " " if ahead and not ahead.isspace() else ""))
    end = edits[-1][0] if edits and edits[-1][1] == len(text) else len(text)
    first = edits[-1][1] if edits and end == len(text) else 0
    cut = end
    while first < (start := _notice_start(text, cut)) < cut:
        cut = start
    if cut < end:
        edits = [edit for edit in edits if edit[1] <= cut] + [(cut, len(text), "")]
    return edits


def _notice_start(text: str, end: int) -> int:
    """Find where a notice that ends at `end` starts; `end` if there is none."""
    # Most notices are short: the little window, looked at first, saves most of the time.
    for size in (_LITTLE, _WINDOW):
        offset = max(0, end - size)
        lowered = text[offset:end].lower()
        if size == _LITTLE and not _may_hold_notice(lowered):
            return end
        # The title alone must not be left, nor nothing at all.
        offset = max(offset, text.rfind("\n", offset, end) + 1)
        window = text[offset:end]
        lowered = window.lower()
        # The pattern costs 100 ns a character: it is tried around the words that every notice starts with.
        for near in sorted(_positions(lowered, _NOTICE_FIRST_WORDS)):
            for m in _NOTICE_START.finditer(window, max(0, near - 12), near + 30):
                kept = len(window[: m.start()].rstrip())
                if kept and _is_notice(window[m.start() :]):
                    return offset + kept
    return end


def _positions(text: str, words: Sequence[str]) -> Iterator[int]:
    for word in words:
        position = text.find(word)
        while position >= 0:
            yield position
            position = text.find(word, position + 1)


def _may_hold_notice(last: str) -> bool:
    # Each "in" takes some 50 ns; a loop over them would cost as much again.
    return (
        "copyright" in last
        or "©" in last
        or ("(c)" in last and ("19" in last or "20" in last))
        or "reserved" in last
        or "published " in last
        or "elsevier" in last
        or "wiley" in last
        or "springer" in last
        or "commons" in last
        or "author]" in last
    )


def _is_notice(notice: str) -> bool:
    if _NOTICE_PROPERTY.match(notice):
        return True
    words = _WORD.findall(notice)
    if len(words) < 2:
        return notice.lower().startswith(("copyright", "©", "(copyright"))
    strange = sum(word[0].islower() and word not in _NOTICE_WORDS for word in words)
    return bool(_DATED.search(notice)) and strange <= len(words) // 8


_Stage = Callable[[str], list[Edit]]
_STAGES: tuple[_Stage, ...] = (_characters, _entities, _tags, _lines, _notices)
