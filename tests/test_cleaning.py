"""Pasted text comes down to title and abstract, and nothing else is lost.

`data/invented_abstracts.csv` holds abstracts invented for this project: the studies don't exist.
"""

# ruff: noqa: E501 (texts are long)

import csv
import os
import re
from itertools import pairwise
from pathlib import Path

import page_furniture
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_furniture import DEVELOPED, HELD_OUT, Layout

from otclass import cleaning
from otclass.cleaning import clean, clean_fields, clean_with_offsets

LAYOUTS = DEVELOPED + HELD_OUT
CORPUS = Path(os.environ.get("OTCLASS_CORPUS", Path(__file__).parents[2] / "shared" / "corpus"))
ABSTRACT = (
    "Intranasal oxytocin lowered cortisol in couples who had been in conflict. We found that copyright, privacy "
    "and cookies were not what they talked about; the effect was larger in women (p < .05)."
)
TITLE = "Oxytocin and the quarrels of couples: a randomised trial"


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def titled_abstracts(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [(row["title"] or "A study of something that has no title", row["abstract"]) for row in rows]


# A PDF leaves open which hyphens at line ends are the author's, and whether a line in title case below a title
# is its end or a name.
LEAST = {page_furniture.pdf: 0.92}
INVENTED = titled_abstracts(Path(__file__).parent / "data" / "invented_abstracts.csv")


def share_recovered(layout: Layout, papers: list[tuple[str, str]]) -> float:
    recovered = 0
    for seed, (title, abstract) in enumerate(papers):
        page = layout(title, abstract, seed)
        recovered += words(clean(page)) == words(clean(f"{title}\n{abstract}"))
    return recovered / len(papers)


# --- Pages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_page_yields_title_and_abstract(layout: Layout) -> None:
    assert share_recovered(layout, INVENTED) >= LEAST.get(layout, 1)


needs_corpus = pytest.mark.skipif(not (CORPUS / "test.csv").exists(), reason="the corpus is not here")


@needs_corpus
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_page_of_real_abstract(layout: Layout) -> None:
    assert share_recovered(layout, titled_abstracts(CORPUS / "test.csv")) >= LEAST.get(layout, 0.98)


NOTICE_OR_LABEL = re.compile(
    r"\s*\(?(?:copyright|crown|©|\(c\)|psyc ?info|published by|this article is|all rights|\[|\S{0,2} ?(?:19|20)\d\d|"
    r"abstract|summary|brief summary|official title|title)",
    re.I,
)


@needs_corpus
def test_real_abstract_loses_only_notice_and_label() -> None:
    for title, abstract in titled_abstracts(CORPUS / "test.csv"):
        text = f"{title}\n{abstract}"
        _, offsets = clean_with_offsets(text)
        kept = [-1, *offsets[:-1].tolist(), len(text)]
        gaps = [text[a + 1 : b] for a, b in pairwise(kept) if b > a + 1]
        lost = [gap for gap in gaps if words(gap)]
        assert all(NOTICE_OR_LABEL.match(gap) for gap in lost), lost


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_page_is_cleaned_once(layout: Layout) -> None:
    cleaned = clean(layout(*INVENTED[0], 0))
    assert clean(cleaned) == cleaned


def test_related_titles_and_references_go() -> None:
    cleaned = clean(page_furniture.pubmed(TITLE, ABSTRACT, 1))
    assert cleaned == f"{TITLE}\n{ABSTRACT}"


def test_page_without_abstract_keeps_its_text() -> None:
    page = f"Skip to main content\nLog in\n{TITLE}\nJane A. Doe, John B. Smith\nNo abstract available\nSimilar articles"
    assert TITLE in clean(page)


@pytest.mark.parametrize(
    "text", ["Log in", "Log in\nSearch\nCookie settings", "References\nKeywords", "© 2014 Elsevier"]
)
def test_nothing_but_furniture_is_kept(text: str) -> None:
    assert words(clean(text)) == words(text)


def test_page_that_hides_all_is_shown() -> None:
    assert clean(f"<aside>{ABSTRACT}</aside>") == ABSTRACT


def test_trial_registry_gives_summary_and_description() -> None:
    page = (
        f"ClinicalTrials.gov\nHome\n{TITLE}\nSponsor\nUniversity of Aldermoor\nBrief Summary\nThe purpose of this study "
        "is to see whether oxytocin helps people who have lost a partner.\nConditions\nGrief\nDetailed Description\n"
        "Participants will be assigned to oxytocin or placebo, and they will be followed for a year.\nEligibility Criteria\n"
        "Adults"
    )
    assert clean(page) == (
        f"{TITLE}\nThe purpose of this study is to see whether oxytocin helps people who have lost a partner. "
        "Participants will be assigned to oxytocin or placebo, and they will be followed for a year."
    )


# --- Abstracts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        ABSTRACT,
        f"{TITLE}\n{ABSTRACT}",
        "",
        " ",
        "oxytocin",
        "Oxytocin – β-endorphin “bond”; µ-opioid receptors (C), p<.05 & q>.1; R&D",
        "Levels were high<or =12 in (a), and (c) rose in 2013 among those who were tested.",
        "Copyright law affects the sharing of images.",
        "Three groups were formed: (a) oxytocin, (b) placebo, and (c) no spray in 2014.",
        "Abstract reasoning improved.",
    ],
)
def test_text_without_furniture_is_left_alone(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    "title", [TITLE, "Use of oxytocin in couples: a trial", "Language and grief in widows", ""]
)
def test_the_first_look_spares_only_what_a_closer_look_leaves(monkeypatch, title: str) -> None:
    texts = [f"{title}\n{abstract}" for _, abstract in INVENTED]
    quick = list(map(clean, texts))
    monkeypatch.setattr(cleaning, "first_look", None)
    monkeypatch.setattr(cleaning, "_is_title_and_abstract", lambda *_: False)
    assert quick == list(map(clean, texts))


