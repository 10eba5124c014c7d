"""The curator's page: labels saved to the lab's CSV, conflicts, order, agreement, what is missed."""

import csv
import re
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("fastapi")
pytest.importorskip("httpx2")

from fastapi.testclient import TestClient

from otclass import Record, Tagger
from otclass.labelled import LabelledError, read_labelled
from otclass.web import create_app
from otclass.web.label import RANDOM_EVERY, RETRAIN_EVERY, Curator
from otclass.web.labels import ConflictError, LabelledFile, key_of, text_of

HOST = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def pool(invented):
    return [
        Record(title=row["title"], abstract=row["abstract"], pmid=str(place + 1))
        for place, row in enumerate(invented[:60])
    ]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mine.csv"


def save(file, record, domains, version="", **given):
    file.save(record, domains, version=version, **({"guess": ["grief"], "guess_shown": False} | given))


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def label_of(file, record):
    return file.labels()[key_of(text_of(record))]


# --- The file -----------------------------------------------------------------------------------------------


def test_saved_labels_are_a_labelled_table(path, pool):
    file = LabelledFile(path)
    save(file, pool[0], ["grief", "therapy"])
    save(file, pool[1], [])
    data = read_labelled(path)
    assert data.texts == tuple(text_of(record) for record in pool[:2])
    assert data.domains == (frozenset({"grief", "therapy"}), frozenset())
    assert [row["pmid"] for row in rows(path)] == ["1", "2"]
    assert not path.with_name("mine.csv.part").exists()


def test_a_second_tab_does_not_overwrite(path, pool):
    one, other = LabelledFile(path), LabelledFile(path)
    save(one, pool[0], ["grief"])
    with pytest.raises(ConflictError) as conflict:
        save(other, pool[0], ["therapy"])
    assert conflict.value.label.domains == {"grief"}
    save(other, pool[0], ["therapy"], version=conflict.value.label.version)
    save(other, pool[1], ["synchrony"])
    assert [row["domains"] for row in rows(path)] == ["therapy", "synchrony"]
    assert label_of(one, pool[0]).guess == {"grief"}


def test_saving_the_same_twice_is_no_conflict(path, pool):
    file = LabelledFile(path)
    save(file, pool[0], ["grief"])
    before = path.read_bytes()
    save(file, pool[0], ["grief"])
    assert path.read_bytes() == before


def test_saves_at_once_all_arrive(path, pool):
    threads = [
        threading.Thread(target=save, args=(LabelledFile(path), record, ["grief"])) for record in pool[:20]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {row["pmid"] for row in rows(path)} == {str(place) for place in range(1, 21)}


def test_a_row_not_labelled_yet_takes_its_first_label(path, pool):
    file = LabelledFile(path)
    save(file, pool[0], ["grief"])
    save(file, pool[1], ["therapy"], guess=["synchrony"])
    path.write_text(path.read_text(encoding="utf-8-sig").replace(",therapy,", ",?,"), encoding="utf-8")
    assert list(file.labels()) == [key_of(text_of(pool[0]))]
    save(file, pool[1], ["social_touch"], guess=["social_touch"])
    assert [row["domains"] for row in rows(path)] == ["grief", "social_touch"]
    assert label_of(file, pool[1]).guess == {"social_touch"}


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_other_columns_and_rows_stay(path, pool, delimiter, mark):
    header = ["Note", "Title", "Abstract", "Domains"]
    mine = ['says "so"\nand; more, so', "'=1+1", "Voles.", "social_touch;unheard"]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(mark)
        csv.writer(file, delimiter=delimiter).writerows([header, mine, ["short"]])
    file = LabelledFile(path)
    save(file, pool[0], ["grief"])
    content = path.read_text(encoding="utf-8")
    assert content.startswith(mark + "Note")
    found = list(csv.reader(content.removeprefix("\ufeff").splitlines(keepends=True), delimiter=delimiter))
    assert found[0] == [*header, "guess", "guess_shown", "labelled_at"]
    assert found[1][:4] == mine
    assert found[2][0] == "short"
    assert found[3][1:4] == [pool[0].title, pool[0].abstract, "grief"]
    assert file.labels()[key_of("=1+1\nVoles.")].domains == {"social_touch", "unheard"}


def test_a_column_of_whole_texts_is_kept_to(path, pool):
    path.write_text("id,text,domains\n1,Voles huddle.,social_touch\n", encoding="utf-8")
    file = LabelledFile(path)
    save(file, pool[0], ["grief"])
    assert rows(path)[1]["text"] == text_of(pool[0])
    assert key_of("Voles huddle.") in file.labels()


def test_formulas_are_neutralised_and_found_again(path):
    file = LabelledFile(path)
    record = Record(title="=HYPERLINK(1)", abstract="-1 mg")
    save(file, record, ["grief"])
    assert rows(path)[0]["title"] == "'=HYPERLINK(1)"
    assert label_of(file, record).domains == {"grief"}


@given(
    st.lists(st.tuples(st.text(max_size=20), st.text(min_size=1, max_size=20)), min_size=1, max_size=4),
    st.sampled_from(["", "title,abstract,domains\n", "Domains;Abstract;Title\n", "text\tdomains\n"]),
)
def test_any_text_is_found_again(texts, header):
    records = {key_of(text_of(it)): it for it in (Record(title=t, abstract=a) for t, a in texts)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mine.csv")
        path.write_text(header, encoding="utf-8")
        file = LabelledFile(path)
        for key, record in records.items():
            save(file, record, [key])
        assert {key: label.domains for key, label in LabelledFile(path).labels().items()} == {
            key: {key} for key in records
        }


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"a,b\n1,2\n", "needs the columns"), (b"title,abstract,domains\n\xff\xfe,x,\n", "UTF-8")],
)
def test_other_files_are_refused_and_untouched(path, content, message):
    path.write_bytes(content)
    with pytest.raises(LabelledError, match=message) as refused:
        LabelledFile(path)
    assert str(path.parent) not in str(refused.value)
    assert path.read_bytes() == content


