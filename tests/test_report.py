import base64
import csv
import gzip
import hashlib
import html
import io
import json
import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from otclass.domains import DOMAIN_KEYS
from otclass.records import Record, RecordError, read_records
from otclass.records.write import write_records
from otclass.report import (
    _collect,
    _domain_figure,
    _growth_figure,
    _map,
    _marks,
    _pair_figure,
    _year_figure,
    stored_tags,
    write_report,
)
from otclass.tagger import Tagger

pytestmark = pytest.mark.skipif(
    find_spec("vl_convert") is None or find_spec("sklearn") is None, reason="needs the extra otclass[report]"
)
HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='hacked=1'> \U0001f400 & grief"
CHROMIUM = Path("/usr/bin/chromium")


class FakeTags(tuple):
    """Tags made up, for counting."""

    def __new__(cls, *keys, review=()):
        made = super().__new__(cls, keys)
        made.probabilities = {key: 0.9 if key in keys else 0.1 for key in DOMAIN_KEYS}
        made.neuropeptide = None
        made.review = review
        return made


@pytest.fixture(scope="module")
def tagger():
    return Tagger.default()


@pytest.fixture(scope="module")
def items(invented, tagger):
    """300 invented abstracts with made-up years, journals and ids; one with a hostile title."""
    records = [
        Record(
            title=row["title"],
            abstract=row["abstract"],
            year=1990 + place % 30 if place % 50 else None,
            journal=f"Journal {place % 4}",
            authors=(f"Family{place}, A", "Other, B"),
            pmid=str(1000 + place),
            doi=f"10.1000/x{place}",
        )
        for place, row in enumerate(invented[:300])
    ]
    records[0].title = HOSTILE
    records[0].abstract = "=Grief \U0001f400 of bereaved parents: loneliness after the loss of a child."
    tags = tagger.tag(title=[r.title for r in records], abstract=[r.abstract for r in records])
    return list(zip(records, tags, strict=True))


@pytest.fixture(scope="module")
def report(items, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(items, path, title="Meeting <b>&</b> </title>")
    return path


def data_of(report):
    packed = re.search(r'id="data">([^<]*)<', report.read_text("utf-8"))[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


# --- Counting


@pytest.fixture(scope="module")
def collection():
    keys = [("grief",), ("grief", "therapy"), (), ("therapy",), ("grief",)]
    years = [2010, 2011, 2011, None, 2012]
    items = [
        (Record(title=str(place), year=year), FakeTags(*its, review=("grief",) if place in (1, 2) else ()))
        for place, (its, year) in enumerate(zip(keys, years, strict=True))
    ]
    return _collect(items, DOMAIN_KEYS)


def rows(figure):
    return {first: rest for first, *rest in figure.rows}


def test_domains_are_counted(collection):
    found = rows(_domain_figure(collection))
    assert found["Grief"] == [3, 1, 1, "60%"]
    assert found["Therapy"] == [2, 0, 0, "40%"]


def test_years_are_counted_and_unknown_ones_kept_apart(collection):
    figure = _year_figure(collection)
    found = {year: dict(zip(figure.head[1:], counts, strict=True)) for year, counts in rows(figure).items()}
    assert list(found) == ["unknown", "2010", "2011", "2012"]
    assert [found[year]["All abstracts"] for year in found] == [1, 1, 2, 1]
    assert found["2011"]["Grief"] == found["2011"]["Therapy"] == 1


def test_pairs_are_counted(collection):
    figure = _pair_figure(collection)
    assert rows(figure)["Grief"][figure.head.index("Therapy") - 1] == 1
    assert rows(figure)["Therapy"][figure.head.index("Therapy") - 1] == 2


def growth(years, this_year):
    items = [(Record(year=year), FakeTags("grief")) for year in years]
    return _growth_figure(_collect(items, DOMAIN_KEYS), this_year)


def test_growth_leaves_out_the_year_that_is_not_over():
    figure = growth([2018] * 2 + [2019] * 3 + [2020] * 50, 2020)
    assert figure.head[1:3] == ("2018", "2019")
    assert rows(figure)["Grief"] == [2, 3, "+50%"]
    assert rows(figure)["Therapy"] == [0, 0, "–"]


def test_growth_compares_five_years_with_five_before():
    figure = growth([*range(2000, 2020), 2015], 2026)
    assert figure.head[1:3] == ("2010–2014", "2015–2019")
    assert rows(figure)["All abstracts"] == [5, 6, "+20%"]


@pytest.mark.parametrize("years", [[None], [2020], [2019, 2019]])
def test_growth_of_a_single_year_is_not_told(years):
    assert growth(years, 2020).rows == ()


# --- Each record


def test_marks_stand_on_the_evidence_even_behind_characters_beyond_the_first_plane(tagger):
    title, abstract = "\U0001f400 \U0001f400", "Grief of bereaved parents."
    explanation = tagger.explain(title=title, abstract=abstract)
    marks = _marks(explanation, ["grief"], {"grief": 4})
    at, found = 0, []
    for gap, length, domain in zip(*[iter(marks)] * 3, strict=True):
        at += gap
        found.append(explanation.source[at : at + length])
        at += length
        assert domain == 4
    assert "Grief" in found
    assert all(word.strip() for word in found)


@pytest.mark.parametrize("n", [1, 2, 60])
@pytest.mark.parametrize("abstract", ["", "Grief of parents, number {}."])
def test_map_holds_few_or_empty_records(tagger, n, abstract):
    places = _map(tagger.model, [Record(abstract=abstract.format(place)) for place in range(n)])
    assert places.shape == (n, 2)
    assert ((places >= 0) & (places <= 1)).all()


def test_map_is_the_same_again_and_keeps_domains_together(tagger, items):
    records = [record for record, _ in items]
    places = _map(tagger.model, records)
    np.testing.assert_array_equal(places, _map(tagger.model, records))
    of_opioids = np.array(["opioid_interaction" in tags for _, tags in items])
    distance = np.linalg.norm(places[:, None] - places, axis=2) + 9 * np.eye(len(places))
    nearest = distance.argmin(1)
    assert of_opioids[nearest][of_opioids].mean() > 1.3 * of_opioids.mean()


# --- Tagged before


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_tags_stored_in_a_file_are_read_again(items, tmp_path, ending):
    path = tmp_path / f"tagged.{ending}"
    write_records(items[1:20], path)
    for record, (_, tags) in zip(read_records(path), items[1:20], strict=True):
        stored = stored_tags(record, DOMAIN_KEYS)
        assert (tuple(stored), stored.review) == (tuple(tags), tags.review)
        assert stored.probabilities == pytest.approx(tags.probabilities, abs=1e-4)
        assert stored.neuropeptide == pytest.approx(tags.neuropeptide, abs=1e-4)


def test_a_record_not_tagged_before_has_no_stored_tags():
    assert stored_tags(Record(raw={"tags": "grief", "title": "x"}), DOMAIN_KEYS) is None
    assert stored_tags(Record(), DOMAIN_KEYS) is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("p_grief", "high", "'high' is no probability"),
        ("p_grief", None, "None is no probability"),
        ("p_grief", "1.5", "no probability"),
        ("neuropeptide", "nan", "no probability"),
        ("tags", "grief;sorrow", "'sorrow' is none of"),
    ],
)
def test_stored_tags_that_are_damaged_are_named(name, value, message):
    raw = {**{f"p_{key}": "0.5" for key in DOMAIN_KEYS}, "tags": "grief", "review": "", name: value}
    with pytest.raises(RecordError, match=rf"my\.csv:7: field {name}: .*{message}"):
        stored_tags(Record(source="my.csv", source_line=7, raw=raw), DOMAIN_KEYS)


