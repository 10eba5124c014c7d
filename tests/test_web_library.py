"""The library: uploads in every format, filters, downloads, expiry."""

import io
import json
import re
import tempfile

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx2")

from fastapi.testclient import TestClient
from record_frames import FRAMES

from otclass import Tagger
from otclass.records import read_records
from otclass.records.read import FORMATS
from otclass.web import create_app
from otclass.web import library as library_module
from otclass.web.library import (
    DOWNLOADS,
    EXPIRY,
    MAX_LIBRARIES,
    Filters,
    Libraries,
    Library,
    download,
    page_of,
    read_library,
)

HOST = "http://127.0.0.1:8000"
TABLE = (
    "title,abstract,year,pmid,authors\n"
    "Grief and oxytocin,Widows felt lonely after bereavement; yearning for the lost partner.,2001,1,Ärn\n"
    "Massage & touch <3,Gentle stroking touch was pleasant; massage raised oxytocin.,2002,2,Ban\n"
    "Potatoes,Soil was weighed.,2003,3,Cho\n"
    "Grief and oxytocin,Widows felt lonely after bereavement; yearning for the lost partner.,2001,1,Ärn\n"
)


@pytest.fixture(scope="module")
def tagger():
    return Tagger.default()


@pytest.fixture
def client(tagger):
    with TestClient(create_app(tagger), base_url=HOST) as client:
        yield client


def upload(client, *files):
    csrf = re.search(r'name="csrf" value="(\w+)"', client.get("/library").text)[1]
    return client.post("/library", data={"csrf": csrf}, files=[("file", file) for file in files])


def export(kind, tagger):
    """Two records in an input format."""
    if kind in FRAMES:
        return "".join(FRAMES[kind]).encode()
    table = io.BytesIO("".join(FRAMES["table"]).encode())
    return download(read_library([("x.csv", table)], tagger).items, kind, tagger.domains)


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_every_format_that_records_reads(client, tagger, kind):
    page = upload(client, (f"export{FORMATS[kind].endings[0]}", export(kind, tagger))).text
    assert "2 of 2 records" in page
    assert "Before" in page
    assert "After" in page


def test_several_files_at_once_and_what_is_wrong_with_one(client):
    page = upload(client, ("a.csv", TABLE.encode()), ("C:\\me\\b.pdf", b"%PDF-1.7 ..."), ("c.csv", b"")).text
    assert "4 of 4 records" in page
    assert "b.pdf: this is a PDF" in page
    assert "c.csv: the file is empty" in page
    assert "C:" not in page


def test_a_file_that_is_nothing_is_told(client):
    page = upload(client, ("a.csv", b"nothing to see")).text
    assert "1 notes" in page
    assert "<table" not in page
    assert upload(client).status_code == 422


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({"domain": "grief"}, ["Grief and oxytocin"] * 2),
        ({"domain": "grief", "unique": "1"}, ["Grief and oxytocin"]),
        ({"domain": "social_touch"}, ["Massage & touch <3"]),
        ({"domain": "none"}, ["Potatoes"]),
        ({"q": "ÄRN lonely"}, ["Grief and oxytocin"] * 2),
        ({"q": "lonely potatoes"}, []),
        ({"domain": "nonsense"}, []),
    ],
)
def test_filters_of_the_page_and_of_the_download(client, query, titles):
    upload(client, ("a.csv", TABLE.encode()))
    page = client.get("/library", params=query).text
    assert f"{len(titles)} of 4 records" in page
    tagged = client.get("/library/download", params=query | {"format": "jsonl"}).text
    assert [json.loads(line)["title"] for line in tagged.splitlines()] == titles


def test_in_doubt_are_those_with_a_domain_in_review(tagger):
    library = read_library([("a.csv", io.BytesIO(TABLE.encode()))], tagger)
    found = page_of(library, Filters(review=True), 1).items
    assert found == [item for item in library.items if item.tags.review]


@pytest.mark.parametrize("format", sorted(DOWNLOADS))
def test_downloads_hold_records_and_tags(client, format):
    upload(client, ("a.csv", TABLE.encode()))
    answer = client.get("/library/download", params={"format": format})
    assert f'filename="tagged{DOWNLOADS[format]}"' in answer.headers["content-disposition"]
    records = list(read_records(io.BytesIO(answer.content)))
    assert [record.pmid for record in records] == ["1", "2", "3", "1"]
    assert "grief" in str(records[0].raw)


