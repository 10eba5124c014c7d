"""What the formats have in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otclass.records.fields import bare_doi, bare_pmid, parts, plain, sound, year_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<jats:p>Effects of <i>AVP</i> &amp; OT, p &lt; 0.05</jats:p>", "Effects of AVP & OT, p < 0.05"),
        ("p < 0.05 and n > 3; a <c and b> d", "p < 0.05 and n > 3; a <c and b> d"),
        ("H<sub>2</sub>O<br/>Next", "H2O\nNext"),
        ("<h4>Aim</h4>To hum.", "Aim\nTo hum."),
        ("R&D, Q&A, x?a=1&notes=2&copy=3", "R&D, Q&A, x?a=1&notes=2&copy=3"),
        ("&beta;-endorphin &#956; &#x3b1; &#0; &#xD800;", "β-endorphin μ α \ufffd \ufffd"),
        (" One \n\n   two ", "One\ntwo"),
    ],
)
def test_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://doi.org/10.1000/ABC.1", "10.1000/abc.1"),
        ("doi:10.1000/x(1)2.", "10.1000/x(1)2"),
        ("10.1000/<x>", ""),
        ("none", ""),
    ],
)
def test_doi(text: str, expected: str) -> None:
    assert bare_doi(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("123", "123"),
        ("00123", "123"),
        ("123.0", "123"),
        ("PMID: 123; PMCID: PMC9", "123"),
        ("https://pubmed.ncbi.nlm.nih.gov/123/?x=1", "123"),
        ("https://pubmed.ncbi.nlm.nih.gov/123", "123"),
        ("2001-12345-001", ""),
        ("202001234567", ""),
        ("12.5", ""),
        ("0", ""),
        ("٣٤", ""),
        ("PMC123", ""),
        ("", ""),
    ],
)
def test_pmid(text: str, expected: str) -> None:
    assert bare_pmid(text) == expected


def test_year() -> None:
    assert [year_of(text) for text in ("2001", "2001 Mar-Apr", "12/31/1999", "c2015", "20011", "0", "")] == [
        2001,
        2001,
        1999,
        2015,
        None,
        None,
        None,
    ]


def test_parts() -> None:
    assert parts(" a; b;; c\nd ") == ("a", "b", "c", "d")
    assert parts("a, b; c", ";,") == ("a", "b", "c")
    assert parts("") == ()


@given(st.text(st.characters()))
def test_sound_text_can_be_written(text: str) -> None:
    sound(text).encode()


def test_sound_text_stays_as_it_is() -> None:
    assert sound("β\U0001f600") == "β\U0001f600"
    assert sound("\ud83d\ude00 \ud83d") == "\U0001f600 \ufffd"
