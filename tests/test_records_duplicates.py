"""Duplicates."""

import pytest

from otclass.records import Duplicates, Record

LONG = "Voles, and how they bond for life"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Record(pmid="7", title="A"), Record(pmid="7", title="B")),
        (Record(doi="10.1000/x"), Record(doi="10.1000/X")),
        (
            Record(title=LONG, pmid="7"),
            Record(title="VOLES & how they bönd for life.".replace("&", "and"), pmid="8"),
        ),
        (
            Record(title="Β-endorphin — and bonding in voles"),
            Record(title="β‐endorphin and bonding in voles"),
        ),
    ],
)
def test_same(one: Record, other: Record) -> None:
    seen = Duplicates()
    assert [seen.first(one), seen.first(Record(title="Something else entirely")), seen.first(other)] == [
        None,
        None,
        0,
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Record(title="Editorial"), Record(title="Editorial")),
        (Record(), Record()),
        (Record(pmid="7"), Record(pmid="8")),
        (Record(pmid="7"), Record(doi="7")),
        (Record(title=LONG), Record(title=LONG + " again")),
    ],
)
def test_different(one: Record, other: Record) -> None:
    seen = Duplicates()
    assert [seen.first(one), seen.first(other)] == [None, None]


def test_chains_lead_to_the_first() -> None:
    seen = Duplicates()
    chain = [
        Record(pmid="7", doi="10.1/a"),
        Record(doi="10.1/a", title=LONG),
        Record(title=LONG, pmid="9"),
        Record(pmid="9"),
    ]
    assert [seen.first(record) for record in chain] == [None, 0, 0, 0]
