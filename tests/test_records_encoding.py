"""Bytes to text."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otclass.records import read_records
from otclass.records.encoding import detect, legacy_encoding

TITLE = "Effects of β-endorphin and µ-opioid “signals” – naïve voles don’t mind"
RIS = f"TY  - JOUR\nTI  - {TITLE}\nER  - \n"


def title(data: bytes) -> str:
    (record,) = read_records(io.BytesIO(data))
    return record.title


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_greek_survives_in_unicode(encoding: str) -> None:
    assert title(RIS.encode(encoding)) == TITLE


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman"])
def test_older_encodings(encoding: str) -> None:
    text = RIS.replace("β", "beta")
    assert title(text.encode(encoding)) == TITLE.replace("β", "beta")


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman"])
def test_damage_far_into_a_file(encoding: str) -> None:
    text = "TY  - JOUR\nTI  - plain\nER  - \n" * 5000
    data = text.encode() + "TY  - JOUR\nTI  - Müller’s “naïve” café – β\nER  - \n".encode(encoding, "ignore")
    assert [record.title for record in read_records(io.BytesIO(data))][-1] == "Müller’s “naïve” café –"


def test_mixed_damage_spares_the_greek_letters() -> None:
    data = (
        "TY  - JOUR\nTI  - β and ".encode()
        + "“naïve” α".replace("α", "").encode("cp1252")
        + "α\nER  - \n".encode()
    )
    assert title(data) == "β and “naïve” α"


def test_text_files_are_read_as_they_are_opened() -> None:
    damaged = io.TextIOWrapper(io.BytesIO(RIS.encode()), "utf-8")
    assert next(read_records(damaged)).title == TITLE
    ascii_only = io.TextIOWrapper(io.BytesIO(RIS.encode()), "ascii", "surrogateescape")
    assert next(read_records(ascii_only)).title == TITLE


@given(st.text())
def test_utf8_is_never_taken_for_anything_else(text: str) -> None:
    data = text.encode("utf-8", "replace")
    assert legacy_encoding(data) is None


@given(st.binary())
def test_any_bytes_decode_to_text_that_can_be_written(data: bytes) -> None:
    encoding, errors = detect(data)
    data.decode(encoding, errors).encode()


def test_utf16_in_the_middle_of_a_file_is_junk_of_its_own() -> None:
    """Found by fuzzing: the whole file was taken for UTF-16."""
    junk = "TY  - JOUR\nTI  - x\n".encode("utf-16") * 5
    data = b"TY  - JOUR\nTI  - One\nER  - \n" + junk + b"\nTY  - JOUR\nTI  - Two\nER  - \n"
    found = [record.title for record in read_records(io.BytesIO(data), on_error=lambda _: None)]
    assert (found[0], found[-1]) == ("One", "Two")