NOTICE_PIECES = [
    "(c) 2014 ",
    "Copyright ",
    "© ",
    "All rights reserved. ",
    "Published by Elsevier. ",
    "wiley",
    "from author]",
    "published\0",
]
ODD_PIECES = [
    "\u200b",
    "\u2028",
    "\u202e",
    "\u2069",
    "\x85",
    "\xad",
    "\r",
    "\f",
    "ﬁ",
    "\ufeff",
    "–",
    "’",
    "Â",
    "\ud800",
]
MARKUP_PIECES = [
    "<",
    "<b>",
    "p < .05",
    "p<x",
    "&",
    "&amp;",
    "R&D",
    "&#38;",
    "[PsycINFO Database Record",
    "\n",
]


@given(
    st.lists(
        st.one_of(
            st.sampled_from(NOTICE_PIECES + ODD_PIECES + MARKUP_PIECES),
            st.text(max_size=8),
            st.just("Grief was eased by touch, and oxytocin rose in those who were held. " * 4),
        ),
        max_size=8,
    ).map("".join)
)
def test_the_first_look_overlooks_nothing(text: str) -> None:
    assert clean(text) == cleaning._run(text)[0]


def test_fields_are_cleaned_and_joined() -> None:
    assert clean_fields([("<b>Touch</b>", "Grief."), ("Alone",), ()]) == ["Touch\nGrief.", "Alone", ""]
    assert clean_fields([("a",), ("b",)]) == ["a", "b"]
    assert clean_fields([]) == []


@pytest.mark.parametrize("given", [None, b"grief", 3])
def test_what_is_no_text_is_refused(given: object) -> None:
    with pytest.raises(TypeError):
        clean(given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "label", ["Abstract: ", "ABSTRACT\t", "Brief Summary: ", "Official Title: ", "TI  - ", "n2 ", "AB\t- "]
)
@pytest.mark.parametrize("line", [0, 1])
def test_the_first_look_overlooks_no_label(label: str, line: int) -> None:
    lines = [TITLE, ABSTRACT * 2]
    lines[line] = label + lines[line]
    assert clean("\n".join(lines)) == cleaning._run("\n".join(lines))[0]


def test_sentences_on_lines_of_their_own_are_kept() -> None:
    sentences = [
        "The authors reported no difference between oxytocin and placebo.",
        "We obtained consent from the parents in terms of the protocol.",
        "This article reviews the privacy of couples.",
        "Children were given cookies and chose whom to share them with.",
        "Published studies show that grief passes.",
        "Trial registration: NCT01234567.",
    ]
    assert clean("\n".join([TITLE, *sentences])) == f"{TITLE}\n{' '.join(sentences)}"


def test_structured_abstract_keeps_headings_and_text() -> None:
    text = f"{TITLE}\n\nBackground\nGrief hurts.\n\nMethods\nWe asked forty widows how they were.\n\nResults\nThey were sad."
    assert (
        clean(text)
        == f"{TITLE}\nBackground Grief hurts. Methods We asked forty widows how they were. Results They were sad."
    )


@pytest.mark.parametrize("label", ["Abstract\n", "Abstract: ", "ABSTRACT\n\n", "Abstract"])
def test_label_of_abstract_goes(label: str) -> None:
    assert clean(f"{TITLE}\n{label}{ABSTRACT}") == f"{TITLE}\n{ABSTRACT}"


@pytest.mark.parametrize(
    "notice",
    [
        " Copyright",
        " © 2014 Elsevier Ltd. All rights reserved.",
        " (c) 2014 Elsevier",
        " Copyright (C) 2000 Elsevier Science Ireland Ltd.",
        " (copyright) 2011 Wiley",
        " This article is protected by copyright. All rights reserved.",
        " (PsycINFO Database Record (c) 2012 APA, all rights reserved)",
        " (PsycInfo Database Record (c) 2020 APA, all rights reserved).",
        " (PsycINFO Database Record",
        " D 2001 Elsevier Science Ltd. All rights reserved.",
        " Published in 2007 by John Wiley & Sons, Ltd.",
        " (c) 2021 The Authors. Published by Elsevier B.V. This is an open access article under the CC BY license "
        "(http://creativecommons.org/licenses/by/4.0/)",
        " Crown Copyright © 2012. Published by Elsevier Ltd. All rights reserved.",
    ],
)
def test_notice_at_the_end_goes(notice: str) -> None:
    assert clean(ABSTRACT + notice) == ABSTRACT
    assert clean(f"{TITLE}\n{ABSTRACT}{notice}") == f"{TITLE}\n{ABSTRACT}"


