import csv
import json
import re

import pytest
from click.testing import CliRunner

from otclass.cli import main
from otclass.records import read_records

GRIEF = (
    "Prairie voles lost their partner. After the loss of the bond the males searched for it, and oxytocin "
    "in the nucleus accumbens fell. Partner loss is discussed as a model of grief and bereavement."
)
LABOUR = "Labour induction with oxytocin infusion or misoprostol: caesarean section rates."


def run(*arguments, **options):
    return CliRunner().invoke(main, [str(argument) for argument in arguments], **options)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "my abstracts.csv"
    path.write_text(
        f"Title,Abstract,Notes\nLoss,{GRIEF!r},mine\n,{LABOUR!r},\nLoss,{GRIEF!r},again\n".replace("'", '"')
    )
    return path


def test_a_text():
    answer = run("tag", GRIEF)
    assert answer.exit_code == 0
    assert answer.stdout.startswith("grief\t")
    assert run("tag", LABOUR).stdout == ""


def test_a_text_as_json():
    answer = json.loads(run("tag", GRIEF, "--json").stdout)
    assert answer["tags"] == ["grief"]
    assert set(answer) == {"tags", "probabilities", "neuropeptide", "review"}


def test_a_pasted_page_on_standard_input():
    page = f"Skip to content\nLog in\n\nLoss and oxytocin\n\nAbstract\n{GRIEF}\n\nFull text links\nCookies\n"
    assert run("tag", "-", input=page).stdout.startswith("grief\t")


def test_records_on_standard_input():
    answer = run("tag", "-", input=f"TY  - JOUR\nTI  - Loss\nAB  - {GRIEF}\nER  - \n")
    assert answer.stdout == "grief\tLoss\n"


def test_a_table_keeps_its_columns(table, tmp_path):
    answer = run("tag", table, "-o", tmp_path / "out.csv", "--summary", tmp_path / "summary.json")
    assert answer.exit_code == 0, answer.output
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["Notes"] for row in rows] == ["mine", "", "again"]
    assert [row["tags"] for row in rows] == ["grief", "", "grief"]
    assert 0.5 < float(rows[0]["p_grief"]) <= 1
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["read"], summary["tagged"], summary["duplicates"]) == (3, 2, 0)
    assert summary["domains"]["grief"] == 2
    assert "3 records read" in answer.stderr


