"""Records tagged as they come, and files by themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from otclass.modelfile import ModelError
from otclass.records import Record, RecordError, TaggedFile, read_records, tag_files, tag_records, tagging
from otclass.tagger import Tagger

GRIEF = "Grief after the loss of a partner in voles"
TOUCH = "Massage and pleasant touch raised salivary oxytocin"


def records(count: int) -> list[Record]:
    return [Record(title=f"{(GRIEF, TOUCH)[n % 2]} {n % 7}", abstract="Voles.") for n in range(count)]


class TestRecords:
    @pytest.mark.parametrize("n_jobs", [1, 2])
    @pytest.mark.parametrize("count", [0, 1, 4, 5, 11])
    def test_as_the_tagger_alone(self, count: int, n_jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tagging, "_CHUNK", 4)
        monkeypatch.setattr(tagging, "_SHARED_CHUNK", 4)
        given = records(count)
        expected = Tagger.default().tag(
            title=[it.title for it in given], abstract=[it.abstract for it in given]
        )
        answers = list(tag_records(given, n_jobs=n_jobs))
        assert [record for record, _, _ in answers] == given
        assert [tags for _, tags, _ in answers] == expected
        assert [tags.probabilities for _, tags, _ in answers] == [tags.probabilities for tags in expected]

    def test_duplicates_are_named(self) -> None:
        given = [
            Record(title=GRIEF, pmid="7"),
            Record(title=TOUCH),
            Record(title=GRIEF.upper()),
            Record(title=TOUCH),
            Record(doi="10.1000/x"),
            Record(title="A", doi="10.1000/x"),
        ]
        assert [first for _, _, first in tag_records(given)] == ["", "", "7", "2", "", "10.1000/x"]

    @pytest.mark.parametrize("skip", [0, 3, 9, 10, 12])
    def test_skipped_records_count_for_duplicates_only(
        self, skip: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tagging, "_CHUNK", 4)
        assert list(tag_records(records(10), skip=skip)) == list(tag_records(records(10)))[skip:]

    def test_lazily(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tagging, "_CHUNK", 4)
        read: list[Record] = []

        def reading() -> Iterator[Record]:
            for record in records(100):
                read.append(record)
                yield record

        answers = tag_records(reading())
        assert read == []
        next(answers)
        assert len(read) == 4

    def test_own_tagger_and_thresholds(self) -> None:
        tagger = Tagger(Tagger.default().model)
        assert [tags for _, tags, _ in tag_records(records(2), tagger, thresholds=1.0)] == [(), ()]
        with pytest.raises(ValueError, match="greif"):
            list(tag_records(records(2), tagger, thresholds={"greif": 0.5}))


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    (folder / "more").mkdir(parents=True)
    (folder / "a.csv").write_text(f"title,mine\n{GRIEF},x\n{GRIEF},y\n", encoding="utf-8")
    (folder / "more" / "b.ris").write_text(f"TY  - JOUR\nTI  - {TOUCH}\nER  - \n", encoding="utf-8")
    return folder


class TestFiles:
    @pytest.mark.parametrize("n_jobs", [None, 2])
    def test_each_by_itself(self, exports: Path, tmp_path: Path, n_jobs: int | None) -> None:
        (exports / "c.csv").write_text(f"title,mine\n{TOUCH},x,spare\n{GRIEF},y\n", encoding="utf-8")
        (exports / "d.ris").write_text("<html>Log in</html>", encoding="utf-8")
        output = tmp_path / "tagged"
        a, c, d, b = tag_files(exports, output, ending=".csv", n_jobs=n_jobs)
        assert a == TaggedFile(exports / "a.csv", output / "a.csv.csv", 2, ())
        assert b == TaggedFile(exports / "more" / "b.ris", output / "b.ris.csv", 1, ())
        assert (c.records, [(error.source, error.line) for error in c.unreadable]) == (
            2,
            [(str(exports / "c.csv"), 2)],
        )
        assert (d.output, d.records) == (None, 0)
        assert "web page" in str(d.unreadable[0])
        assert sorted(path.name for path in output.iterdir()) == ["a.csv.csv", "b.ris.csv", "c.csv.csv"]
        rows = [record.raw for record in read_records(output / "a.csv.csv")]
        assert [(row["mine"], row["tags"], row["duplicate_of"]) for row in rows] == [
            ("x", "grief", ""),
            ("y", "grief", "1"),
        ]

    def test_one_path_or_many(self, exports: Path, tmp_path: Path) -> None:
        one = tag_files(exports / "a.csv", tmp_path / "one", ending=".jsonl")
        many = tag_files([exports / "a.csv", exports / "more"], tmp_path / "many", ending=".jsonl")
        assert [len(one), len(many)] == [1, 2]
        again = tag_files(exports / "a.csv", tmp_path / "one", ending=".jsonl")
        assert again == one

    def test_same_name(self, exports: Path, tmp_path: Path) -> None:
        (exports / "more" / "a.csv").write_text("title\nA\n", encoding="utf-8")
        with pytest.raises(RecordError, match=r"more.a\.csv: has the same name as .*a\.csv, so"):
            tag_files(exports, tmp_path / "tagged")

    def test_into_the_folder_it_reads(self, exports: Path) -> None:
        with pytest.raises(RecordError, match="lies in the folder to write to"):
            tag_files(exports, exports)
        (tagged,) = tag_files(exports / "a.csv", exports / "tagged", ending=".csv")
        assert tagged.output is not None
        with pytest.raises(RecordError, match=r"a\.csv\.csv: lies in the folder to write to"):
            tag_files(exports, exports / "tagged")

    def test_what_cannot_be_done(self, exports: Path, tmp_path: Path) -> None:
        with pytest.raises(RecordError, match="no such file"):
            tag_files("absent.ris", tmp_path / "tagged")
        with pytest.raises(RecordError, match="names no output format"):
            tag_files(exports, tmp_path / "tagged", ending=".doc")
        with pytest.raises(ModelError):
            tag_files(exports, tmp_path / "tagged", model=tmp_path)
        with pytest.raises(ValueError, match="greif"):
            tag_files(exports, tmp_path / "tagged", thresholds={"greif": 0.5})