def test_psycinfo_notice_before_an_afterword_goes() -> None:
    text = f"{ABSTRACT} (PsycInfo Database Record (c) 2022 APA, all rights reserved) Impact Statement Talk helps."
    assert clean(text) == f"{ABSTRACT} Impact Statement Talk helps."


# --- Markup and characters -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("<p>CO<sub>2</sub> &amp; <i>oxytocin</i></p>", "CO2 & oxytocin"),
        ("&lt;jats:p&gt;Oxytocin&amp;nbsp;(&amp;#x3b2;)&lt;/jats:p&gt;", "Oxytocin (β)"),
        ("p &amp;amp;lt; .05", "p < .05"),
        ("p<a and b>c", "p<a and b>c"),
        ("<!-- a <b> --><![CDATA[touch]]>", "touch"),
        ("<script>if (a<b) {}</script>touch", "touch"),
        ("<script>touch", "touch"),
        ("ﬁve oﬃcers", "five officers"),
        ("oxy\u00adto\u200bcin", "oxytocin"),
        ("&unknown; &amp", "&unknown; &amp"),
    ],
)
def test_markup_is_undone(marked: str, plain: str) -> None:
    assert clean(marked) == plain


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("We gave oxy-\ntocin to men.", "We gave oxytocin to men."),
        ("We gave oxy\u00ad\ntocin to men.", "We gave oxytocin to men."),
        ("A double-\nblind trial.", "A double-blind trial."),
        ("A dose-\ndependent rise.", "A dose-dependent rise."),
        ("Scores pre-\nand post-test.", "Scores pre- and post-test."),
        ("The plasma-to-\ncreatinine ratio.", "The plasma-to-creatinine ratio."),
        ("Methadone helps the methadone-\nmaintained.", "Methadone helps the methadone-maintained."),
    ],
)
def test_hyphen_at_line_end(broken: str, whole: str) -> None:
    assert clean(broken) == whole


# --- Any text ------------------------------------------------------------------------------------------------

FRAGMENTS = (
    "Abstract|Background|Methods: |Results|Introduction|References|Similar articles|Keywords: a; b|Cited by 12|Title: |"
    "Abstract: |Brief Summary|Jane Doe, John Smith|We found that they were calm, and that it was good. |View PDF|\n|\n\n| |"
    '\r\n|\f|\u2028|<|i>|</i>|<p>|<a b="|&|amp;|lt;|&lt;|#38;|<!--|-->|<script>|</script>|<![CDATA[|]]>|\u00ad|\u200b|oxy-|'
    "tocin|double-|blind |(c) 2014 Elsevier. |Copyright|©|All rights reserved. |PsycINFO Database Record|ﬁ|2014|12|\x00|"
    "\ud800|😀|א|a|Z|.|,"
).split("|")
TEXTS = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8)), max_size=40).map("".join)
# What a character of the cleaned text may stand for: decoded, spelled out, or put between lines.
REPLACED = set("&ﬀﬁﬂﬃﬄﬅﬆ\u00ad<")


@given(TEXTS)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned


@given(TEXTS)
def test_offsets_lead_back(text: str) -> None:
    cleaned, offsets = clean_with_offsets(text)
    assert cleaned == clean(text)
    assert len(offsets) == len(cleaned) + 1
    assert (offsets[1:] >= offsets[:-1]).all()
    assert 0 <= offsets[0] <= offsets[-1] <= len(text)
    for character, offset in zip(cleaned, offsets, strict=False):
        assert text[offset] == character or text[offset] in REPLACED or character in " \n"


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_offsets_lead_back_into_a_page(layout: Layout) -> None:
    title, abstract = INVENTED[1]
    page = layout(title, abstract, 1)
    cleaned, offsets = clean_with_offsets(page)
    word = abstract.split()[-1]
    start = cleaned.index(word, len(cleaned.split("\n")[0]))
    assert page[offsets[start] : offsets[start + len(word) - 1] + 1] == word


def test_end_offset_is_the_end_of_what_was_kept() -> None:
    cleaned, offsets = clean_with_offsets(f"<p>{ABSTRACT} © 2014 Elsevier</p>")
    assert cleaned == ABSTRACT
    assert offsets[-1] == len("<p>") + len(ABSTRACT)


@pytest.mark.parametrize(
    "unit",
    [
        "<",
        "\n",
        "<a ",
        "<script>",
        "<!--",
        "&amp;",
        "<<i>i>",
        "© 2014 Elsevier. ",
        "a\n",
        "Abstract\n",
        "oxy-\n",
        "View\n",
    ],
)
def test_hostile_text_gets_an_answer(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
