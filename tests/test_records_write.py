"""What goes in, out and in again is the same record; the texts are invented."""

import csv
import json
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otclass.domains import DOMAIN_KEYS
from otclass.records import read_records, write
from otclass.records.cells import neutralise, restore
from otclass.records.record import Record, RecordError, RecordWarning
from otclass.records.write import FORMATS, RecordWriter, fingerprint_of, write_records

ENDINGS = [".csv", ".tsv", ".xlsx", ".jsonl", ".parquet", ".ris", ".bib"]
ADDED = [
    "tags",
    "review",
    *(f"p_{key}" for key in DOMAIN_KEYS),
    "neuropeptide",
    "no_abstract",
    "duplicate_of",
]


class FakeTags(tuple[str, ...]):
    """A tagger's answer."""

    probabilities: dict[str, float]
    neuropeptide: float | None
    review: tuple[str, ...]

    def __new__(
        cls, *keys: str, neuropeptide: float | None = 0.75, review: tuple[str, ...] = ()
    ) -> "FakeTags":
        tags = super().__new__(cls, keys)
        tags.probabilities = {key: 0.9 if key in keys else 0.012345 for key in DOMAIN_KEYS}
        tags.neuropeptide = neuropeptide
        tags.review = review
        return tags


TAGS = FakeTags("stress_buffering", "grief", review=("therapy",))

MEDLINE = """\
PMID- 123
OWN - NLM
TI  - Oxytocin & the grief of voles: β-endorphin, 5% of {cases}
      and a second line.
PG  - 123-9
LID - 10.9999/Voles.1 [doi]
AB  - Voles grieve. We gave them oxytocin (p < 0.05) -- "all" of them; it helped.
FAU - Vole, Anna
AU  - Vole A
FAU - Müller-Maus, Ümit
AU  - Muller-Maus U
LA  - eng
PT  - Journal Article
DP  - 2021 Mar
TA  - J Voles
JT  - Journal of Voles
VI  - 3
IP  - 4
MH  - *Oxytocin/pharmacology
MH  - Animals
OT  - pair bond
SO  - J Voles. 2021 Mar;3(4):123-9.

PMID- 124
TI  - A title without an abstract
DP  - 2020
TA  - J Voles
SO  - J Voles. 2020.

"""
RIS = """\
TY  - JOUR
A1  - Vole, Anna
A1  - Müller-Maus, Ümit
T1  - Oxytocin & the grief of voles: β-endorphin
T2  - Journal of Voles
PY  - 2021/03/01
N2  - Voles grieve.
SP  - 123
EP  - 129
KW  - pair bond
KW  - loss
N1  - read twice
DO  - 10.9999/Voles.1
ZZ  - of our own
ER  -\x20

TY  - BOOK
TI  - Another vole
ER  -\x20

"""
BIBTEX = r"""@article{vole2021,
  author = {Vole, Anna and M{\"u}ller-Maus, {\"U}mit},
  title = {Oxytocin \& the grief of voles: $\beta$-endorphin},
  journal = {Journal of Voles},
  year = {2021},
  pages = {123--129},
  doi = {10.9999/Voles.1},
  abstract = {Voles grieve; 5\% of them.},
  keywords = {pair bond, loss},
  annote = {read twice},
}

@book{vole2020,
  title = {Another vole},
}
"""
CSV = """\
id,Title,Abstract Note,Author,Publication Year,Publication Title,DOI,Manual Tags,decision
1,"Oxytocin, and the grief of voles","Voles grieve.
=2+5 of them","Vole, Anna; Müller-Maus, Ümit",2021,Journal of Voles,10.9999/voles.1,pair bond; loss,include
-2,Another vole,"",,,,,,=HYPERLINK("http://x")
"""
ENDNOTE = """\
%0 Journal Article
%A Vole, Anna
%T Oxytocin and the grief of voles
%J Journal of Voles
%D 2021
%V 3
%N 4
%P 123-129
%R 10.9999/voles.1
%K pair bond
%X Voles grieve.

"""
JSON = json.dumps(
    [
        {
            "type": "article-journal",
            "title": "Oxytocin and the grief of voles: β-endorphin",
            "author": [{"family": "Vole", "given": "Anna"}],
            "issued": {"date-parts": [[2021, 3]]},
            "container-title": "Journal of Voles",
            "DOI": "10.9999/voles.1",
            "abstract": "Voles grieve.",
            "volume": "3",
        },
        {"title": "Another vole", "note": None},
    ],
    ensure_ascii=False,
)
OVID = """\
<1. >
VN  - Ovid Technologies
DB  - Ovid MEDLINE(R)
UI  - 123
FA  - Vole, Anna
TI  - Oxytocin and the grief of voles
SO  - Journal of Voles. 3(4):123-129, 2021 Mar.
VI  - 3
PG  - 123-129
MH  - *Oxytocin
KW  - pair bond; loss
IN  - (Vole) Burrow, Here
      (Vole) Burrow, There
AB  - BACKGROUND: Voles grieve.
Result(s): They do.
DO  - 10.9999/voles.1
"""
COCHRANE = """\
Record #1 of 1
ID: CN-00000001
AU: Vole A
TI: Oxytocin and the grief of voles
SO: Journal of Voles
YR: 2021
PM: PUBMED 123
KY: pair bond; loss
DOI: 10.9999/voles.1
AB: Voles grieve.
"""
ENDNOTE_XML = """<xml><records><record><source-app name="EndNote">EndNote</source-app>
<ref-type name="Journal Article">17</ref-type>
<contributors><authors><author><style>Vole, Anna</style></author></authors></contributors>
<titles><title><style>Oxytocin and the grief of voles</style></title></titles>
<periodical><full-title>Journal of Voles</full-title></periodical><pages>123-129</pages>
<keywords><keyword>pair bond</keyword><keyword>loss</keyword></keywords><dates><year>2021</year></dates>
<abstract>Voles grieve.</abstract><notes>read twice</notes>
<electronic-resource-num>10.9999/voles.1</electronic-resource-num></record></records></xml>
"""
INPUTS = {"a.nbib": MEDLINE, "a.ris": RIS, "a.bib": BIBTEX, "a.csv": CSV, "a.enw": ENDNOTE, "a.json": JSON}
INPUTS |= {"a.ovd": OVID, "a.txt": COCHRANE, "a.xml": ENDNOTE_XML}


