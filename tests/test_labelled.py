"""Labelled tables. All texts are invented."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otclass.domains import DOMAIN_KEYS
from otclass.labelled import Labelled, LabelledError, Row, read_labelled

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "mine.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_all_columns(write: Write) -> None:
    data = read_labelled(
        write(
            "id,title,abstract,domains,scope,weight,remark\n"
            "a1,Voles,They huddle.,social_touch; grief ,neuropeptide,2.5,nice\n"
            "a2,Kidneys,They filter.,,other,,\n"
        )
    )
    assert data.texts == ("Voles\nThey huddle.", "Kidneys\nThey filter.")
    assert data.titles == ("Voles", "Kidneys")
    assert data.ids == ("a1", "a2")
    assert data.domains == ({"social_touch", "grief"}, set())
    assert data.labels == ("social_touch", "grief")
    assert data.scope == (True, False)
    assert data.weights == (2.5, 1.0)
    assert [str(row) for row in data.rows] == ["mine.csv:2", "mine.csv:3"]
    assert data.notes == ()


def test_text_and_labels_columns(write: Write) -> None:
    data = read_labelled(write("text;labels\nVoles huddle.;zeal\nKidneys filter.;awe\n".replace(";", "\t")))
    assert data.texts == ("Voles huddle.", "Kidneys filter.")
    assert data.titles == ("", "")
    assert data.labels == ("awe", "zeal")
    assert data.scope == (None, None)


def test_rows_that_are_not_labelled_yet_are_left_out(write: Write) -> None:
    table = "text,domains\nVoles huddle.,social_touch\nRats lick.,?\nKidneys filter.,\nRats groom.,grief; ?\n"
    data = read_labelled(write(table), labels=["social_touch", "grief"])
    assert data.texts == ("Voles huddle.", "Kidneys filter.")
    assert data.notes == ("Left out 2 rows not labelled yet (?): mine.csv:3, mine.csv:5.",)
    with pytest.raises(LabelledError, match=r"No row is labelled yet: all say '\?'"):
        read_labelled(write("text,domains\nRats lick.,?\n"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(write: Write, delimiter: str) -> None:
    rows = [["text", "domains"], ["Voles huddle, they say", "grief;therapy"], ["Kidneys", ""]]
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    data = read_labelled(write(stream.getvalue()))
    assert data.texts == ("Voles huddle, they say", "Kidneys")
    assert data.domains == ({"grief", "therapy"}, set())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(write: Write, encoding: str) -> None:
    table = "id,text,domains\n1,Ängste bei Müttern – “Stress”,stress_buffering\n2,Nieren,\n"
    data = read_labelled(write(table.encode(encoding)))
    assert data.texts[0] == "Ängste bei Müttern – “Stress”"
    assert data.ids == ("1", "2")
    assert data.labels == ("stress_buffering",)


def test_undecodable_characters_are_noted(write: Write) -> None:
    data = read_labelled(write("text,domains\nVoles \ufffd huddle.,grief\nKidneys filter.,\n"))
    assert "mine.csv:2" in data.notes[0]
    assert "UTF-8" in data.notes[0]


def test_columns_of_0_and_1(write: Write) -> None:
    data = read_labelled(
        write(
            "text,year,weight, awe ,zeal,empty,n_authors\n"
            "Voles huddle.,2001,1,1,TRUE,,1\n"
            "Kidneys filter.,2002,1,0,,,1\n"
            "Hearts beat.,2003,1,,false,,3\n"
        )
    )
    assert data.labels == ("awe", "zeal")
    assert data.domains == ({"awe", "zeal"}, set(), set())
    assert any("n_authors" in note and "row 4" in note and "'3'" in note for note in data.notes)
    assert any("awe, zeal" in note for note in data.notes)


def test_fixed_labels_choose_the_columns(write: Write) -> None:
    path = write("text,awe,zeal,seen\nVoles huddle.,1,0,1\nKidneys filter.,0,1,1\n")
    assert read_labelled(path, labels=["zeal", "awe"]).labels == ("zeal", "awe")
    with pytest.raises(LabelledError, match=r"named joy; its columns are text, awe, zeal, seen"):
        read_labelled(path, labels=["awe", "joy"])
    with pytest.raises(LabelledError, match=r"mine.csv:3: the column awe holds 'maybe', not 0 or 1"):
        read_labelled(write("text,awe\nVoles,1\nKidneys,maybe\n"), labels=["awe"])


def test_options_name_columns(write: Write) -> None:
    path = write("Heading,Body,What,abstract\nVoles,They huddle.,awe,no\nKidneys,They filter.,,no\n")
    data = read_labelled(path, title="heading", abstract="Body", domains="what")
    assert data.texts == ("Voles\nThey huddle.", "Kidneys\nThey filter.")
    assert data.labels == ("awe",)
    data = read_labelled(path, text="Body", domains="What")
    assert data.texts == ("They huddle.", "They filter.")
    with pytest.raises(LabelledError, match="not both"):
        read_labelled(path, text="Body", title="Heading")
    with pytest.raises(
        LabelledError, match=r"no column 'Tags'; its columns are Heading, Body, What, abstract"
    ):
        read_labelled(path, text="Body", domains="Tags")


def test_missing_columns_name_those_there(write: Write) -> None:
    with pytest.raises(LabelledError, match=r"'heading', 'domains'.*options name other columns") as caught:
        read_labelled(write("heading,domains\nVoles,grief\n"))
    assert "columns={" not in str(caught.value)
    with pytest.raises(LabelledError, match=r"no column domains .*columns are title, abstract, year"):
        read_labelled(write("title,abstract,year\nVoles,They huddle.,2001\n"))


def test_wrong_delimiter(write: Write) -> None:
    with pytest.raises(LabelledError, match="'title~abstract~domains'"):
        read_labelled(write("title~abstract~domains\nVoles~They huddle.~grief\n"))


def test_labels_joined_by_commas(write: Write) -> None:
    path = write('text,domains\nVoles,grief\nRats,therapy\nMice,"grief,therapy"\n')
    with pytest.raises(
        LabelledError, match=r"mine.csv:4: 'grief,therapy' seems to be 2 labels; join them by ';'"
    ):
        read_labelled(path)
    with pytest.raises(LabelledError, match=r"mine.csv:4: .*join labels by ';'"):
        read_labelled(path, labels=DOMAIN_KEYS)


def test_unknown_label_in_a_fixed_run(write: Write) -> None:
    path = write("text,domains\nVoles,Social touch\nRats,therapy\n")
    with pytest.raises(LabelledError, match=r"mine.csv:2: the label 'Social touch' .*is it 'social_touch'\?"):
        read_labelled(path, labels=DOMAIN_KEYS)


def test_many_problems_are_counted(write: Write) -> None:
    rows = "".join(f"Text {i},odd\n" for i in range(14))
    with pytest.raises(LabelledError, match="and 4 more like these"):
        read_labelled(write("text,domains\n" + rows), labels=["grief"])


def test_rows_without_text_are_skipped_and_counted(write: Write) -> None:
    data = read_labelled(write("title,abstract,domains\nVoles,Huddle.,grief\n,,therapy\n , ,\nRats,Run.,\n"))
    assert len(data) == 2
    assert data.labels == ("grief",)
    assert data.notes == ("Skipped 2 rows without text: mine.csv:3, mine.csv:4.",)


def test_rows_that_do_not_fit_the_header_are_left_out(write: Write) -> None:
    data = read_labelled(write("text,domains\nVoles huddle.,grief\nRats, they say, run.,therapy\n"))
    assert len(data) == 1
    assert data.labels == ("grief",)
    assert "Left out" in data.notes[0]
    assert ":3:" in data.notes[0]


def test_repeated_rows(write: Write) -> None:
    first = write("id,text,domains\n1,Voles huddle.,grief\n")
    second = write("id,text,domains\n1,voles  HUDDLE.,grief\n2,Rats run.,\n", "other.csv")
    data = read_labelled([first, second])
    assert data.ids == ("1", "2")
    assert data.notes == ("Skipped 1 row whose text and labels stand above already: other.csv:2.",)


def test_contradictory_duplicates(write: Write) -> None:
    with pytest.raises(
        LabelledError,
        match=r"mine.csv:4: the text is that of mine.csv:2, but labelled none in place of grief",
    ):
        read_labelled(write("text,domains\nVoles huddle.,grief\nRats,\nVoles huddle. ,\n"))
    with pytest.raises(LabelledError, match="scope other"):
        read_labelled(write("text,domains,scope\nVoles,grief,neuropeptide\nVoles,grief,other\n"))


def test_duplicate_ids(write: Write) -> None:
    with pytest.raises(LabelledError, match=r"mine.csv:3: the id '7' is that of mine.csv:2 too"):
        read_labelled(write("id,text,domains\n7,Voles,grief\n7,Rats,\n"))


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "heavy"])
def test_weights(write: Write, weight: str) -> None:
    with pytest.raises(LabelledError, match=rf"mine.csv:2: the weight '{weight}' is no positive number"):
        read_labelled(write(f"text,domains,weight\nVoles,grief,{weight}\nRats,,1\n"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"text,domains\n", "holds no rows"),
        (b"text,domains\n,grief\n", "no row with a text"),
        (b"text,domains\nVoles,\nRats,\n", "No row has a label"),
        (b"\x00\x01\x02\x03\x04" * 50, "no text"),
        (b"TY  - JOUR\nTI  - Voles\nAB  - They huddle.\nER  - \n", "not a labelled table"),
    ],
)
def test_what_is_no_labelled_table(write: Write, content: bytes, message: str) -> None:
    with pytest.raises(LabelledError, match=message):
        read_labelled(write(content))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(LabelledError, match="no such file"):
        read_labelled(tmp_path / "none.csv")


def test_files_with_other_label_columns(write: Write) -> None:
    one = write("text,awe,joy\nVoles,1,0\n", "one.csv")
    two = write("text,awe\nRats,1\n", "two.csv")
    with pytest.raises(LabelledError, match=r"one.csv has the label columns awe, joy, but .*two.csv has awe"):
        read_labelled([one, two])
    assert len(read_labelled([one, two], labels=["awe"])) == 2


def test_scope_as_a_label_too(write: Write) -> None:
    with pytest.raises(LabelledError, match="'neuropeptide' is both"):
        read_labelled(write("text,domains,scope\nVoles,neuropeptide,other\n"))


def test_the_seven_stand_in_the_codebooks_order(write: Write) -> None:
    rows = "".join(f"Text {key},{key}\n" for key in sorted(DOMAIN_KEYS))
    assert read_labelled(write("text,domains\n" + rows)).labels == DOMAIN_KEYS
    assert read_labelled(write("text,domains\nOne,zeal\nTwo,awe\nThree,grief\n")).labels == (
        "awe",
        "grief",
        "zeal",
    )


def labelled(domains: list[set[str]], labels: tuple[str, ...]) -> Labelled:
    n = len(domains)
    return Labelled(
        texts=tuple(f"Text {i}" for i in range(n)),
        titles=("",) * n,
        ids=("",) * n,
        domains=tuple(frozenset(its) for its in domains),
        labels=labels,
        scope=(None,) * n,
        weights=(1.0,) * n,
        rows=tuple(Row("mine.csv", i + 2) for i in range(n)),
    )


def test_too_few_positives() -> None:
    labelled([{"awe"}] * 5 + [set()] * 5, ("awe",)).check_trainable()
    with pytest.raises(LabelledError, match=r"'awe' has 2 positive texts \(mine.csv:2, mine.csv:3\)"):
        labelled([{"awe"}] * 2 + [set()] * 8, ("awe",)).check_trainable()
    with pytest.raises(LabelledError, match="'joy' has 0 positive texts: label more"):
        labelled([{"awe"}] * 5 + [set()] * 5, ("awe", "joy")).check_trainable()
    with pytest.raises(LabelledError, match="'awe' stands at 8 of 10 texts"):
        labelled([{"awe"}] * 8 + [set()] * 2, ("awe",)).check_trainable()


WORD = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)


@given(
    st.lists(st.tuples(WORD, st.frozensets(st.sampled_from(["awe", "joy", "zeal"]))), min_size=1, max_size=8)
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, set[str]]]
) -> None:
    """Texts made distinct come back with their labels, in their order."""
    path = tmp_path_factory.mktemp("labelled") / "mine.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "domains"])
        writer.writerow(["the first", "awe"])
        for at, (word, its) in enumerate(rows):
            writer.writerow([f"{at} {word}", ";".join(sorted(its))])
    data = read_labelled(path)
    assert data.domains[1:] == tuple(its for _, its in rows)
    assert data.texts[1:] == tuple(f"{at} {word}" for at, (word, _) in enumerate(rows))
    assert [row.number for row in data.rows] == list(range(2, len(rows) + 3))
