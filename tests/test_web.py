"""The pages and the API through an in-process client."""

import re

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx2")

from fastapi.testclient import TestClient

from otclass.web import create_app, serve
from otclass.web.api import Together
from otclass.web.guard import MAX_BODY

TEXT = (
    "Intranasal oxytocin and grief after bereavement. Widows who lost a partner felt lonely; yearning fell "
    "with oxytocin & the <b>placebo</b> did nothing."
)
HOST = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def app():
    return create_app()


@pytest.fixture
def client(app):
    with TestClient(app, base_url=HOST, raise_server_exceptions=False) as client:
        yield client


def csrf(client, path="/"):
    return re.search(r'name="csrf" value="(\w+)"', client.get(path).text)[1]


# --- API ----------------------------------------------------------------------------------------------------


def test_one_text_as_the_tagger_tags_it(client):
    from otclass import tag

    answer = client.post("/api/tag", json={"text": TEXT}).json()
    tags = tag(TEXT)
    assert answer["tags"] == list(tags)
    assert answer["review"] == list(tags.review)
    assert answer["probabilities"] == pytest.approx(tags.probabilities, abs=1e-4)


def test_batch_answers_in_order_what_single_texts_get(client):
    texts = [{"text": TEXT}, {"title": "Massage", "abstract": "Gentle touch."}, {"text": ""}]
    single = [client.post("/api/tag", json=text).json() for text in texts]
    assert client.post("/api/tag", json={"texts": texts}).json() == {"answers": single}


def test_texts_at_once_get_each_its_own_answer(client):
    from concurrent.futures import ThreadPoolExecutor

    texts = [{"text": f"{word} and oxytocin"} for word in ("Grief", "Massage", "Naloxone", "Stress")] * 8
    alone = [client.post("/api/tag", json=text).json() for text in texts[:4]]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: client.post("/api/tag", json=text).json(), texts))
    assert together == alone * 8


def test_api_takes_json_alone(client):
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = client.post("/api/tag", content=b'{"text": "a"}', headers={"content-type": kind})
        assert answer.status_code == 415


def test_long_texts_and_too_long_ones(client):
    from otclass.web.api import MAX_TEXT

    assert client.post("/api/tag", json={"text": "grief " * 5000}).status_code == 200
    assert client.post("/api/tag", json={"text": "x" * (MAX_TEXT + 1)}).status_code == 422
    assert client.post("/", data={"text": "x" * (MAX_TEXT + 1), "csrf": csrf(client)}).status_code == 413


@pytest.mark.parametrize(
    "body",
    ['{"text": 1}', "{}", "[", '{"text": "a", "title": "b"}', '{"text": "\\ud800"}', "NaN", "null", "\xff"],
)
def test_api_says_why_a_request_is_no_request(client, body):
    answer = client.post(
        "/api/tag", content=body.encode("latin-1"), headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]


def test_domains_and_health(client):
    from otclass.domains import DOMAIN_KEYS

    assert [domain["key"] for domain in client.get("/api/domains").json()] == list(DOMAIN_KEYS)
    assert client.get("/health").json() == {"status": "ok"}


def test_openapi_names_every_api_path_and_no_page(client):
    assert set(client.get("/openapi.json").json()["paths"]) == {"/api/tag", "/api/domains", "/health"}