def put(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text(INPUTS[name], encoding="utf-8")
    return path


def essence(record: Record, *, mesh: bool = True) -> dict[str, object]:
    """What a record says, whatever its format. RIS has keywords but no MeSH headings."""
    words = [word for word in record.keywords if not added(word)]
    return {
        "title": record.title,
        "abstract": record.abstract,
        "authors": record.authors,
        "year": record.year,
        "journal": record.journal,
        "doi": record.doi,
        "pmid": record.pmid,
        "words": [words, list(record.mesh)] if mesh else words + list(record.mesh),
    }


def added(keyword: str) -> bool:
    return keyword.startswith("otclass:") or keyword in TAGS


def leaves(item: object) -> Iterator[str]:
    """All texts in nested lists and mappings."""
    if isinstance(item, dict):
        for part in item.values():
            yield from leaves(part)
    elif isinstance(item, list | tuple):
        for part in item:
            yield from leaves(part)
    else:
        yield str(item)


def rows_of(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


class TestRoundTrip:
    @pytest.mark.parametrize("name", INPUTS)
    @pytest.mark.parametrize("ending", ENDINGS)
    def test_every_pair_of_formats(self, tmp_path: Path, name: str, ending: str) -> None:
        records = list(read_records(put(tmp_path, name)))
        output = tmp_path / f"tagged{ending}"
        assert write_records([(record, TAGS) for record in records], output) == len(records)
        again = list(read_records(output))
        mesh = ending != ".ris"
        assert [essence(record, mesh=mesh) for record in again] == [
            essence(record, mesh=mesh) for record in records
        ]

    @pytest.mark.parametrize("name", INPUTS)
    @pytest.mark.parametrize("ending", ENDINGS)
    def test_a_second_run_replaces_the_first(self, tmp_path: Path, name: str, ending: str) -> None:
        first, second = tmp_path / f"first{ending}", tmp_path / f"second{ending}"
        write_records(
            [(record, FakeTags("synchrony")) for record in read_records(put(tmp_path, name))], first
        )
        once = list(read_records(first))
        write_records([(record, TAGS) for record in once], second)
        write_records([(record, TAGS) for record in read_records(second)], first)
        assert list(map(essence, read_records(first))) == list(map(essence, read_records(second)))
        assert "synchrony" not in " ".join(str(record.keywords) for record in read_records(second))

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_tags_are_no_keywords_of_the_paper(self, tmp_path: Path, ending: str) -> None:
        output = tmp_path / f"tagged{ending}"
        write_records([(record, TAGS) for record in read_records(put(tmp_path, "a.ris"))], output)
        assert [record.keywords for record in read_records(output)] == [("pair bond", "loss"), ()]

    @pytest.mark.parametrize("name", INPUTS)
    @pytest.mark.parametrize("ending", ENDINGS)
    def test_a_second_run_in_another_format_replaces_the_first(
        self, tmp_path: Path, name: str, ending: str
    ) -> None:
        first = tmp_path / f"first{ending}"
        write_records(
            [(record, FakeTags("synchrony")) for record in read_records(put(tmp_path, name))], first
        )
        once = list(read_records(first))
        for other in ENDINGS:
            second = tmp_path / f"second{other}"
            write_records([(record, TAGS) for record in once], second)
            texts = [text for record in read_records(second) for text in leaves(record.raw)]
            found = [text for text in texts if "synchrony" in text]
            assert not [text for text in found if "synchrony 0.01" not in text or text.count("otclass:") > 1]

    def test_marks_that_went_through_other_programs(self, tmp_path: Path) -> None:
        """EndNote joins keywords and notes, a line each; Zotero wraps notes in HTML."""
        note = "otclass: grief 0.10, synchrony 0.90; neuropeptide 0.75"
        inputs = {
            "zotero.ris": "TY  - JOUR\nTI  - A vole\nKW  - wool\nKW  - otclass:synchrony\n"
            f"N1  - <p>{note}</p>\nN1  - read twice\nER  - \n",
            "endnote.ris": "TY  - JOUR\nTI  - A vole\nKW  - wool\notclass:synchrony\nfelt\n"
            f"N1  - read twice\n{note}\nER  - \n",
            "endnote.enw": "%0 Journal Article\n%T A vole\n%K wool\notclass:synchrony\nfelt\n"
            f"%Z read twice\n{note}\n",
            "endnote.xml": "<xml><records><record><ref-type>17</ref-type><titles><title>A vole</title>"
            "</titles><keywords><keyword>wool</keyword><keyword>otclass:synchrony</keyword></keywords>"
            f"<notes>read twice&#xD;{note}</notes></record></records></xml>",
            "zotero.csv": "Title,Manual Tags,Notes\n"
            f'A vole,wool; otclass:synchrony,"<p>{note}</p><p>read twice</p>"\n',
        }
        for name, text in inputs.items():
            path = tmp_path / name
            path.write_text(text)
            (record,) = read_records(path)
            assert set(record.keywords) <= {"wool", "felt"}
            for ending in (".ris", ".bib", ".csv")[: 2 if name.endswith(".csv") else 3]:
                output = tmp_path / f"tagged{ending}"
                write_records([(record, TAGS)], output)
                again = output.read_text(encoding="utf-8")
                assert "otclass:synchrony" not in again
                assert "synchrony 0.90" not in again
                assert "read twice" in again
                assert next(read_records(output)).keywords == record.keywords

    def test_ris_comes_back_as_it_was(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.ris"
        write_records([(record, TAGS) for record in read_records(put(tmp_path, "a.ris"))], output)
        first, second = output.read_text(encoding="utf-8").split("ER  - \n\n")[:2]
        original, _ = RIS.split("ER  - \n\n")[:2]
        assert first.startswith(original)
        assert first[len(original) :].splitlines() == [
            "KW  - otclass:stress_buffering",
            "KW  - otclass:grief",
            "N1  - otclass: stress_buffering 0.90, emotion_recognition 0.01, synchrony 0.01, "
            "social_touch 0.01, grief 0.90, opioid_interaction 0.01, therapy 0.01; review: therapy; "
            "neuropeptide 0.75",
        ]
        assert second.startswith("TY  - BOOK\nTI  - Another vole\nKW  - otclass:stress_buffering\n")
        assert second.endswith("neuropeptide 0.75; no abstract\n")

    def test_bibtex_comes_back_as_it_was(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.bib"
        records = list(read_records(put(tmp_path, "a.bib")))
        write_records([(record, TAGS) for record in records], output)
        for before, after in zip(records, read_records(output), strict=True):
            kept = {name: value for name, value in after.raw.items() if name not in ("keywords", "annote")}
            assert kept == {
                name: value for name, value in before.raw.items() if name not in ("keywords", "annote")
            }
        text = output.read_text(encoding="utf-8")
        assert r"keywords = {pair bond, loss, otclass:stress\_buffering, otclass:grief}" in text
        assert "annote = {read twice\notclass: stress" in text.replace("\\_", "_")

    @pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx", ".parquet"])
    def test_table_comes_back_as_it_was(self, tmp_path: Path, ending: str) -> None:
        records = list(read_records(put(tmp_path, "a.csv")))
        output = tmp_path / f"tagged{ending}"
        write_records([(record, TAGS) for record in records], output)
        again = [
            {name: value or "" for name, value in record.raw.items() if name not in ADDED}
            for record in read_records(output)
        ]
        assert again == [dict(record.raw) for record in records]

    def test_json_comes_back_as_it_was(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.jsonl"
        write_records([(record, TAGS) for record in read_records(put(tmp_path, "a.json"))], output)
        items = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
        assert items[0].pop("otclass") == {
            "tags": ["stress_buffering", "grief"],
            "review": ["therapy"],
            "probabilities": {key: 0.9 if key in TAGS else 0.0123 for key in DOMAIN_KEYS},
            "neuropeptide": 0.75,
            "no_abstract": False,
            "duplicate_of": "",
        }
        assert items[1].pop("otclass")["no_abstract"] is True
        assert items == json.loads(JSON)

    def test_medline_to_ris(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.ris"
        write_records([(record, TAGS) for record in read_records(put(tmp_path, "a.nbib"))], output)
        lines = output.read_text(encoding="utf-8").split("ER  - ")[0].splitlines()
        for line in (
            "TY  - JOUR",
            "AU  - Müller-Maus, Ümit",
            "T2  - Journal of Voles",
            "PY  - 2021",
            "VL  - 3",
            "IS  - 4",
            "SP  - 123",
            "EP  - 129",
            "DO  - 10.9999/voles.1",
            "LA  - eng",
            "M3  - Journal Article",
            "DB  - PubMed",
            "AN  - 123",
            "KW  - pair bond",
            "KW  - Oxytocin/pharmacology",
        ):
            assert line in lines
        assert not any("NLM" in line for line in lines)

    @pytest.mark.parametrize("ending", [".ris", ".bib"])
    def test_columns_without_a_counterpart_are_carried(self, tmp_path: Path, ending: str) -> None:
        output = tmp_path / f"tagged{ending}"
        write_records([(record, TAGS) for record in read_records(put(tmp_path, "a.csv"))], output)
        carried = {".ris": "N1  - decision: include", ".bib": "table-decision = {include}"}
        assert carried[ending] in output.read_text(encoding="utf-8")

    @pytest.mark.parametrize("name", ["a.ris", "a.bib"])
    def test_marks_of_an_earlier_run_are_no_columns(self, tmp_path: Path, name: str) -> None:
        first, second = tmp_path / f"first{name[1:]}", tmp_path / "second.csv"
        write_records(
            [(record, FakeTags("synchrony")) for record in read_records(put(tmp_path, name))], first
        )
        write_records([(record, FakeTags("grief")) for record in read_records(first)], second)
        text = second.read_text(encoding="utf-8")
        assert "otclass:" not in text
        assert [row["tags"] for row in rows_of(second)] == ["grief", "grief"]

    def test_ris_fields_in_a_table(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.csv"
        write_records([(record, TAGS) for record in read_records(put(tmp_path, "a.ris"))], output)
        row = rows_of(output)[0]
        assert (row["title"], row["pages"]) == ("Oxytocin & the grief of voles: β-endorphin", "123-129")
        assert (row["ris:ZZ"], row["ris:N1"], row["ris:TY"]) == ("of our own", "read twice", "JOUR")

    def test_typed_cells_of_parquet(self, tmp_path: Path) -> None:
        pa = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        table = {"title": ["A vole", "Two voles"], "n": [3, None], "weight": [1.5, 2], "read": [True, None]}
        parquet.write_table(pa.table(table | {"mixed": ["1", None]}), tmp_path / "a.parquet")
        output = tmp_path / "tagged.parquet"
        write_records([(record, TAGS) for record in read_records(tmp_path / "a.parquet")], output)
        back = parquet.read_table(output)
        assert back.select([*table, "mixed"]).to_pydict() == table | {"mixed": ["1", None]}
        assert str(back.schema.field("p_grief").type) == "double"
        assert back.column("no_abstract").to_pylist() == [True, True]


# Characters that any text file can hold, and that readers do not take for layout.
WORDS = st.text(
    st.characters(
        codec="utf-8",
        exclude_categories=("Cc", "Cs", "Cn", "Zs", "Zl", "Zp", "Cf"),
        exclude_characters="<&\ufffe",
    ),
    min_size=1,
    max_size=12,
)
TEXTS = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)
NAMES = st.from_regex(r"[A-ZÄÖÜ][a-zäöü]{1,8}, [A-Z][a-z]{1,8}", fullmatch=True)
RECORDS = st.builds(
    Record,
    title=TEXTS,
    abstract=TEXTS,
    authors=st.lists(NAMES, max_size=3, unique=True).map(tuple),
    keywords=st.lists(
        st.from_regex(r"[a-zα-ω][a-zα-ω -]{0,8}[a-zα-ω]", fullmatch=True), max_size=3, unique=True
    ).map(tuple),
    year=st.none() | st.integers(1900, 2030),
    doi=st.just("") | st.from_regex(r"10\.[1-9][0-9]{3}/[a-z0-9]{1,8}", fullmatch=True),
    pmid=st.just("") | st.integers(1, 99_999_999).map(str),
    format=st.just("medline"),
)
relaxed = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class TestAnyText:
    @pytest.mark.parametrize("ending", ENDINGS)
    @relaxed
    @given(records=st.lists(RECORDS, min_size=1, max_size=4))
    def test_record(self, tmp_path: Path, ending: str, records: list[Record]) -> None:
        output = tmp_path / f"tagged{ending}"
        write_records([(record, TAGS) for record in records], output)
        assert list(map(essence, read_records(output))) == list(map(essence, records))

    @pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet"])
    @relaxed
    @given(
        cells=st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0\r\ufeff")), min_size=3, max_size=3
        )
    )
    def test_cells(self, tmp_path: Path, ending: str, cells: list[str]) -> None:
        """Cells come back letter by letter, formulas included."""
        raw = dict(zip(["title", "b", "=c"], ["T" + cells[0], *cells[1:]], strict=True))
        output = tmp_path / f"tagged{ending}"
        write_records([(Record(title=raw["title"], raw=raw, format="table"), TAGS)], output)
        (again,) = read_records(output)
        assert {name: again.raw[name] for name in raw} == raw

    @pytest.mark.parametrize("ending", [".csv", ".tsv"])
    @relaxed
    @given(cells=st.lists(st.text("a,;\t\n\r\"'=") | TEXTS, min_size=3, max_size=3))
    def test_cells_as_other_programs_read_them(self, tmp_path: Path, ending: str, cells: list[str]) -> None:
        output = tmp_path / f"tagged{ending}"
        raw = dict(zip(["title", "b", "c"], cells, strict=True))
        write_records([(Record(raw=raw, format="table"), TAGS)], output)
        with output.open(encoding="utf-8-sig", newline="") as file:
            _, row = csv.reader(file, delimiter="," if ending == ".csv" else "\t", strict=True)
        assert row[:3] == list(map(neutralise, cells))

    @relaxed
    @given(values=st.lists(st.tuples(st.sampled_from(["TI", "AB", "N1", "KW", "ZZ"]), TEXTS), max_size=6))
    def test_ris_fields(self, tmp_path: Path, values: list[tuple[str, str]]) -> None:
        fields = [("TY", "JOUR"), ("TI", "A vole"), *values]
        output = tmp_path / "tagged.ris"
        write_records([(Record(raw={"fields": fields}, format="ris"), TAGS)], output)
        (again,) = read_records(output)
        assert again.raw["fields"][: len(fields)] == fields

    def test_paragraphs_of_ris(self, tmp_path: Path) -> None:
        fields = [("TY", "JOUR"), ("TI", "A vole"), ("AB", "First.\nSecond.\nER  - \nTY  - third")]
        output = tmp_path / "tagged.ris"
        write_records([(Record(raw={"fields": fields}, format="ris"), TAGS)], output)
        (again,) = read_records(output)
        assert again.raw["fields"][:3] == [*fields[:2], ("AB", "First.\nSecond. ER  - TY  - third")]

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_half_a_surrogate_pair_does_not_stop_the_rest(self, tmp_path: Path, ending: str) -> None:
        output = tmp_path / f"tagged{ending}"
        records = [
            Record(title="half \ud800 a pair", format="medline"),
            Record(title="whole", format="medline"),
        ]
        write_records([(record, TAGS) for record in records], output)
        assert [record.title[:5] for record in read_records(output)] == ["half ", "whole"]


class TestCells:
    @pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "-", "'=1", "''@x"])
    def test_formulas(self, text: str) -> None:
        assert neutralise(text) == "'" + text

    @pytest.mark.parametrize("text", ["", "a=1", "-0.5", "+3", "-1e-5", "-1,5", "'tis", "' =1", "'"])
    def test_others_stay(self, text: str) -> None:
        assert neutralise(text) == text

    @given(st.text("=+-@\t\r'a1.") | st.text())
    def test_inverse(self, text: str) -> None:
        assert restore(neutralise(text)) == text
        assert neutralise(text)[:1] not in tuple("=@\t\r")

    @pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx"])
    def test_in_files(self, tmp_path: Path, ending: str) -> None:
        raw = {"title": "=cmd|' /C calc'!A0", "@column": "+1+1", "n": "-3"}
        output = tmp_path / f"tagged{ending}"
        write_records([(Record(raw=raw, format="table"), TAGS, "=1")], output)
        if ending == ".xlsx":
            openpyxl = pytest.importorskip("openpyxl")
            header, row = openpyxl.load_workbook(output).active.iter_rows()
            assert all(cell.data_type != "f" for cell in (*header, *row))
            names, cells = [cell.value for cell in header], [cell.value for cell in row]
        else:
            text = output.read_text(encoding="utf-8-sig")
            names, cells = csv.reader(text.splitlines(), delimiter="," if ending == ".csv" else "\t")
        assert names[:3] == ["title", "'@column", "n"]
        assert cells[:3] == ["'=cmd|' /C calc'!A0", "'+1+1", "-3"]
        assert cells[-1] == "'=1"


class TestColumns:
    def test_added_columns(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.csv"
        record = Record(title="A vole", raw={"title": "A vole"}, format="table")
        write_records([(record, FakeTags("grief", neuropeptide=None), "a.ris:7")], output)
        assert output.read_text(encoding="utf-8").startswith("\ufefftitle,tags,review,p_stress_buffering,")
        assert rows_of(output) == [
            {
                "title": "A vole",
                "tags": "grief",
                "review": "",
                **{f"p_{key}": "0.9" if key == "grief" else "0.0123" for key in DOMAIN_KEYS},
                "neuropeptide": "",
                "no_abstract": "True",
                "duplicate_of": "a.ris:7",
            }
        ]

    def test_collision(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.csv"
        raw = {"title": "A vole", "tags": "mine", "tags (input)": "too"}
        write_records([(Record(title="A vole", raw=raw, format="table"), TAGS)], output)
        row = rows_of(output)[0]
        assert row["tags"] == "stress_buffering;grief"
        assert {row["tags (input)"], row["tags (input) (input)"]} == {"mine", "too"}

    def test_columns_of_an_earlier_run_are_replaced(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.csv"
        write_records(
            [(Record(title="A vole", raw={"title": "A vole"}, format="table"), FakeTags("therapy"))], output
        )
        write_records([(record, TAGS) for record in read_records(output)], output)
        with output.open(encoding="utf-8-sig", newline="") as file:
            assert next(csv.reader(file)) == ["title", *ADDED]
        assert rows_of(output)[0]["tags"] == "stress_buffering;grief"

    @pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet"])
    def test_files_of_several_tools_share_columns(self, tmp_path: Path, ending: str) -> None:
        scopus = (
            "Authors,Article Title,Year,Abstract,DOI,Cited by\nVole A,A third vole,2020,Text.,10.9999/x,7\n"
        )
        files = [put(tmp_path, "a.csv"), put(tmp_path, "a.nbib"), tmp_path / "scopus.csv"]
        files[2].write_text(scopus)
        for order in (files, files[::-1], [files[1], files[0], files[2]]):
            records = [record for file in order for record in read_records(file)]
            output = tmp_path / f"tagged{ending}"
            write_records([(record, TAGS) for record in records], output)
            again = list(read_records(output))
            assert list(map(essence, again)) == list(map(essence, records))
            names = list(again[0].raw)
            (title,) = [name for name in names if name.lower() in ("title", "article title")]
            assert [record.raw[title] for record in again] == [record.title for record in records]
            row = next(record.raw for record in again if record.doi == "10.9999/x")
            assert str(row["Cited by"]) == "7"

    @pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx", ".parquet"])
    def test_columns_that_come_late(self, tmp_path: Path, ending: str) -> None:
        output = tmp_path / f"tagged{ending}"
        records = [
            Record(title="A", raw={"Title": "A", "x": "1"}, format="table"),
            Record(title="B", raw={"Title": "B", "x": "2", "y": "late"}, format="table"),
            Record(title="C", abstract="c", raw={"fields": [("TI", "C"), ("ZZ", "z")]}, format="ris"),
            Record(title="D", raw={"Title": "D", "x": "4"}, format="table"),
        ]
        write_records([(record, TAGS) for record in records], output)
        rows = [record.raw for record in read_records(output)]
        assert [row["Title"] for row in rows] == ["A", "B", "C", "D"]
        assert [row["y"] or "" for row in rows] == ["", "late", "", ""]
        assert [row["ris:ZZ"] or "" for row in rows] == ["", "", "z", ""]
        assert [row["abstract"] or "" for row in rows] == ["", "", "c", ""]
        assert list(rows[0])[-len(ADDED) :] == ADDED
        assert [str(row["p_grief"]) for row in rows] == ["0.9"] * 4

    def test_types_that_disagree(self, tmp_path: Path) -> None:
        parquet = pytest.importorskip("pyarrow.parquet")
        output = tmp_path / "tagged.parquet"
        cells = ["1", 2, 2.5, None, True]
        records = [Record(raw={"title": "A", "x": cell}, format="parquet") for cell in cells]
        write_records([(record, TAGS) for record in records], output)
        assert parquet.read_table(output).column("x").to_pylist() == ["1", "2", "2.5", None, "True"]

    @pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx", ".jsonl", ".parquet", ".ris", ".bib"])
    def test_no_records(self, tmp_path: Path, ending: str) -> None:
        output = tmp_path / f"tagged{ending}"
        assert write_records([], output) == 0
        assert output.exists()
        if ending == ".csv":
            assert output.read_text(encoding="utf-8-sig").startswith("title,abstract,authors,")

    def test_no_tags(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.ris"
        write_records([(Record(title="A vole", format="medline"), FakeTags())], output)
        assert "KW" not in output.read_text()


class TestXlsx:
    def test_control_characters_are_left_out(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.xlsx"
        write_records([(Record(raw={"title": "A\x0b vole\x00"}, format="table"), TAGS)], output)
        assert next(iter(read_records(output))).title == "A vole"

    def test_long_cells_are_cut_and_told_of(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.xlsx"
        record = Record(raw={"title": "A vole", "abstract": "x" * 40_000}, format="table")
        with pytest.warns(RecordWarning, match=r"1 cells were cut to the 32,767 characters"):
            write_records([(record, TAGS)], output)
        assert len(next(iter(read_records(output))).abstract) == 32_767

    def test_too_many_columns(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.xlsx"
        record = Record(raw={f"c{i}": "" for i in range(16_384)}, format="table")
        with pytest.raises(RecordError, match=r"row 2 with 16,396 columns does not fit.*\.parquet"):
            write_records([(record, TAGS)], output)
        assert not output.exists()

    def test_too_many_rows(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(write, "XLSX_ROWS", 3)
        write_records([(record, TAGS) for record in some(2)], tmp_path / "two.xlsx")
        with pytest.raises(RecordError, match="row 4 with"):
            write_records([(record, TAGS) for record in some(3)], tmp_path / "three.xlsx")

    @pytest.mark.parametrize(("ending", "library"), [(".xlsx", "openpyxl"), (".parquet", "pyarrow")])
    def test_library_lacking(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, library: str
    ) -> None:
        monkeypatch.setattr(write, "find_spec", lambda name: None if name == library else name)
        with pytest.raises(RecordError, match=rf"needs {library}, which is not installed: pip install"):
            RecordWriter(tmp_path / f"tagged{ending}")
        assert list(tmp_path.iterdir()) == []


class TestBibtex:
    def test_keys_are_unique(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.bib"
        entry = Record(title="A", raw={"ENTRYTYPE": "misc", "ID": "vole", "title": "A"}, format="bibtex")
        medline = Record(title="B", pmid="7", format="medline")
        write_records([(entry, TAGS), (entry, TAGS), (medline, TAGS), (Record(title="C"), TAGS)], output)
        starts = [line for line in output.read_text().splitlines() if line.startswith("@")]
        assert starts == ["@misc{vole,", "@misc{vole-2,", "@article{pmid7,", "@article{record4,"]

    def test_braces_that_do_not_pair(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.bib"
        raws = [
            {"ENTRYTYPE": "misc", "ID": str(i), "title": text}
            for i, text in enumerate(["a } b {", "{{a}", "{a}"])
        ]
        write_records([(Record(raw=raw, format="bibtex"), TAGS) for raw in raws], output)
        assert [record.raw["title"] for record in read_records(output)] == ["a  b ", "a", "{a}"]

    def test_group_author_is_one_author(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.bib"
        names = ("Society for Voles and Mice", "Vole, Anna")
        write_records([(Record(title="A vole", authors=names, format="medline"), TAGS)], output)
        assert "author = {{Society for Voles and Mice} and Vole, Anna}" in output.read_text()


def some(count: int) -> Iterator[Record]:
    """RIS records, the 30th of which brings a new field."""
    for number in range(count):
        fields = [("TY", "JOUR"), ("TI", f"Vole {number} α"), ("AB", "Voles grieve.")]
        if number >= 30:
            fields.append(("ZZ", "late"))
        yield Record(
            title=f"Vole {number} α",
            abstract="Voles grieve.",
            pmid=str(number + 1),
            raw={"fields": fields},
            format="ris",
        )


class TestWholeOrAbsent:
    @pytest.mark.parametrize("ending", ENDINGS)
    def test_interrupted(self, tmp_path: Path, ending: str) -> None:
        def items() -> Iterator[tuple[Record, FakeTags]]:
            yield next(some(1)), TAGS
            raise KeyboardInterrupt

        output = tmp_path / f"tagged{ending}"
        with pytest.raises(KeyboardInterrupt):
            write_records(items(), output)
        assert not output.exists()
        output.write_text("old")
        with pytest.raises(KeyboardInterrupt):
            write_records(items(), output)
        assert output.read_text() == "old"

    def test_nothing_is_left_behind(self, tmp_path: Path) -> None:
        for ending in ENDINGS:
            write_records([(record, TAGS) for record in some(40)], tmp_path / f"tagged{ending}")
        assert sorted(path.suffix for path in tmp_path.iterdir()) == sorted(ENDINGS)

    def test_stopped_before_the_first_record(self, tmp_path: Path) -> None:
        with pytest.raises(ZeroDivisionError), RecordWriter(tmp_path / "tagged.csv"):
            _ = 1 // 0
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("ending", [".nbib", ".doc", ""])
    def test_unknown_ending(self, tmp_path: Path, ending: str) -> None:
        with pytest.raises(RecordError, match=r"names no output format; use one of \.csv"):
            write_records([], tmp_path / f"tagged{ending}")

    def test_format_given(self, tmp_path: Path) -> None:
        write_records([(record, TAGS) for record in some(1)], tmp_path / "tagged.txt", format="ris")
        assert (tmp_path / "tagged.txt").read_text(encoding="utf-8").startswith("TY  - JOUR")
        with pytest.raises(RecordError, match="unknown output format 'doc'"):
            write_records([], tmp_path / "tagged.txt", format="doc")

    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(RecordError, match=r"absent.tagged\.csv: cannot be written \(No such file"):
            write_records([], tmp_path / "absent" / "tagged.csv")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is played by /dev/full")
    def test_disk_full(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.csv"
        (tmp_path / "tagged.csv.part").symlink_to("/dev/full")
        with pytest.raises(RecordError, match="No space left"):
            write_records([(record, TAGS) for record in some(1_000)], output)
        assert not output.exists()

    def test_names_with_blanks_and_greek(self, tmp_path: Path) -> None:
        output = tmp_path / "voles β (2).csv"
        assert write_records([(record, TAGS) for record in some(2)], output) == 2
        assert output.exists()


class Killed(BaseException):
    """Ends a run as a kill does: nothing is tidied up."""


class TestResume:
    def run(
        self, output: Path, stop: int | None, *, resume: bool, hard: bool = False, fingerprint: str = "f"
    ) -> int:
        """Write 2,500 records, stopping before the `stop`-th; give the number at which it began."""
        writer = RecordWriter(output, resume=resume, fingerprint=fingerprint)
        began = writer.done
        if hard:
            for number, record in enumerate(some(stop or 0)):
                if number >= began:
                    writer.write(record, TAGS)
            writer._file.flush()
            writer._file.close()
            return began
        with writer:
            for number, record in enumerate(some(2_500)):
                if number == stop:
                    raise Killed
                if number >= began:
                    writer.write(record, TAGS)
        return began

    def content(self, path: Path) -> object:
        if path.suffix in (".xlsx", ".parquet"):
            return [record.raw for record in read_records(path)]
        return path.read_bytes()

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_same_as_without_interruption(self, tmp_path: Path, ending: str) -> None:
        whole, output = tmp_path / f"whole{ending}", tmp_path / f"tagged{ending}"
        self.run(whole, None, resume=False)
        with pytest.raises(Killed):
            self.run(output, 25, resume=False)
        with pytest.raises(Killed):
            self.run(output, 1_700, resume=True)
        assert self.run(output, None, resume=True) == 1_700
        assert self.content(output) == self.content(whole)
        assert {path.name for path in tmp_path.iterdir()} == {whole.name, output.name}

    @pytest.mark.parametrize("ending", [".csv", ".bib", ".parquet"])
    def test_killed_between_checkpoints(
        self, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(write, "CHECKPOINT", 1_000)
        whole, output = tmp_path / f"whole{ending}", tmp_path / f"tagged{ending}"
        self.run(whole, None, resume=False)
        self.run(output, 1_700, resume=False, hard=True)
        assert self.run(output, None, resume=True) == 1_000
        assert self.content(output) == self.content(whole)

    def test_counts_are_given_back(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.csv"
        with pytest.raises(Killed):
            self.run(output, 1_700, resume=False)
        with RecordWriter(output, resume=True, fingerprint="f") as writer:
            assert (writer.summary.read, writer.summary.tagged, writer.summary.without_abstract) == (
                1_700,
            ) * 2 + (0,)
            assert writer.summary.domains == dict.fromkeys(DOMAIN_KEYS, 0) | {
                "stress_buffering": 1_700,
                "grief": 1_700,
            }

    def test_interrupted_while_a_record_is_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As Ctrl-C does it: whether that record is in the file is not known."""
        monkeypatch.setattr(write, "CHECKPOINT", 1_000)
        whole, output = tmp_path / "whole.csv", tmp_path / "tagged.csv"
        self.run(whole, None, resume=False)
        add = write.Summary.add

        def interrupted(summary: write.Summary, *arguments: object) -> None:
            if summary.read == 1_200:
                raise KeyboardInterrupt
            add(summary, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(write.Summary, "add", interrupted)
        with pytest.raises(KeyboardInterrupt):
            self.run(output, None, resume=False)
        monkeypatch.setattr(write.Summary, "add", add)
        assert self.run(output, None, resume=True) == 1_000
        assert output.read_bytes() == whole.read_bytes()

    def test_bibtex_keys_stay_unique(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.bib"
        entry = Record(title="A", raw={"ENTRYTYPE": "misc", "ID": "vole", "title": "A"}, format="bibtex")

        def items() -> Iterator[tuple[Record, FakeTags]]:
            yield entry, TAGS
            raise Killed

        with pytest.raises(Killed):
            write_records(items(), output)
        with RecordWriter(output, resume=True) as writer:
            writer.write(entry, TAGS)
        assert [line for line in output.read_text().splitlines() if line[:1] == "@"] == [
            "@misc{vole,",
            "@misc{vole-2,",
        ]

    def test_nothing_to_resume(self, tmp_path: Path) -> None:
        assert self.run(tmp_path / "tagged.csv", None, resume=True) == 0

    def test_without_resuming_it_starts_over(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.csv"
        with pytest.raises(Killed):
            self.run(output, 100, resume=False)
        assert self.run(output, None, resume=False) == 0
        assert len(rows_of(output)) == 2_500

    def test_other_input(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.csv"
        with pytest.raises(Killed):
            self.run(output, 100, resume=False)
        with pytest.raises(RecordError, match=r"tagged\.csv\.part: is left from a run with other input"):
            self.run(output, None, resume=True, fingerprint="g")

    @pytest.mark.parametrize("state", ["", "{}", "[]", "null", '{"format": 1}'])
    def test_damaged_state(self, tmp_path: Path, state: str) -> None:
        output = tmp_path / "tagged.csv"
        with pytest.raises(Killed):
            self.run(output, 100, resume=False)
        (tmp_path / "tagged.csv.part.json").write_text(state)
        with pytest.raises(RecordError, match="does not say where a run stopped"):
            self.run(output, None, resume=True)

    def test_part_shorter_than_its_state_says(self, tmp_path: Path) -> None:
        output = tmp_path / "tagged.csv"
        with pytest.raises(Killed):
            self.run(output, 100, resume=False)
        os.truncate(tmp_path / "tagged.csv.part", 50)
        with pytest.raises(RecordError, match="is shorter than it was"):
            self.run(output, None, resume=True)


class TestFingerprint:
    def test_changes_with_files_and_settings(self, tmp_path: Path) -> None:
        file = tmp_path / "a.ris"
        file.write_text("TY  - JOUR\n")
        before = fingerprint_of([file], "model 1")
        assert fingerprint_of([file], "model 1") == before
        assert fingerprint_of([file], "model 2") != before
        file.write_text("TY  - JOUR\nER  - \n")
        assert fingerprint_of([file], "model 1") != before

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(RecordError, match=r"absent\.ris: cannot be read"):
            fingerprint_of([tmp_path / "absent.ris"])


def test_endings_name_known_formats() -> None:
    assert set(FORMATS.values()) == {"csv", "tsv", "xlsx", "jsonl", "parquet", "ris", "bibtex"}


def test_memory_is_flat(tmp_path: Path) -> None:
    """Records are not kept: ten times as many need no more memory."""

    def peak(count: int, ending: str) -> int:
        tracemalloc.start()
        write_records(((record, TAGS) for record in some(count)), tmp_path / f"tagged{ending}")
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    for ending in (".csv", ".jsonl", ".ris"):
        peak(100, ending)  # imports and caches
        assert peak(5_000, ending) < 1.5 * peak(500, ending) + 100_000
