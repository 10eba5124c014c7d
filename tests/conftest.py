import csv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def invented() -> list[dict[str, str]]:
    """Abstracts invented for this project, labelled; columns id, title, abstract, domains, scope."""
    with (ROOT / "models" / "training" / "invented.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def labelled(invented) -> tuple[list[str], list[list[str]]]:
    """The texts of `invented` and the domains of each."""
    texts = [f"{row['title']}\n{row['abstract']}" for row in invented]
    return texts, [[domain for domain in row["domains"].split(";") if domain] for row in invented]


@pytest.fixture(scope="session")
def fitted(labelled):
    """A classifier of those texts, for tests that only look."""
    from otclass.classifier import TopicClassifier

    return TopicClassifier(cv=3).fit(*labelled)
