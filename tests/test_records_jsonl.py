"""JSON and JSON Lines. All records are invented."""

import io
import json
from typing import Any

import pytest

from otclass.records import Record, RecordError, read_records

OPENALEX = {
    "id": "https://openalex.org/W1",
    "doi": "https://doi.org/10.1000/Bees",
    "display_name": "Bees <i>hum</i>",
    "publication_year": 2015,
    "ids": {"pmid": "https://pubmed.ncbi.nlm.nih.gov/90000001"},
    "abstract_inverted_index": {"hum": [1, 3], "Bees": [0], "and": [2], "\u03b2": [4]},
    "primary_location": {"source": {"display_name": "Invented Bees"}},
    "authorships": [{"author": {"display_name": "Anna Imker"}}],
    "keywords": [{"display_name": "humming"}],
    "mesh": [{"descriptor_name": "Bees"}],
}
EUROPE_PMC = {
    "pmid": "90000001",
    "doi": "10.1000/bees",
    "title": "Bees hum",
    "abstractText": "<h4>Aim</h4>Bees hum.",
    "pubYear": "2015",
    "journalInfo": {"journal": {"title": "Invented Bees"}},
    "authorList": {"author": [{"fullName": "Imker A", "lastName": "Imker", "firstName": "Anna"}]},
    "keywordList": {"keyword": ["humming"]},
    "meshHeadingList": {"meshHeading": [{"descriptorName": "Bees"}]},
}
SEMANTIC_SCHOLAR = {
    "paperId": "x",
    "title": "Bees hum",
    "abstract": "Bees hum.",
    "year": 2015,
    "externalIds": {"DOI": "10.1000/bees", "PubMed": "90000001"},
    "venue": "Invented Bees",
    "authors": [{"authorId": "1", "name": "Anna Imker"}],
}
CSL = {
    "id": "x",
    "type": "article-journal",
    "title": "Bees hum",
    "abstract": "Bees hum.",
    "DOI": "10.1000/bees",
    "PMID": "90000001",
    "container-title": "Invented Bees",
    "author": [{"family": "Imker", "given": "Anna"}, {"literal": "The Hive"}],
    "issued": {"date-parts": [["2015", 3]]},
    "keyword": "humming, bees",
}


def read(data: Any) -> tuple[list[Record], list[RecordError]]:
    errors: list[RecordError] = []
    text = data if isinstance(data, str) else json.dumps(data)
    return list(read_records(io.BytesIO(text.encode()), on_error=errors.append)), errors


@pytest.mark.parametrize("item", [OPENALEX, EUROPE_PMC, SEMANTIC_SCHOLAR, CSL])
def test_what_all_services_have(item: dict[str, Any]) -> None:
    (record,), errors = read([item])
    assert (record.title, record.pmid, record.doi) == ("Bees hum", "90000001", "10.1000/bees")
    assert (record.year, record.journal, record.format) == (2015, "Invented Bees", "json")
    assert record.abstract
    assert (record.raw, errors) == (item, [])


def test_what_some_services_have() -> None:
    (alex, europe, scholar, csl), _ = read([OPENALEX, EUROPE_PMC, SEMANTIC_SCHOLAR, CSL])
    assert (alex.abstract, europe.abstract) == ("Bees hum and hum \u03b2", "Aim\nBees hum.")
    assert (alex.authors, scholar.authors) == (("Anna Imker",), ("Anna Imker",))
    assert (europe.authors, csl.authors) == (("Imker, Anna",), ("Imker, Anna", "The Hive"))
    assert (alex.mesh, europe.mesh) == (("Bees",), ("Bees",))
    assert (alex.keywords, europe.keywords, csl.keywords) == (("humming",), ("humming",), ("humming", "bees"))


PAIR = [{"title": "One", "abstract": "a"}, {"title": "Two", "abstract": "b"}]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(PAIR),
        json.dumps(PAIR, indent=2),
        "".join(json.dumps(item) + "\n" for item in PAIR),
        "".join(json.dumps(item, indent=1) + "\n" for item in PAIR),
        "\ufeff" + json.dumps(PAIR),
        json.dumps({"meta": {"count": 2}, "results": PAIR, "group_by": []}),
        json.dumps({"hitCount": 2, "resultList": {"result": PAIR}}, indent=1),
        json.dumps({"status": "ok", "message": {"total-results": 2, "items": PAIR}}),
        json.dumps({"total": 2, "data": [{"paper": item} for item in PAIR]}),
        json.dumps(PAIR[:1]) + "\n" + json.dumps(PAIR[1:]),
        json.dumps({"results": PAIR[:1]}) + "\n" + json.dumps({"results": PAIR[1:], "meta": {}}),
    ],
)
def test_forms(text: str) -> None:
    records, errors = read(text)
    assert [record.title for record in records] == ["One", "Two"]
    assert not errors