# --- The file


def test_the_file_holds_no_markup_of_a_record_and_a_policy_that_fits(report):
    page = report.read_text("utf-8")
    assert page.count("<script") == page.count("</script>") == 3
    assert HOSTILE not in page
    assert "<h1>Meeting &lt;b&gt;&amp;&lt;/b&gt; &lt;/title&gt;</h1>" in page
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    for content in [
        *re.findall(r"<script>(.*?)</script>", page, re.S),
        re.search("<style>(.*?)</style>", page, re.S)[1],
    ]:
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_the_data_are_those_of_the_records(report, items):
    records = data_of(report)["records"]
    assert {len(column) for column in records.values()} == {len(items)}
    assert records["title"] == [record.title for record, _ in items]
    assert [[DOMAIN_KEYS[domain] for domain in its] for its in records["tags"]] == [
        list(tags) for _, tags in items
    ]
    assert any(records["marks"])


def test_a_report_is_written_whole_or_not_at_all(items, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("before")

    def interrupt(done, total):
        assert (done, total) == (1, 1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_report(items[:1], path, progress=interrupt)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("report.html", "before")]


def test_what_makes_no_report_is_said(items, tmp_path):
    with pytest.raises(ValueError, match="no records"):
        write_report([], tmp_path / "report.html")
    with pytest.raises(FileNotFoundError, match="missing is no folder"):
        write_report(items, tmp_path / "missing" / "report.html")
    lacking = FakeTags("grief")
    del lacking.probabilities["therapy"]
    with pytest.raises(ValueError, match="record 1 has no probability of therapy"):
        write_report([(Record(), lacking)], tmp_path / "report.html")


# --- In a browser


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's Chromium (apt-get install chromium)")
    with playwright.sync_playwright() as run:
        started = run.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield started
        started.close()


@pytest.fixture(params=["desktop light", "phone dark"])
def page(browser, report, request):
    """The report, opened and drawn; whatever it says on the console or asks for fails the test."""
    width = 390 if "phone" in request.param else 1280
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=request.param.split()[1], accept_downloads=True
    )
    page = context.new_page()
    noticed = []
    page.on("console", lambda message: noticed.append(message.text))
    page.on("pageerror", lambda error: noticed.append(str(error)))
    page.on("request", lambda asked: noticed.append(asked.url))
    page.goto(report.as_uri())
    page.wait_for_selector("body[data-state=drawn]")
    yield page
    assert [what for what in noticed if what != report.as_uri() and not what.startswith("blob:")] == []
    assert page.evaluate("window.hacked") is None
    context.close()


