"""The pages in headless Chromium, as a curator uses them."""

import csv
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from conftest import ROOT
from record_frames import FRAMES

pytest.importorskip("fastapi")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

SERVER = """
import sys
from otclass import Tagger, read_records
from otclass.web import serve
from otclass.web.label import Curator
from otclass.web.labels import LabelledFile
tagger = Tagger.default()
pool, labelled, port = sys.argv[1:]
serve(port=int(port), tagger=tagger, curator=Curator(tagger, read_records(pool), LabelledFile(labelled)))
"""


class Server:
    """The server in a process of its own, which can be killed and started again."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.labelled = folder / "mine.csv"
        self._pool = folder / "pool.csv"
        with (ROOT / "models" / "training" / "invented.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))[:80]
        with self._pool.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerows([["title", "abstract"], *([row["title"], row["abstract"]] for row in rows)])

    def start(self):
        command = [sys.executable, "-c", SERVER, str(self._pool), str(self.labelled), str(self.port)]
        self._process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)})
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"{self.address}/health"):
                    return
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("the server does not start")

    def kill(self):
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self):
        self._process.terminate()
        self._process.wait()

    def rows(self):
        with self.labelled.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("served"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser, server):
    """A page that asks nobody but the server, and whose scripts and policies do not fail."""
    context = browser.new_context(base_url=server.address, accept_downloads=True)
    page = context.new_page()
    wrong = []
    page.on("request", lambda it: wrong.append(it.url) if not it.url.startswith(server.address) else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda it: wrong.append(it.text) if "Content Security Policy" in it.text else None)
    yield page
    context.close()
    assert wrong == []


def test_paste_shows_tags_and_evidence_at_once(page):
    page.goto("/")
    page.locator("#text").fill("Grief after bereavement: widows felt lonely. <img src=x onerror=alert(1)>")
    page.wait_for_selector("#result mark")
    assert page.locator("#result tr", has_text="Grief").get_by_text("yes").count() == 1
    assert page.locator("#result img").count() == 0
    page.locator("#text").fill("")
    page.locator("#result .bars").wait_for(state="detached")


def test_upload_filter_download(page, tmp_path):
    for kind, (before, after) in FRAMES.items():
        (tmp_path / f"{kind}.txt").write_text(before + after, encoding="utf-8")
    page.goto("/library")
    page.set_input_files("#file", sorted(tmp_path.iterdir()))
    page.get_by_role("button", name="Read and tag").click()
    page.wait_for_selector("#found")
    total = 2 * len(FRAMES)
    assert page.text_content("#found") == f"{total} of {total} records"
    page.get_by_label("Words").fill("mice after")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=mice**")
    assert page.text_content("#found") == f"{total // 2} of {total} records"
    page.get_by_label("Format").select_option("jsonl")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download these as").click()
    content = download.value.path().read_text(encoding="utf-8")
    assert content.count("\n") == total // 2
    page.get_by_role("link", name="After").first.click()
    page.wait_for_selector(".bars")


def test_drop_a_file(page):
    page.goto("/library")
    page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.items.add(new File([text], "dropped.csv"));
            document.getElementById("drop").dispatchEvent(new DragEvent("drop", {dataTransfer: data}));
        }""",
        "title,abstract\nVoles,They bond.\n",
    )
    page.wait_for_selector("#found")
    assert page.get_by_role("link", name="Voles").count() == 1


def press_and_save(page, key):
    shown = page.input_value("[name=key]")
    page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.wait_for_function("shown => document.querySelector('[name=key]').value != shown", arg=shown)


def test_label_thirty_with_the_keyboard_alone_and_a_kill_in_between(page, server):
    page.goto("/label")
    for number in range(15):
        press_and_save(page, str(number % 7 + 1))
    assert len(server.rows()) == 15
    server.kill()
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    page.get_by_text("cannot be reached").wait_for()
    assert len(server.rows()) == 15
    server.start()
    shown = page.input_value("[name=key]")
    page.keyboard.press("Enter")
    page.wait_for_function("shown => document.querySelector('[name=key]').value != shown", arg=shown)
    for number in range(14):
        press_and_save(page, str(number % 7 + 1))
    rows = server.rows()
    assert len(rows) == 30
    assert rows[15]["domains"] == "synchrony"
    assert [row["domains"] for row in rows[:2]] == ["stress_buffering", "emotion_recognition"]
    assert len({row["title"] + row["abstract"] for row in rows}) == 30


def test_guess_is_hidden_until_asked_for_and_that_is_noted(page, server):
    page.goto("/label")
    assert not page.locator("#guess mark").first.is_visible()
    press_and_save(page, "1")
    assert server.rows()[-1]["guess_shown"] == "0"
    page.keyboard.press("g")
    page.locator("#guess mark").first.wait_for()
    press_and_save(page, "1")
    assert server.rows()[-1]["guess_shown"] == "1"
    assert page.locator("#guess mark").first.is_visible()


def test_skip_back_and_change(page, server):
    page.goto("/label")
    shown = page.input_value("[name=key]")
    page.keyboard.press("s")
    page.wait_for_function("shown => document.querySelector('[name=key]').value != shown", arg=shown)
    press_and_save(page, "2")
    n = len(server.rows())
    page.keyboard.press("b")
    page.wait_for_url("**record=**")
    assert page.locator("input:checked").get_attribute("value") == "emotion_recognition"
    page.keyboard.press("5")
    page.keyboard.press("Enter")
    page.get_by_text("labelled before").wait_for(state="detached")
    assert len(server.rows()) == n
    assert server.rows()[-1]["domains"] == "emotion_recognition;grief"


def test_two_tabs_do_not_overwrite_each_other(page, server):
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto("/label")
    press_and_save(page, "1")
    other.keyboard.press("2")
    other.keyboard.press("Enter")
    other.get_by_role("alert").wait_for()
    assert server.rows()[-1]["domains"] == "stress_buffering"
    assert other.locator("input:checked").get_attribute("value") == "emotion_recognition"
    other.keyboard.press("Enter")
    other.get_by_role("alert").wait_for(state="detached")
    assert server.rows()[-1]["domains"] == "emotion_recognition"