def test_lines_are_told() -> None:
    records, _ = read(json.dumps(PAIR, indent=1))
    assert [record.source_line for record in records] == [2, 6]


@pytest.mark.parametrize(
    "broken",
    [
        '{"title": "Bro"ken", "abstract": "x"}',
        '{"title": "Broken, "abstract": "x"}',
        '{"title": "Broken", "abstract": "x"',
        '{"title": "Broken", "author": [{"title": "Dr", "name": "x"}, {"title": "Dr", "name" "y"}',
        "{]}",
        '{"title": "Broken", "author": [' + '{"name": "x"}, ' * 5_000 + "}",
        '{"a":[' * 5_000,
        '{"a":' * 100_000,
        "9" * 5_000,
    ],
)
def test_a_broken_record_costs_itself_alone(broken: str) -> None:
    first, second = map(json.dumps, PAIR)
    records, errors = read(f"[{first},\n{broken},\n{second}]")
    assert [record.title for record in records if record.title != "Broken"] == ["One", "Two"]
    assert errors
    records, errors = read(f"{first}\n{broken}\n{second}\n")
    assert [record.title for record in records] == ["One", "Two"]
    assert [error.line for error in errors] == [2]


def test_a_long_list_is_read_across_blocks() -> None:
    text = json.dumps([{"title": f"T{number}", "abstract": "x" * 3_000} for number in range(500)])
    records, errors = read(text)
    assert [record.title for record in records] == [f"T{number}" for number in range(500)]
    assert not errors


def test_a_list_cut_off() -> None:
    text = json.dumps(PAIR)
    for cut in range(1, len(text)):
        records, errors = (
            read(text[:cut]) if text[:cut].strip() not in {"[", "[{"} else ([], [RecordError("")])
        )
        assert errors
        assert len(records) <= 2


def test_halves_of_surrogate_pairs_can_be_written() -> None:
    (record,), _ = read('{"title": "a\\ud83d b", "abstract": "\\ud83d\\ude00", "x": ["\\udc00"]}\n')
    (record.title + record.abstract + repr(record.raw)).encode()
    assert record.abstract == "\U0001f600"


def test_an_inverted_index_of_hostile_positions() -> None:
    (record,), _ = read(
        {"title": "T", "abstract_inverted_index": {"a": [10**15], "b": [-1, "x", None], "c": 3}}
    )
    assert record.abstract == "b a"


def test_fields_of_the_wrong_kind() -> None:
    for value in (None, 1, True, [], {}, [[]], [{}], "", {"a": {"b": 1}}, [None]):
        records, errors = read(
            [{"title": "T"} | dict.fromkeys(set(OPENALEX) | set(EUROPE_PMC) | set(CSL), value)]
        )
        assert len(records) + len(errors) == 1


def test_depth_that_can_be_decoded_but_not_walked() -> None:
    deep = "[" * 900 + '"\\ud800"' + "]" * 900
    records, errors = read(f'[{{"title": "One"}}, {{"title": "Deep", "x": {deep}}}, {{"title": "Two"}}]')
    assert [record.title for record in records if record.title != "Deep"] == ["One", "Two"]
    assert len(records) + len(errors) == 3


def test_values_that_are_no_records_are_reported() -> None:
    records, errors = read([PAIR[0], 3, "x", {"name": "y"}])
    assert [record.title for record in records] == ["One"]
    assert len(errors) == 3


def test_the_next_record_need_not_have_the_fields_of_the_last() -> None:
    """Found by fuzzing: after an unusual record and a broken one, a usual one was lost."""
    items = [
        '{"title": "One", "abstract": "a"}',
        '{"title": "Odd", "x": 1}',
        '{"title": "y"z"}',
        '{"title": "Two"}',
    ]
    records, errors = read("[" + ",".join(items) + "]")
    assert [record.title for record in records] == ["One", "Odd", "Two"]
    assert len(errors) == 1


def test_a_list_that_ends_too_early() -> None:
    """Found by fuzzing: what followed a stray bracket was lost."""
    records, errors = read('[{"title": "One", "abstract": "a"},\n]zz,\n{"title": "Two", "abstract": "b"}]')
    assert [record.title for record in records] == ["One", "Two"]
    assert [error.line for error in errors] == [2]