def test_changes_by_another_program_are_seen(path, pool):
    file = LabelledFile(path)
    save(file, pool[0], ["grief"])
    path.unlink()
    assert file.labels() == {}
    path.write_text("title,abstract,domains\nVoles,They bond.,synchrony\n", encoding="utf-8")
    assert file.labels()[key_of("Voles\nThey bond.")].domains == {"synchrony"}


# --- The loop -----------------------------------------------------------------------------------------------


def label_all(curator, truth, n):
    for _ in range(n):
        key = curator.next()
        curator.save(key, truth[key], "", guess_shown=False)


@pytest.fixture(scope="module")
def truth(pool, invented):
    found = [[it for it in row["domains"].split(";") if it] for row in invented[:60]]
    return dict(zip((key_of(text_of(record)) for record in pool), found, strict=True))


@pytest.fixture
def curator(path, pool, monkeypatch):
    monkeypatch.setattr("otclass.web.label.RETRAIN_EVERY", 1000)
    return Curator(Tagger.default(), [*pool, pool[0], Record()], LabelledFile(path))


def test_order_starts_with_suggestions_and_draws_at_random_in_between(curator, pool, truth):
    from otclass.curation.suggest import suggest

    first = suggest(pool, None, 1, curator.tagger).records[0].record
    assert curator.next() == key_of(text_of(first))
    assert len(curator.records) == len(pool)
    label_all(curator, truth, RANDOM_EVERY - 1)
    labelled = curator.labelled()
    assert curator.next() == next(key for key in sorted(curator.records) if key not in labelled)


def test_skipping_and_going_back(curator, truth):
    first = curator.next()
    curator.skip(first)
    second = curator.next()
    assert second != first
    assert curator.previous(first) is None
    curator.save(second, truth[second], "", guess_shown=False)
    assert curator.next() != first
    assert curator.previous(first) == second
    label_all(curator, truth, len(curator.records) - 2)
    assert curator.next() == first


def test_domains_that_the_page_does_not_know_stay(curator, path):
    key = curator.next()
    save(curator.file, curator.records[key], ["unheard"])
    curator.save(key, ["grief"], curator.labelled()[key].version, guess_shown=False)
    assert rows(path)[0]["domains"] == "grief;unheard"


def test_all_records_come_once_then_none(curator, truth):
    label_all(curator, truth, len(curator.records))
    assert curator.next() is None
    assert len(curator.file.labels()) == len(curator.records)


def test_left_over_is_covered_and_shrinks_to_nothing(curator, truth):
    assert curator.missed() == (0, [])
    label_all(curator, truth, 30)
    sample, missed = curator.missed()
    assert sample >= 30 // RANDOM_EVERY
    labelled = curator.labelled()
    for row in missed:
        left = sum(row.domain in its for key, its in truth.items() if key not in labelled)
        assert row.low <= left <= row.high
    label_all(curator, truth, 30)
    sample, missed = curator.missed()
    assert sample == len(truth)
    assert all(row.low == row.high == 0 for row in missed)
    assert {row.domain: row.found for row in missed} == {
        row.domain: sum(row.domain in its for its in truth.values()) for row in missed
    }


def test_agreement_of_curator_with_the_guess_and_against_it(curator):
    for _ in range(40):
        key, shown = curator.next(), len(curator.labelled()) >= 20
        record = curator.records[key]
        guess = set(curator.tagger.tag(title=record.title, abstract=record.abstract))
        said = guess if shown else set(curator.tagger.domains) - guess
        curator.save(key, sorted(said), "", guess_shown=shown)
    against, with_it = curator.agreement()
    assert (against.exact, against.shown) == (0.0, 0)
    assert against.kappa < 0
    assert (with_it.first, with_it.last, with_it.exact, with_it.kappa, with_it.shown) == (21, 40, 1, 1, 20)