def test_named_columns(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text(f'zusammen,wert\n"{GRIEF}",1\n')
    assert run("tag", path).exit_code == 1
    answer = run("tag", path, "--text-column", "zusammen")
    assert answer.stdout.startswith("grief\t")


def test_several_files_and_a_bad_one(table, tmp_path):
    (tmp_path / "bad.ris").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    answer = run("tag", table, tmp_path / "bad.ris", "-o", tmp_path / "out.jsonl")
    assert answer.exit_code == 3
    assert "bad.ris" in answer.stderr
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 3


def test_back_into_a_reference_manager(tmp_path):
    path = tmp_path / "zotero.ris"
    path.write_text(f"TY  - JOUR\nTI  - Loss\nAB  - {GRIEF}\nKW  - mourning\nER  - \n")
    assert run("tag", path, "-o", tmp_path / "out.ris").exit_code == 0
    content = (tmp_path / "out.ris").read_text(encoding="utf-8-sig")
    assert "KW  - otclass:grief" in content
    assert "KW  - mourning" in content


def test_a_folder_that_holds_the_output_of_the_run_before(table, tmp_path):
    out = table.with_name("out.csv")
    for _ in range(2):
        answer = run("tag", tmp_path, "-o", out)
        assert "3 records read" in answer.stderr
    assert f"left out: {out}" in answer.stderr
    assert len(list(read_records(out))) == 3
    assert "3 records read" in run("tag", out, "-o", out).stderr


def test_a_run_is_resumed(table, tmp_path, monkeypatch):
    out = tmp_path / "out.csv"
    monkeypatch.setattr("otclass.records.tagging._CHUNK", 1)
    whole = run("tag", table, "-o", tmp_path / "whole.csv", "--summary", tmp_path / "whole.json")
    assert whole.exit_code == 0
    from otclass.tagger import Tagger

    original, calls = Tagger.tag, []

    def interrupted(self, *arguments, **options):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(self, *arguments, **options)

    monkeypatch.setattr(Tagger, "tag", interrupted)
    assert run("tag", table, "-o", out).exit_code != 0
    assert not out.exists()
    monkeypatch.setattr(Tagger, "tag", original)
    answer = run("tag", table, "-o", out, "--resume", "--summary", tmp_path / "out.json")
    assert answer.exit_code == 0, answer.output
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert (tmp_path / "out.json").read_text() == (tmp_path / "whole.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("tag",), 2, "give a text"),
        (("tag", "missing.csv"), 1, "no such file"),
        (("tag", "my missing file.csv"), 1, "no such file"),
        (("tag", GRIEF, "--threshold", "high"), 2, "neither a number"),
        (("tag", GRIEF, "--threshold", "greif=0.3"), 1, "greif"),
        (("tag", GRIEF, "--model", "nowhere"), 1, "nowhere is no folder"),
        (("tag", GRIEF, "--resume"), 2, "--resume needs -o"),
        (("fetch", "-o", "x.nbib"), 2, "QUERY or --ids"),
        (("tag", GRIEF, "-o", "out.docx"), 1, "docx"),
    ],
)
def test_wrong_use(arguments, code, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = run(*arguments)
    assert answer.exit_code == code
    assert message in answer.stderr
    assert "Traceback" not in answer.output


def test_thresholds():
    assert run("tag", GRIEF, "--threshold", "1").stdout == ""
    assert run("tag", GRIEF, "--threshold", "grief=1", "--threshold", "therapy=0").stdout.startswith(
        "therapy\t"
    )


def test_explain():
    answer = run("explain", GRIEF)
    assert answer.exit_code == 0
    assert "grief" in answer.stdout
    assert "\x1b[" not in answer.stdout
    assert "\x1b[" in run("explain", GRIEF, "--color").stdout
    assert json.loads(run("explain", "-", "--json", input=GRIEF).stdout)
    assert run("explain", "missing.csv").exit_code == 2


def test_domains_and_version():
    assert "grief\n    Grief: Loss of" in run("domains").stdout
    assert "grief: " in run("domains", "--model", "-n", "5").stdout
    assert run("--version").exit_code == 0


def test_train_evaluate_and_tag_with_labels_of_ones_own(tmp_path, invented):
    labelled, model = tmp_path / "labelled.csv", tmp_path / "mine"
    with labelled.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["title", "abstract", "domains"])
        for row in invented:
            animal = "animal" if "rats" in row["abstract"] or "mice" in row["abstract"] else ""
            review = "review" if "review" in row["abstract"].lower() else ""
            writer.writerow([row["title"], row["abstract"], ";".join(filter(None, [animal, review]))])
    answer = run("train", labelled, "-o", model)
    assert answer.exit_code == 0, answer.output
    assert (model / "README.md").read_text().startswith("#")
    assert run("train", labelled, "-o", model).exit_code == 1
    assert json.loads(run("evaluate", model, labelled, "--json").stdout)
    text = "Rats and mice were given oxytocin; rats drank more."
    assert run("tag", text, "--model", model).stdout.startswith("animal\t")
    assert list(read_records(labelled))


def write_labelled(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["title", "abstract", "domains"])
        writer.writerows([row["title"], row["abstract"], row["domains"]] for row in rows)
    return path


def test_train_from_the_shipped_model_and_from_a_folder(tmp_path, invented):
    rows = [row for row in invented if row["domains"] in ("grief", "social_touch", "")][:60]
    labelled = write_labelled(tmp_path / "labelled.csv", [*rows, {**rows[0], "title": "New", "domains": "?"}])
    answer = run("train", labelled, "-o", tmp_path / "mine", "--start-from", "default")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.splitlines()[0].startswith("domain ")
    assert [line.split()[0] for line in answer.stdout.splitlines()[1:3]] == ["social_touch", "grief"]
    assert "stayed as in the model to start from" in answer.stderr.lower()
    assert "stress_buffering, emotion_recognition" in answer.stderr
    assert answer.stderr.count("Left out 1 row not labelled yet") == 1
    assert "on top of a model" in (tmp_path / "mine" / "README.md").read_text()
    assert run("tag", GRIEF, "--model", tmp_path / "mine").stdout.startswith("grief\t")
    again = run("train", labelled, "-o", tmp_path / "again", "--start-from", tmp_path / "mine")
    assert again.exit_code == 0, again.output