def test_unknown_formats_and_records_are_refused(client):
    assert client.get("/library/download").status_code == 404
    upload(client, ("a.csv", TABLE.encode()))
    assert client.get("/library/download", params={"format": "exe"}).status_code == 422
    assert client.get("/library/record/4").status_code == 404
    assert client.get("/library/record/x").status_code == 422


def test_a_record_shows_its_evidence_escaped(client):
    upload(client, ("a.csv", TABLE.encode()))
    page = client.get("/library/record/1").text
    assert "<mark" in page
    assert "Massage &amp; touch &lt;3" in page
    assert "touch <3" not in page


def test_a_library_is_seen_by_its_own_session_alone_and_forgotten_when_asked(client):
    page = upload(client, ("a.csv", TABLE.encode())).text
    cookies = dict(client.cookies)
    client.cookies.clear()
    assert "records</p>" not in client.get("/library").text
    assert client.get("/library/record/0").status_code == 404
    client.cookies.clear()
    client.cookies.update(cookies)
    csrf = re.search(r'name="csrf" value="(\w+)"', page)[1]
    assert "Grief" not in client.post("/library/clear", data={"csrf": csrf}).text.partition("<h2")[2]
    assert client.get("/library/record/0").status_code == 404


def test_large_uploads_are_refused(tagger):
    with TestClient(create_app(tagger, max_upload=10_000), base_url=HOST) as client:
        assert upload(client, ("a.csv", TABLE.encode())).status_code == 200
        assert upload(client, ("a.csv", TABLE.encode() + b" " * 10_000)).status_code == 413


def test_nothing_stays_on_the_disk(client, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    large = TABLE + "".join(f"Title {n},{'word ' * 200},2000,{n + 9},X\n" for n in range(2000))
    upload(client, ("a.csv", large.encode()))
    client.get("/library/download", params={"format": "xlsx"})
    assert list(tmp_path.iterdir()) == []


def test_records_past_the_limit_are_told(monkeypatch, tagger):
    monkeypatch.setattr(library_module, "MAX_RECORDS", 3)
    library = read_library([("a.csv", io.BytesIO(TABLE.encode()))], tagger)
    assert [item.record.pmid for item in library.items] == ["1", "2", "3"]
    assert "first 3 records" in library.notes[0]
    monkeypatch.setattr(library_module, "MAX_RECORDS", 4)
    assert not read_library([("a.csv", io.BytesIO(TABLE.encode()))], tagger).notes


def test_chunks_lose_no_record(monkeypatch, tagger):
    monkeypatch.setattr(library_module, "_CHUNK", 2)
    table = "title,abstract\n" + "".join(f"T{n},A\n" for n in range(7))
    library = read_library([("a.csv", io.BytesIO(table.encode()))], tagger)
    assert [item.record.title for item in library.items] == [f"T{n}" for n in range(7)]


def test_pages_of_a_long_table(client):
    table = "title,abstract\n" + "".join(f"Title {n}.,Text {n}.\n" for n in range(120))
    first = upload(client, ("a.csv", table.encode())).text
    assert "Page 1 of 3" in first
    assert "Title 50." not in first
    assert "Title 50." in client.get("/library", params={"page": 2, "q": "title"}).text
    assert "Page 3 of 3" in client.get("/library", params={"page": 99}).text
    assert 'href="?q=title&amp;page=3"' in client.get("/library", params={"page": 2, "q": "title"}).text


def test_libraries_expire_and_are_not_too_many():
    now = [0.0]
    libraries = Libraries(clock=lambda: now[0])
    for number in range(MAX_LIBRARIES + 1):
        libraries.put(str(number), Library(str(number)))
    assert libraries.get("0") is None
    assert libraries.get("1") is not None
    now[0] = EXPIRY - 1
    assert libraries.get("2") is not None
    now[0] = EXPIRY + 1
    libraries.expire()
    assert libraries.get("1") is None
    assert libraries.get("2") is not None