def count(page, expected):
    page.wait_for_function(
        "n => document.querySelector('#count').textContent.startsWith(`${n} of`)", arg=str(expected)
    )


def titles(page):
    return page.locator("#rows [data-open]").all_inner_texts()


def test_page_draws_every_figure_within_the_window(page):
    assert page.locator("#years svg").count() == len(DOMAIN_KEYS)
    assert page.locator("#domains svg, #pairs svg, #growth svg").count() == 3
    assert page.locator("#map canvas").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.locator("#trouble").is_hidden()
    assert page.locator("#table").get_attribute("role") == "table"
    assert page.get_by_role("columnheader").count() >= 5


def test_page_shows_markup_in_a_title_as_text(page):
    page.fill("#search", "hacked")
    count(page, 1)
    assert titles(page) == [HOSTILE]


def test_page_searches_and_filters(page, items):
    page.fill("#search", "GRIEF oxytocin")
    expected = sum(
        all(word in "\n".join([r.title, r.abstract]).lower() for word in ("grief", "oxytocin"))
        for r, _ in items
    )
    count(page, expected)
    page.get_by_role("button", name="Clear").click()
    count(page, len(items))
    page.get_by_role("checkbox", name="Grief").check()
    page.get_by_role("checkbox", name="Therapy").check()
    count(page, sum("grief" in tags or "therapy" in tags for _, tags in items))
    page.select_option("#mode", "all")
    count(page, sum("grief" in tags and "therapy" in tags for _, tags in items))
    page.get_by_role("button", name="Clear").click()
    page.fill("#from", "2000")
    page.fill("#to", "2004")
    count(page, sum(2000 <= (record.year or 0) <= 2004 for record, _ in items))
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("checkbox", name="uncertain only").check()
    count(page, sum(bool(tags.review) for _, tags in items))


def test_page_sorts_and_turns(page, items):
    years = sorted((record.year or 0 for record, _ in items), reverse=True)
    cell = "#rows tr td:nth-child(2)"
    page.get_by_role("button", name="Year", exact=True).press("Enter")
    assert page.locator("[data-sort=year]").get_attribute("aria-sort") == "descending"
    assert page.locator(cell).all_inner_texts() == [str(year) for year in years[:25]]
    page.get_by_role("button", name="Next").press("Enter")
    assert page.locator(cell).all_inner_texts() == [str(year) for year in years[25:50]]
    page.get_by_role("button", name="Year", exact=True).press("Enter")
    assert page.locator("[data-sort=year]").get_attribute("aria-sort") == "ascending"
    assert page.locator(cell).first.inner_text() == ""
    assert page.locator("#page").inner_text() == "Page 1 of 12"


def test_page_unfolds_an_abstract_with_its_evidence_by_keyboard(page, items):
    page.fill("#search", "bereaved parents: loneliness")
    count(page, 1)
    button = page.locator("#rows [data-open]")
    button.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    text = page.locator("#rows .text")
    assert items[0][0].abstract in text.inner_text()
    assert {"Grief", "bereaved"} <= set(text.locator("mark[title=Grief]").all_inner_texts())
    assert (
        text.get_by_role("link", name="PMID 1000").get_attribute("href")
        == "https://pubmed.ncbi.nlm.nih.gov/1000/"
    )
    button.press("Enter")
    assert text.count() == 0


def test_page_leads_from_the_uncertain_ones_to_the_table(page, items):
    first = page.locator("[data-record]").first
    first.click()
    record = int(first.get_attribute("data-record"))
    assert page.evaluate("document.activeElement.dataset.open") == str(record)
    assert items[record][0].abstract[:40] in page.locator("#rows .text").inner_text()
    page.get_by_role("button", name="All uncertain ones").click()
    count(page, sum(bool(tags.review) for _, tags in items))
    doubts = [float(text.split()[-1]) for text in page.locator("#rows td[data-label]").all_inner_texts()]
    assert doubts == sorted(doubts, reverse=True)


def test_page_downloads_what_the_filters_left(page, items, tmp_path):
    page.get_by_role("checkbox", name="Grief").check()
    chosen = [(record, tags) for record, tags in items if "grief" in tags]
    count(page, len(chosen))
    for name in ("CSV", "RIS"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Download these as {name}").click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        read = list(read_records(path))
        assert [(r.title, r.year, r.doi, r.pmid, r.journal, r.authors) for r in read] == [
            (r.title, r.year, r.doi, r.pmid, r.journal, r.authors) for r, _ in chosen
        ]
        assert read[0].abstract == chosen[0][0].abstract
        if name == "CSV":
            assert [tuple(stored_tags(record, DOMAIN_KEYS)) for record in read] == [
                tuple(tags) for _, tags in chosen
            ]
            first = next(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
            assert first["abstract"].startswith("'=Grief")
        else:
            marks = Counter(value for record in read for tag, value in record.raw["fields"] if tag == "KW")
            assert marks["otclass:grief"] == len(chosen)
