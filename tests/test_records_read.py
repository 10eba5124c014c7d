"""Files as a whole: recognition, compression, limits, lists of files."""

import gzip
import io
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_frames import FRAMES, lost_neighbours, read

from otclass.records import RecordError, RecordWarning, expand, read_records
from otclass.records.read import FORMATS
from otclass.records.source import MAX_RECORD

RIS = "TY  - JOUR\nTI  - One\nER  - \n"


def test_content_comes_before_the_name(tmp_path: Path) -> None:
    for name, (before, after) in FRAMES.items():
        path = tmp_path / "export.ris"
        path.write_text(before.rstrip(",\n") + "\n" + after if name != "json array" else before + after[2:])
        records = list(read_records(path))
        assert [record.title for record in records] == ["Before", "After"]
        assert {record.format for record in records} == {name.split()[0]}
        assert {record.source for record in records} == {str(path)}


def test_names_with_blanks_and_letters_of_other_scripts(tmp_path: Path) -> None:
    path = tmp_path / "my export (βeta) ü.ris.gz"
    path.write_bytes(gzip.compress(RIS.encode(), mtime=0))
    (record,) = read_records(path)
    assert (record.title, record.source) == ("One", str(path))


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(RIS.encode())))
    (record,) = read_records("-")
    assert (record.title, record.source) == ("One", "-")


def test_file_objects_are_left_open() -> None:
    for file in (io.BytesIO(RIS.encode()), io.StringIO(RIS)):
        assert [record.title for record in read_records(file)] == ["One"]
        assert not file.closed


class Slow(io.RawIOBase):
    """A pipe that gives three bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._data.read(min(3, len(buffer)))
        buffer[: len(data)] = data
        return len(data)


def test_pipes() -> None:
    assert [record.title for record in read_records(Slow(RIS.encode() * 2))] == ["One", "One"]
    assert [record.title for record in read_records(Slow(gzip.compress(RIS.encode() * 2, mtime=0)))] == [
        "One",
        "One",
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n\n", "empty"),
        (gzip.compress(b"", mtime=0), "empty"),
        (b"<!DOCTYPE html>\n<html><body>Your session has expired</body></html>", "web page"),
        (b"  <HTML><head>TY  - JOUR</head></HTML>", "web page"),
        (bytes(range(256)) * 20, "no text"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "xls"),
        (b"PK\x03\x04" + b"x" * 50, "ZIP"),
        (gzip.compress(gzip.compress(RIS.encode(), mtime=0), mtime=0), "twice"),
        (b"Dear all,\nplease find the references attached.\n", "no format of records"),
    ],
)
def test_what_is_no_export_says_what_to_do(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "export.ris"
    path.write_bytes(data)
    with pytest.raises(RecordError, match=message) as caught:
        list(read_records(path))
    assert str(caught.value).startswith(f"{path}: ")


def test_missing_files_folders_and_formats(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such file"):
        list(read_records(tmp_path / "missing.ris"))
    with pytest.raises(RecordError, match="folder"):
        list(read_records(tmp_path))
    with pytest.raises(RecordError, match="no format 'word'"):
        read_records(io.BytesIO(b"x"), format="word")


def test_the_wrong_format_given_is_reported() -> None:
    records, (error,) = read(RIS.encode(), "bibtex")
    assert not records
    assert "no record was found" in str(error)


def test_a_warning_by_default() -> None:
    with pytest.warns(RecordWarning, match=":4: text that belongs to no record"):
        assert len(list(read_records(io.StringIO(RIS + "what is this?\n" + RIS)))) == 2


def test_a_truncated_gzip_gives_what_can_be_read_first() -> None:
    text = "".join(
        f"TY  - JOUR\nTI  - T{number} {number * 7919 % 10007}\nER  - \n" for number in range(20_000)
    )
    data = gzip.compress(text.encode(), mtime=0)
    errors: list[RecordError] = []
    records = list(read_records(io.BytesIO(data[:-2_000]), on_error=errors.append))
    assert 18_000 < len(records) < 20_000
    assert "cut off" in str(errors[-1])
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 0xFF
    errors.clear()
    records = list(read_records(io.BytesIO(bytes(damaged)), on_error=errors.append))
    assert len(records) > 5_000
    assert "damaged" in str(errors[-1])


def test_gzip_bomb() -> None:
    bomb = gzip.compress(RIS.encode() + b"AB" * 60_000_000, 9, mtime=0)
    with pytest.raises(RecordError, match="200-fold"):
        list(read_records(io.BytesIO(bomb), on_error=lambda _: None))


class Endless(io.RawIOBase):
    """A beginning, one character for so many bytes, and an end."""

    def __init__(self, begin: bytes, size: int, end: bytes) -> None:
        self._parts: Iterator[bytes] = iter([begin, *[b"a" * 2**16] * (size // 2**16), end])

    def read(self, _: int = -1) -> bytes:
        return next(self._parts, b"")


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (RIS + "TY  - JOUR\nTI  - Two\nAB  - ", "\nER  - \n" + RIS),
        ("title,abstract\nOne,x\n", "\nOne,x\n"),
        ('title,abstract\nOne,x\nTwo,"', '"\nOne,x\n'),
        ('{"title": "One"}\n{"title": "', '"}\n{"title": "One"}\n'),
        ("PMID- 1\nTI  - One\n\nPMID- 2\nAB  - ", "\n\nPMID- 3\nTI  - One\n"),
        ('[{"title": "One"},\n{"title": "', '"},\n{"title": "One"}]\n'),
        (
            "<PubmedArticleSet><PubmedArticle><MedlineCitation><Article><ArticleTitle>One</ArticleTitle></Article>"
            "</MedlineCitation></PubmedArticle><PubmedArticle>",
            "</PubmedArticle><PubmedArticle><MedlineCitation><Article><ArticleTitle>One</ArticleTitle></Article>"
            "</MedlineCitation></PubmedArticle></PubmedArticleSet>",
        ),
    ],
)
def test_an_endless_line_costs_little_memory_and_no_neighbour(begin: str, end: str) -> None:
    """As a line of 2 GB would, 100 MB pass every limit."""
    errors: list[RecordError] = []
    tracemalloc.start()
    titles = [
        record.title
        for record in read_records(Endless(begin.encode(), 100_000_000, end.encode()), on_error=errors.append)
    ]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [title for title in titles if title == "One"] == ["One", "One"]
    assert f"{MAX_RECORD:,}" in str(errors[0])
    assert peak < 100_000_000


def test_a_record_without_end() -> None:
    text = (
        RIS
        + "TY  - JOUR\nTI  - Two\n"
        + ("AB  - " + "word " * 200 + "\n") * 9_000
        + RIS.replace("One", "Three")
    )
    records, (error,) = read(text.encode(), "ris")
    assert [record.title for record in records] == ["One", "Three"]
    assert error.line == 4


def test_memory_is_flat() -> None:
    class Repeated(io.RawIOBase):
        def __init__(self, count: int) -> None:
            self._left = count

        def read(self, _: int = -1) -> bytes:
            self._left -= 1
            return (
                f"TY  - JOUR\nTI  - T\nAB  - {'word ' * 200}\nER  - \n".encode() if self._left >= 0 else b""
            )

    peaks = []
    for count in (300, 10_000):
        tracemalloc.start()
        assert sum(1 for _ in read_records(Repeated(count))) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize("name", [*FORMATS, "json array"])
@settings(deadline=None)  # the first example imports the libraries
@given(
    data=st.one_of(
        st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
    )
)
def test_nothing_is_raised_but_record_errors(name: str, data: bytes) -> None:
    read(data, name)


def _pieces(name: str) -> st.SearchStrategy[bytes]:
    """Junk that is made of a format's own pieces."""
    text = "".join(FRAMES[name])
    cuts = st.tuples(st.integers(0, len(text)), st.integers(0, 40)).map(
        lambda cut: text[cut[0] : cut[0] + cut[1]]
    )
    marks = st.sampled_from(
        ['"', "{", "}", "[", "]", ",", "\n", "<", ">", "&", "@", "\\", "%", "\0", "\r", "\ufeff", "# "]
    )
    return st.lists(st.one_of(cuts, marks, st.text(max_size=5)), max_size=8).map(
        lambda parts: "".join(parts).encode("utf-8", "replace")
    )