def test_train_says_whether_more_labels_would_pay(tmp_path, invented):
    of = {
        key: [row for row in invented if row["domains"] == key]
        for key in ("opioid_interaction", "synchrony", "")
    }
    rows = [*of["opioid_interaction"][:30], *of["synchrony"][:30], *of[""][:50]]
    labelled = write_labelled(tmp_path / "labelled.csv", rows)
    answer = run("train", labelled, "-o", tmp_path / "mine", "--learning-curve")
    assert answer.exit_code == 0, answer.output
    assert re.search(r"^Macro-F1 is 0\.\d\d with 110 labelled texts; .*: more ", answer.stdout, re.MULTILINE)
    assert (tmp_path / "mine" / "learning-curve.png").read_bytes().startswith(b"\x89PNG")
    few = write_labelled(tmp_path / "few.csv", rows[20:80])
    answer = run("train", few, "-o", tmp_path / "few", "--learning-curve")
    assert answer.exit_code == 0, answer.output
    assert "note: 60 labelled texts are too few for a learning curve" in answer.stderr
    assert not (tmp_path / "few" / "learning-curve.png").exists()
    assert run("train", few, "-o", "x", "--learning-curve", "--start-from", "default").exit_code == 2


def test_a_start_that_is_of_no_use(tmp_path, invented):
    labelled = write_labelled(
        tmp_path / "labelled.csv", [{**row, "domains": "human"} for row in invented[:20]]
    )
    for start, said in (
        (tmp_path / "nothing", "nothing is no folder; give the folder that `otclass train` wrote"),
        (tmp_path, "holds no config.json"),
        ("default", "The model to start from knows none of the labels human; it knows stress_buffering"),
    ):
        answer = run("train", labelled, "-o", tmp_path / "mine", "--start-from", start)
        assert answer.exit_code == 1
        assert said in answer.stderr
        assert not (tmp_path / "mine").exists()


def test_report(table, tmp_path):
    pytest.importorskip("vl_convert", reason="needs the extra otclass[report]")
    answer = run("report", table, "-o", tmp_path / "report.html", "--title", "Mine <b>")
    assert answer.exit_code == 0, answer.output
    assert "Mine &lt;b&gt;" in (tmp_path / "report.html").read_text()
    assert run("tag", table, "-o", tmp_path / "tagged.csv").exit_code == 0
    assert run("report", tmp_path / "tagged.csv", "-o", tmp_path / "again.html").exit_code == 0


def test_suggest_audit_and_compare(table, tmp_path, invented):
    out = tmp_path / "next.csv"
    assert run("suggest", table, "-n", "1", "-o", out).exit_code == 0
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1
    assert rows[0]["domains"] == "?"
    assert rows[0]["reason"]
    labelled = write_labelled(tmp_path / "labelled.csv", invented[:200])
    few = write_labelled(tmp_path / "few.csv", invented[200:210])
    answer = run("suggest", table, "-n", "1", "--labelled", few, "--labelled", labelled, "--model", "default")
    assert answer.exit_code == 0, answer.output
    asked = answer.stdout.split("\t")[0]
    positives = sum(asked in row["domains"].split(";") for row in invented[:210])
    assert f"{positives} labelled so far" in answer.stdout
    answer = run("compare", labelled, labelled)
    assert answer.exit_code == 0, answer.output
    assert "the same domains in 100.0%" in answer.stdout
    answer = run("audit", labelled, "-n", "5")
    assert answer.exit_code == 0, answer.output
    assert "labelled.csv:" in answer.stdout
