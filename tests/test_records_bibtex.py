"""BibTeX. All records are invented."""

import io
import logging

import pytest

from otclass.records import Record, RecordError, read_records

pytest.importorskip("bibtexparser")


def read(text: str) -> tuple[list[Record], list[RecordError]]:
    errors: list[RecordError] = []
    return list(read_records(io.BytesIO(text.encode()), on_error=errors.append)), errors


def test_fields() -> None:
    text = r"""% An export
@string{jia = "Journal of " # {Invented Apiculture}}

@article{imker2015,
  title = {{Oxytocin} in the {\"O}zone: $\beta$-blocked {B}ees},
  author = {Imker, Anna and Wabe, B{\o}},
  journal = jia,
  year = 2015,
  abstract = "Of 100 bees, 50% returned
     \& slept.",
  keywords = {bees, walking},
  doi = {10.1000/BEES\_7},
  pmid = {90000001}
}
"""
    (record,), errors = read(text)
    assert not errors
    assert record.title == "Oxytocin in the Özone: β-blocked Bees"
    assert record.abstract == "Of 100 bees, 50% returned & slept."
    assert record.authors == ("Imker, Anna", "Wabe, Bø")
    assert record.journal == "Journal of Invented Apiculture"
    assert (record.year, record.doi, record.pmid) == (2015, "10.1000/bees_7", "90000001")
    assert record.keywords == ("bees", "walking")
    assert (record.source_line, record.format) == (4, "bibtex")
    assert record.raw["ENTRYTYPE"] == "article"
    assert record.raw["ID"] == "imker2015"
    assert record.raw["title"] == r"{Oxytocin} in the {\"O}zone: $\beta$-blocked {B}ees"


@pytest.mark.parametrize(
    "broken",
    [
        "@article{x, title={Tw{o}, abstract={Text}}\n",
        "@article{x, title={Two} abstract={Text}}\n",
        "@article{title={Two}, abstract={Text}}\n",
        "@article{x, title={Two}, abstract={Text\n",
    ],
)
def test_a_broken_entry_is_read_in_part_and_costs_no_other(broken: str) -> None:
    records, (error,) = read("@article{a, title={One}}\n" + broken + "@article{b, title={Three}}\n")
    assert [record.title for record in records] == ["One", "Two", "Three"]
    assert records[1].abstract == "Text"
    assert error.line == 2


def test_keys_and_fields_given_twice() -> None:
    records, errors = read("@article{a, title={One}, file={x}, file={y}}\n@article{a, title={Two}}\n")
    assert [record.title for record in records] == ["One", "Two"]
    assert records[0].raw["file"] == "x\ny"
    assert not errors


def test_entries_in_parentheses_and_on_one_line() -> None:
    records, _ = read("@article(a, title={One})@article{b, title={Two}}")
    assert [record.title for record in records] == ["One", "Two"]


def test_an_at_sign_in_an_abstract_begins_no_entry() -> None:
    records, errors = read("@misc{a, title={One}, abstract={They sat\n@home{all day} long.}}\n")
    assert [record.abstract for record in records] == ["They sat\n@homeall day long."]
    assert not errors


def test_latex_reads_no_file_and_survives_depth() -> None:
    deep = "{" * 5000 + "x" + "}" * 5000
    records, _ = read("@misc{a, title={\\input{/etc/hostname} T}, abstract={" + deep + "}}\n")
    assert [(record.title, record.abstract) for record in records] == [("T", "x")]


def test_abbreviations_do_not_grow_without_bounds() -> None:
    text = '@string{a0 = "' + "x" * 100 + '"}\n'
    text += "".join(f"@string{{a{n} = a{n - 1} # a{n - 1} # a{n - 1}}}\n" for n in range(1, 40))
    (record,), _ = read(text + "@misc{k, title = a39}\n")
    assert 100 < len(record.title) <= 10_000


def test_nothing_is_logged_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    logging.lastResort  # noqa: B018  what prints where nobody handles a message
    read("@article{a, title={One}\n@article{b, title={Two}}\n")
    assert capsys.readouterr().err == ""