@pytest.mark.parametrize("name", list(FRAMES))
@settings(deadline=None)
@given(data=st.data())
def test_no_junk_costs_a_neighbour(name: str, data: st.DataObject) -> None:
    junk = data.draw(st.one_of(_pieces(name), st.binary(max_size=60)))
    assert not lost_neighbours(junk, name)


@given(st.binary(max_size=200))
def test_damaged_gzip(data: bytes) -> None:
    read(b"\x1f\x8b" + data, "ris")
    whole = bytearray(gzip.compress(RIS.encode() * 3, mtime=0))
    for number, byte in enumerate(data[:8]):
        whole[(byte * 7 + number) % len(whole)] ^= byte
    read(bytes(whole), "ris")


def test_expand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "b.ris",
        "a.nbib",
        "sub/c.csv.gz",
        "sub/ü ber.XLSX",
        "notes.docx",
        ".hidden.ris",
        "x[1].bib",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)

    def names(*given: str | Path) -> list[str]:
        return [path.as_posix() for path in expand(given)]

    assert names(".") == ["a.nbib", "b.ris", "sub/c.csv.gz", "sub/ü ber.XLSX", "x[1].bib"]
    assert names("b.ris", "*.*", "-") == ["b.ris", "a.nbib", "notes.docx", "x[1].bib", "-"]
    assert names("x[1].bib") == ["x[1].bib"]
    assert names("**/*.gz", Path("sub")) == ["sub/c.csv.gz", "sub/ü ber.XLSX"]
    for missing, message in (("no.ris", "no such file"), ("*.zip", "matches no file")):
        with pytest.raises(RecordError, match=message):
            names(missing)
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecordError, match="no file that ends in"):
        names("empty")


def test_core_formats_need_no_other_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("lxml", "openpyxl", "pyarrow", "bibtexparser", "pandas"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, (before, after) in FRAMES.items():
            if name not in {"bibtex", "json array"}:
                assert len(list(read_records(io.StringIO(before + after)))) == 2