# --- Guard --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "", "[", "localhost@x"]
)
def test_other_hosts_are_refused(client, host):
    assert client.get("/", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000"])
def test_names_of_this_machine_are_known(client, host):
    assert client.get("/health", headers={"host": host}).status_code == 200


def test_other_origins_are_refused(client):
    for headers in ({"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert client.post("/api/tag", json={"text": "a"}, headers=headers).status_code == 403
    assert client.post("/api/tag", json={"text": "a"}, headers={"origin": HOST}).status_code == 200


def test_forms_need_the_token_of_their_session(client):
    good = csrf(client)
    assert client.post("/", data={"text": TEXT, "csrf": good}).status_code == 200
    for bad in ("", "x", "é"):
        assert client.post("/", data={"text": TEXT, "csrf": bad}).status_code == 403
    client.cookies.clear()
    assert client.post("/", data={"text": TEXT, "csrf": good}).status_code == 403


def test_large_bodies_are_refused_with_and_without_their_length(client):
    big = b" " * (MAX_BODY + 1)
    headers = {"content-type": "application/json"}
    assert client.post("/api/tag", content=big, headers=headers).status_code == 413
    assert client.post("/api/tag", content=iter([big]), headers=headers).status_code == 413


def test_every_answer_carries_the_policies(client):
    for path in ("/", "/library", "/nowhere", "/static/page.js", "/api/domains"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_pages_hold_no_inline_script_and_ask_nobody_else(client):
    client.post("/", data={"text": TEXT, "csrf": csrf(client)})
    for path in ("/", "/library", "/label"):
        page = client.get(path).text
        assert not re.search(r"<script(?![^>]* src=\"/static/)|\son\w+=|https?://", page)


def test_token_is_asked_for_and_remembered():
    app = create_app(hosts={"lab.example"}, addresses=True, token="secret-token")
    with TestClient(app, base_url="http://lab.example") as client:
        assert client.get("/health").status_code == 200
        assert client.get("/").status_code == 401
        assert client.get("/?token=wrong").status_code == 401
        assert client.post("/api/tag", json={"text": "a"}).status_code == 401
        bearer = {"authorization": "Bearer secret-token"}
        assert client.post("/api/tag", json={"text": "a"}, headers=bearer).status_code == 200
        answer = client.get("/?token=secret-token", follow_redirects=False)
        assert answer.headers["location"] == "/"
        answer = client.get("http://lab.example//evil.example?token=secret-token", follow_redirects=False)
        assert answer.headers["location"] == "/evil.example"
        assert client.get("/").status_code == 200
        assert client.get("/health", headers={"host": "192.168.1.5:8000"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "given", "asks"),
    [("127.0.0.1", "", False), ("::1", "", False), ("localhost", "mine", True), ("0.0.0.0", "", True)],
)
def test_serve_prints_its_address_and_makes_up_a_token_for_others(monkeypatch, capsys, host, given, asks):
    served = []
    monkeypatch.setattr("uvicorn.run", lambda app, **settings: served.append((app, settings)))
    serve(host, 8001, token=given)
    app, settings = served[0]
    assert settings["host"] == host
    token = re.fullmatch(r"http://\S+:8001/(?:\?token=(\S+))?\n", capsys.readouterr().out)[1]
    assert bool(token) == asks
    assert not given or token == given
    with TestClient(app, base_url="http://localhost:8001") as client:
        assert client.get("/").status_code == (401 if asks else 200)
        assert client.get("/", params={"token": token or ""}).status_code == 200


def test_a_fault_tells_the_log_and_not_the_caller(caplog):
    app = create_app()
    app.state.together = Together(None)
    client = TestClient(app, base_url=HOST, raise_server_exceptions=False)
    answer = client.post("/api/tag", json={"text": "a"})
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "a request failed" in caplog.text


# --- Read ---------------------------------------------------------------------------------------------------


def test_read_shows_tags_and_evidence_and_escapes(client):
    page = client.post("/", data={"text": TEXT, "csrf": csrf(client)}).text
    assert "<mark" in page
    assert "&lt;b&gt;" in page
    assert "<b>placebo" not in page
    fragment = client.post("/", data={"text": TEXT, "csrf": csrf(client)}, headers={"X-Fragment": "1"}).text
    assert "<mark" in fragment
    assert "<html" not in fragment


def test_read_without_text_shows_no_result(client):
    assert "<table" not in client.post("/", data={"text": " ", "csrf": csrf(client)}).text