def test_retraining_uses_a_better_model_and_says_why_not(path, invented):
    """Labels that contradict the model make a model trained on them the better one."""
    turned = {"grief": "therapy", "therapy": "grief"}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["title", "abstract", "domains"])
        for row in invented[:200]:
            its = ";".join(turned.get(domain, domain) for domain in row["domains"].split(";"))
            writer.writerow([row["title"], row["abstract"], its])
    pool = [Record(title=row["title"], abstract=row["abstract"]) for row in invented[200:240]]
    curator = Curator(Tagger.default(), pool, LabelledFile(path))
    for _ in range(RETRAIN_EVERY):
        curator.save(curator.next(), [], "", guess_shown=False)
    curator._training.join()
    assert "Trained on 210 labels" in curator.state
    assert "new model is in use" in curator.state
    assert curator.tagger is not curator.start
    assert curator.next() not in curator.labelled()


def test_retraining_says_what_is_wrong_with_the_file(path, pool, truth):
    path.write_text("title,abstract,domains\nVoles,They bond.,unheard\n", encoding="utf-8")
    curator = Curator(Tagger.default(), pool, LabelledFile(path))
    label_all(curator, truth, RETRAIN_EVERY)
    curator._training.join()
    assert "Not trained anew" in curator.state
    assert "mine.csv:2: the label 'unheard'" in curator.state
    assert str(path.parent) not in curator.state
    assert curator.tagger is curator.start


def test_closing_ends_training(path, pool, truth):
    curator = Curator(Tagger.default(), pool, LabelledFile(path))
    label_all(curator, truth, RETRAIN_EVERY)
    curator.close()
    assert not curator._training.is_alive()


# --- The page -----------------------------------------------------------------------------------------------


@pytest.fixture
def client(curator):
    with TestClient(create_app(curator.start, curator), base_url=HOST) as client:
        yield client


def fields(page):
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)">', page))


def test_label_through_the_page(client, curator, path):
    page = client.get("/label").text
    form = fields(page)
    assert form["key"] == curator.next()
    answer = client.post("/label", data=form | {"domain": ["therapy", "grief"]})
    assert answer.url.path == "/label"
    assert rows(path)[0]["domains"] == "grief;therapy"
    assert fields(answer.text)["key"] != form["key"]
    again = client.get("/label", params={"record": form["key"]}).text
    assert len(re.findall(" checked", again)) == 2


def test_a_conflict_is_shown_and_settled_by_saving_again(client, path):
    form = fields(client.get("/label").text)
    client.post("/label", data=form | {"domain": "grief"})
    answer = client.post("/label", data=form | {"domain": "synchrony", "guess_shown": "1"})
    assert answer.status_code == 409
    assert "Not saved" in answer.text
    assert rows(path)[0]["domains"] == "grief"
    assert client.post("/label", data=fields(answer.text) | {"domain": "synchrony"}).status_code == 200
    assert rows(path)[0]["domains"] == "synchrony"


def test_what_cannot_be_a_label_is_refused(client, path):
    form = fields(client.get("/label").text)
    assert client.post("/label", data=form | {"domain": "nonsense"}).status_code == 422
    assert client.post("/label", data=form | {"key": "nonsense"}).status_code == 404
    assert client.post("/label", data=form | {"csrf": "nonsense"}).status_code == 403
    assert client.get("/label", params={"record": "nonsense"}).status_code == 404
    assert not path.exists()


def test_a_file_that_broke_is_told_without_its_folder(client, path):
    path.write_text("a,b\n", encoding="utf-8")
    answer = client.get("/label")
    assert answer.status_code == 503
    assert "needs the columns" in answer.text
    assert str(path.parent) not in answer.text


def test_skip_through_the_page(client, curator, path):
    form = fields(client.get("/label").text)
    answer = client.post("/label", data=form | {"domain": "grief", "skip": "1"})
    assert fields(answer.text)["key"] == curator.next() != form["key"]
    assert not path.exists()


def test_progress_page(client, curator, truth):
    assert "Nothing was labelled here yet" in client.get("/label/progress").text
    label_all(curator, truth, 25)
    page = client.get("/label/progress").text
    assert "21–25" in page
    assert page.count("<polyline") == 1


def test_without_a_pool_the_page_says_how_to_begin():
    with TestClient(create_app(), base_url=HOST) as client:
        for path in ("/label", "/label/progress"):
            assert "otclass serve --pool" in client.get(path).text
        assert client.post("/label", data=fields(client.get("/").text)).status_code == 404
