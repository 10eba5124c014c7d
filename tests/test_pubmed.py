"""PubMed against a stub of the E-utilities on loopback; time is a fake clock's."""

import contextlib
import csv
import json
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pubmed_stub import Fault, StubPubMed, error, medline, serving

from otclass import pubmed
from otclass.pubmed import Eutils, PubMedError, fetch, read_ids, rebuild_corpus, search_records
from otclass.records.record import RecordWarning


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def fake_time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    fake = FakeTime()
    monkeypatch.setattr(Eutils, "clock", staticmethod(fake.clock))
    monkeypatch.setattr(Eutils, "sleep", staticmethod(fake.sleep))
    for name in ("NCBI_API_KEY", "NCBI_EMAIL", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return fake


@pytest.fixture
def stub(fake_time: FakeTime) -> Iterator[StubPubMed]:
    """PubMed with twelve records; batches are of five."""
    with serving(StubPubMed(range(101, 113))) as server:
        server.clock = fake_time.clock
        yield server


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubmed, "BATCH", 5)


def pmids(path: Path) -> list[int]:
    text = path.read_text(encoding="utf-8")
    return [int(line[6:]) for line in text.splitlines() if line.startswith("PMID- ")]


EVERY = list(range(112, 100, -1))


class TestFetch:
    def test_query(self, stub: StubPubMed, tmp_path: Path) -> None:
        seen: list[tuple[int, int]] = []
        output = tmp_path / "voles α.nbib"
        result = fetch(
            "oxytocin AND grief",
            output=output,
            base_url=stub.url,
            progress=lambda done, total: seen.append((done, total)),
        )
        assert output.read_text(encoding="utf-8") == "".join(medline(pmid) + "\n" for pmid in EVERY)
        assert (result.found, result.written, result.resumed, result.missing) == (12, 12, 0, ())
        assert seen == [(0, 12), (5, 12), (10, 12), (12, 12)]
        assert list(tmp_path.iterdir()) == [output]

    def test_asks_as_documented(self, stub: StubPubMed, tmp_path: Path) -> None:
        fetch("voles", output=tmp_path / "a.nbib", base_url=stub.url, email="anna@example.org", api_key="k3y")
        search, *fetches = stub.requests
        identity = {"db": "pubmed", "tool": "otclass", "email": "anna@example.org", "api_key": "k3y"}
        assert search == (
            "esearch",
            {"term": "voles", "usehistory": "y", "retmax": "9999", "retmode": "xml", **identity},
        )
        assert fetches == [
            (
                "efetch",
                {
                    "WebEnv": "MCID_0",
                    "query_key": "1",
                    "retstart": str(start),
                    "retmax": str(count),
                    "rettype": "medline",
                    "retmode": "text",
                    **identity,
                },
            )
            for start, count in [(0, 5), (5, 5), (10, 2)]
        ]

    def test_identity_from_the_environment(
        self, stub: StubPubMed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NCBI_API_KEY", "from-environment")
        monkeypatch.setenv("NCBI_EMAIL", "berta@example.org")
        fetch("voles", output=tmp_path / "a.nbib", base_url=stub.url)
        assert {request["api_key"] for _, request in stub.requests} == {"from-environment"}
        assert {request["email"] for _, request in stub.requests} == {"berta@example.org"}

    def test_ids_are_posted(self, stub: StubPubMed, tmp_path: Path) -> None:
        output = tmp_path / "a.nbib"
        result = fetch(ids=["105", " 103 ", "105"], output=output, base_url=stub.url)
        assert pmids(output) == [105, 103]
        assert result.found == 2
        assert [request["id"] for request in stub.asked("epost")] == ["105,103"]

    def test_many_ids_are_posted_in_parts(
        self, stub: StubPubMed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pubmed, "POSTED", 7)
        output = tmp_path / "a.nbib"
        fetch(ids=map(str, EVERY), output=output, base_url=stub.url)
        assert pmids(output) == EVERY
        assert [request["id"].count(",") + 1 for request in stub.asked("epost")] == [7, 5]

    def test_nothing_found(self, stub: StubPubMed, tmp_path: Path) -> None:
        output = tmp_path / "a.nbib"
        output.write_text("old")
        stub.search_extra = "<ErrorList><PhraseNotFound>oxytozin</PhraseNotFound></ErrorList>"
        with pytest.raises(PubMedError, match=r"No record .* 'nothing'.*does not know the phrase 'oxytozin'"):
            fetch("nothing", output=output, base_url=stub.url)
        assert output.read_text() == "old"
        assert list(tmp_path.iterdir()) == [output]

    def test_what_pubmed_left_out_is_told(self, stub: StubPubMed, tmp_path: Path) -> None:
        stub.search_extra = (
            "<ErrorList><FieldNotFound>tiab2</FieldNotFound></ErrorList>"
            "<WarningList><QuotedPhraseNotFound>&quot;vole grief&quot;</QuotedPhraseNotFound></WarningList>"
        )
        result = fetch("voles", output=tmp_path / "a.nbib", base_url=stub.url)
        assert result.notes == (
            "PubMed does not know the search field 'tiab2'.",
            "PubMed does not know the quoted phrase '\"vole grief\"'.",
        )

    @pytest.mark.parametrize(
        ("query", "ids", "message"),
        [
            (None, None, "either"),
            ("voles", ["1"], "either"),
            (" ", None, "query is empty"),
            (None, [], "list of PMIDs is empty"),
            (None, ["12", "PMC12", "0", "123456789", "1e5"], "4 of 5 entries are no PMIDs.*'PMC12'"),
        ],
    )
    def test_wrong_requests_are_not_sent(
        self, stub: StubPubMed, tmp_path: Path, query: str | None, ids: list[str] | None, message: str
    ) -> None:
        with pytest.raises(PubMedError, match=message):
            fetch(query, ids=ids, output=tmp_path / "a.nbib", base_url=stub.url)
        assert stub.requests == []

    def test_folder_lacking(self, stub: StubPubMed, tmp_path: Path) -> None:
        with pytest.raises(PubMedError, match=r"folder .*absent does not exist"):
            fetch("voles", output=tmp_path / "absent" / "a.nbib", base_url=stub.url)
        assert stub.requests == []

    def test_address_is_http(self, tmp_path: Path) -> None:
        with pytest.raises(PubMedError, match="must begin with https"):
            fetch("voles", output=tmp_path / "a.nbib", base_url="file:///etc/")


class TestLimitOfOneSearch:
    """PubMed hands over 9,999 records of a search; here the stub does the same with as many."""

    @pytest.fixture
    def large(self, fake_time: FakeTime, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubPubMed]:
        monkeypatch.setattr(pubmed, "BATCH", 5_000)
        with serving(StubPubMed([*range(1, 12_001), *range(30_000_000, 30_011_000)])) as server:
            server.clock = fake_time.clock
            yield server

    def test_divided_by_pmid(self, large: StubPubMed, tmp_path: Path) -> None:
        output = tmp_path / "a.nbib"
        result = fetch("voles OR mice", output=output, base_url=large.url)
        assert sorted(pmids(output)) == sorted(large.pmids)
        assert (result.written, result.missing) == (23_000, ())
        terms = [request["term"] for request in large.asked("esearch")]
        assert terms[1:3] == [
            "(voles OR mice) AND 1:50000000[UID]",
            "(voles OR mice) AND 50000001:99999999[UID]",
        ]

    def test_ranges_not_understood(self, large: StubPubMed, tmp_path: Path) -> None:
        large.understands_ranges = False
        with pytest.raises(PubMedError, match=r"matches 23,000 records.*could not be divided"):
            fetch("voles", output=tmp_path / "a.nbib", base_url=large.url)


HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
RATE = b'{"error":"API rate limit exceeded","api-key":"192.0.2.1","count":"4","limit":"3"}'


class TestFaults:
    @pytest.mark.parametrize("utility", ["esearch", "efetch"])
    @pytest.mark.parametrize(
        "fault",
        [
            pytest.param({"status": 429, "body": RATE}, id="429"),
            pytest.param({"body": RATE}, id="rate-limit-with-status-200"),
            pytest.param({"status": 500, "body": b""}, id="500"),
            pytest.param({"status": 502, "body": HTML}, id="502-html"),
            pytest.param({"body": HTML}, id="html-with-status-200"),
            pytest.param({"cut": True}, id="connection-cut"),
            pytest.param({"spoil": lambda answer: answer[: len(answer) // 2]}, id="truncated"),
            pytest.param({"body": b""}, id="empty"),
            pytest.param({"body": b"\x00\xff\x1f\x8b{"}, id="junk"),
            pytest.param({"body": b'{"error": '}, id="broken-json"),
            pytest.param({"body": error("Search Backend failed: busy")}, id="backend-failed"),
            pytest.param(
                {"status": 400, "body": error("External viewer error: Status: Timeout")}, id="400-timeout"
            ),
        ],
    )
    def test_one_fault_is_got_over(
        self, stub: StubPubMed, fake_time: FakeTime, tmp_path: Path, utility: str, fault: dict[str, object]
    ) -> None:
        stub.faults.append(Fault(utility, **fault))  # type: ignore[arg-type]
        output = tmp_path / "a.nbib"
        result = fetch("voles", output=output, base_url=stub.url)
        assert output.read_text(encoding="utf-8") == "".join(medline(pmid) + "\n" for pmid in EVERY)
        assert result.missing == ()
        assert 1.0 in fake_time.slept

    @given(st.data())
    def test_truncated_anywhere(self, data: st.DataObject) -> None:
        whole = "".join("\n" + medline(pmid) for pmid in (1, 2, 3)).encode()
        body = whole[: data.draw(st.integers(0, len(whole) - 1))]
        try:
            records, complete = pubmed._medline_records(body)
        except pubmed._TransientError:
            return
        ends = {whole.index(b"PMID- %d\n" % pmid) - 1: pmid - 1 for pmid in (2, 3)}
        assert complete == (len(body) in ends or len(body) - 1 in ends)
        if complete:
            assert len(records) in (1, 2)

    @given(st.binary(max_size=300))
    def test_any_bytes(self, body: bytes) -> None:
        for read in (pubmed._medline_records, pubmed._search_result):
            with contextlib.suppress(pubmed._TransientError, PubMedError):
                read(body)

    def test_malformed_xml_of_epost(self, stub: StubPubMed, tmp_path: Path) -> None:
        stub.faults.append(Fault("epost", body=b"<ePostResult><QueryKey>1</Quer"))
        assert fetch(ids=["101"], output=tmp_path / "a.nbib", base_url=stub.url).written == 1

    def test_entities_are_refused(self, stub: StubPubMed, tmp_path: Path) -> None:
        bomb = b'<!DOCTYPE e [<!ENTITY a "b">]><eSearchResult><Count>&a;</Count></eSearchResult>'
        stub.faults.append(Fault("esearch", body=bomb))
        with pytest.raises(PubMedError, match="entities"):
            fetch("voles", output=tmp_path / "a.nbib", base_url=stub.url)

    def test_back_off_doubles_then_gives_up(
        self, stub: StubPubMed, fake_time: FakeTime, tmp_path: Path
    ) -> None:
        stub.faults.extend([Fault("esearch", status=503)] * 5)
        with pytest.raises(PubMedError, match=r"did not answer after 5 attempts: HTTP status 503.*continues"):
            fetch("voles", output=tmp_path / "a.nbib", base_url=stub.url)
        assert fake_time.slept == [1, 2, 4, 8]

    def test_retry_after_seconds(self, stub: StubPubMed, fake_time: FakeTime, tmp_path: Path) -> None:
        stub.faults.append(Fault("esearch", status=429, headers={"Retry-After": "37"}, body=RATE))
        fetch("voles", output=tmp_path / "a.nbib", base_url=stub.url)
        assert fake_time.slept[0] == 37

    def test_retry_after_date(
        self, stub: StubPubMed, fake_time: FakeTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pubmed.time, "time", lambda: 1_700_000_000.0)
        date = "Tue, 14 Nov 2023 22:13:50 GMT"  # thirty seconds after that
        stub.faults.append(Fault("esearch", status=503, headers={"Retry-After": date}))
        fetch("voles", output=tmp_path / "a.nbib", base_url=stub.url)
        assert fake_time.slept[0] == pytest.approx(30)

    def test_retry_after_nonsense_counts_as_none(
        self, stub: StubPubMed, fake_time: FakeTime, tmp_path: Path
    ) -> None:
        stub.faults.append(Fault("esearch", status=503, headers={"Retry-After": "soon"}))
        fetch("voles", output=tmp_path / "a.nbib", base_url=stub.url)
        assert fake_time.slept[0] == 1

    def test_retry_after_too_long(self, stub: StubPubMed, fake_time: FakeTime, tmp_path: Path) -> None:
        stub.faults.append(Fault("esearch", status=429, headers={"Retry-After": "86400"}))
        with pytest.raises(PubMedError, match="wait 1440 minutes"):
            fetch("voles", output=tmp_path / "a.nbib", base_url=stub.url)
        assert fake_time.slept == []

    @pytest.mark.parametrize("status", [200, 400])
    def test_expired_history(self, stub: StubPubMed, tmp_path: Path, status: int) -> None:
        def forget(answer: bytes) -> bytes:
            stub.history.clear()
            return answer

        stub.faults.append(Fault("efetch", spoil=forget))
        stub.faults.append(Fault("efetch", status=status, body=error("Unable to obtain query #1")))
        output = tmp_path / "a.nbib"
        result = fetch("voles", output=output, base_url=stub.url)
        assert pmids(output) == EVERY
        assert result.missing == ()
        assert [request["id"] for request in stub.asked("epost")] == ["107,106,105,104,103,102,101"]

    def test_history_lost_for_ever(self, stub: StubPubMed, tmp_path: Path) -> None:
        stub.faults.extend(
            [Fault("efetch", status=400, body=error("Cannot retrieve history data. query_key: 1"))] * 5
        )
        with pytest.raises(PubMedError, match="lost the records 5 times"):
            fetch("voles", output=tmp_path / "a.nbib", base_url=stub.url)

    def test_refused_request(self, stub: StubPubMed, fake_time: FakeTime, tmp_path: Path) -> None:
        stub.faults.append(Fault("esearch", body=error("Invalid db name specified: pubmud")))
        with pytest.raises(PubMedError, match="refused the request: Invalid db name"):
            fetch("voles", output=tmp_path / "a.nbib", base_url=stub.url)
        assert fake_time.slept == []

    def test_wrong_key_is_told_but_not_shown(self, stub: StubPubMed, tmp_path: Path) -> None:
        with pytest.raises(PubMedError, match="API key invalid") as caught:
            fetch("voles", output=tmp_path / "a.nbib", base_url=stub.url, api_key="wrong")
        assert "wrong" not in str(caught.value)

    def test_redirect_is_not_followed(self, stub: StubPubMed, tmp_path: Path) -> None:
        stub.faults.append(Fault("esearch", status=302, headers={"Location": stub.url + "login"}))
        with pytest.raises(PubMedError, match="login page"):
            fetch("voles", output=tmp_path / "a.nbib", base_url=stub.url)
        assert len(stub.requests) == 1

    @pytest.mark.usefixtures("fake_time")
    def test_nobody_answers(self, tmp_path: Path) -> None:
        with serving(StubPubMed([])) as closed:
            url = closed.url
        with pytest.raises(PubMedError, match=r"connection failed.*Check the connection"):
            fetch("voles", output=tmp_path / "a.nbib", base_url=url)

    @pytest.mark.parametrize("named", [False, True])
    def test_fewer_records_than_asked(self, stub: StubPubMed, tmp_path: Path, named: bool) -> None:
        stub.unavailable = {104, 110}
        stub.errors_in_text = named
        output = tmp_path / "a.nbib"
        result = fetch("voles", output=output, base_url=stub.url)
        assert pmids(output) == [pmid for pmid in EVERY if pmid not in stub.unavailable]
        assert result.missing == ("110", "104")
        assert stub.asked("efetch")[-1]["id"] == "110,104"

    def test_record_held_back_once_is_asked_for_again(self, stub: StubPubMed, tmp_path: Path) -> None:
        stub.faults.append(Fault("efetch", spoil=lambda answer: b"\n" + answer.split(b"\n\n", 1)[1]))
        output = tmp_path / "a.nbib"
        assert fetch("voles", output=output, base_url=stub.url).missing == ()
        assert sorted(pmids(output)) == sorted(EVERY)

    def test_unknown_pmids(self, stub: StubPubMed, tmp_path: Path) -> None:
        output = tmp_path / "a.nbib"
        result = fetch(ids=["999", "101", "998"], output=output, base_url=stub.url)
        assert (pmids(output), result.missing) == ([101], ("999", "998"))

    def test_only_unknown_pmids(self, stub: StubPubMed, tmp_path: Path) -> None:
        result = fetch(ids=["999"], output=tmp_path / "a.nbib", base_url=stub.url)
        assert (result.written, result.missing) == (0, ("999",))

    def test_records_nobody_asked_for_are_left_out(self, stub: StubPubMed, tmp_path: Path) -> None:
        stub.faults.append(Fault("efetch", spoil=lambda answer: answer + b"\n" + medline(77).encode()))
        output = tmp_path / "a.nbib"
        fetch("voles", output=output, base_url=stub.url)
        assert pmids(output) == EVERY


class TestRateLimit:
    @pytest.mark.parametrize(("api_key", "a_second"), [(None, 3), ("k3y", 10)])
    def test_never_exceeded(
        self,
        stub: StubPubMed,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        api_key: str | None,
        a_second: int,
    ) -> None:
        monkeypatch.setattr(pubmed, "BATCH", 1)
        fetch("voles", output=tmp_path / "a.nbib", base_url=stub.url, api_key=api_key)
        times = stub.times
        assert len(times) == 13
        assert all(times[i + a_second] - times[i] >= 1 - 1e-9 for i in range(len(times) - a_second))
        assert times[-1] == pytest.approx(12 / a_second)

    def test_slow_answers_are_not_slowed_further(self, stub: StubPubMed, fake_time: FakeTime) -> None:
        client = Eutils(base_url=stub.url)
        client.search("voles")
        fake_time.now += 5
        client.search("voles")
        assert fake_time.slept == []


class TestResume:
    def interrupted(self, stub: StubPubMed, output: Path, **request: object) -> None:
        """Fetch the first five records of twelve, then fail."""
        stub.faults.append(Fault("efetch"))
        stub.faults.extend([Fault("efetch", status=500)] * 5)
        with pytest.raises(PubMedError, match="continues where it stopped"):
            fetch(output=output, base_url=stub.url, **request)  # type: ignore[arg-type]
        stub.requests.clear()

    @pytest.mark.parametrize("request_", [{"query": "voles"}, {"ids": [str(pmid) for pmid in EVERY]}])
    def test_continues(self, stub: StubPubMed, tmp_path: Path, request_: dict[str, object]) -> None:
        output = tmp_path / "a.nbib"
        self.interrupted(stub, output, **request_)
        assert not output.exists()
        result = fetch(output=output, base_url=stub.url, **request_)  # type: ignore[arg-type]
        assert output.read_text(encoding="utf-8") == "".join(medline(pmid) + "\n" for pmid in EVERY)
        assert (result.found, result.written, result.resumed) == (12, 12, 5)
        assert [request["id"] for request in stub.asked("epost")] == ["107,106,105,104,103,102,101"]
        assert stub.asked("esearch") == []
        assert list(tmp_path.iterdir()) == [output]

    @given(st.integers(min_value=0, max_value=5 * len(medline(101).encode())))
    def test_part_cut_anywhere(self, length: int) -> None:
        """Killed while writing: what is not whole is fetched again."""
        whole = "".join(medline(pmid) + "\n" for pmid in EVERY[:5]).encode()
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder, "a.part")
            part.write_bytes(whole[:length])
            done = pubmed._trim(part)
            kept = part.read_bytes()
        assert whole[:length].startswith(kept)
        assert kept == "".join(medline(pmid) + "\n" for pmid in EVERY[: len(done)]).encode()
        assert done == {str(pmid) for pmid in EVERY[: len(done)]}

    def test_interrupted_by_the_user(self, stub: StubPubMed, tmp_path: Path) -> None:
        def stop(done: int, _: int) -> None:
            if done == 10:
                raise KeyboardInterrupt

        output = tmp_path / "a.nbib"
        with pytest.raises(KeyboardInterrupt):
            fetch("voles", output=output, base_url=stub.url, progress=stop)
        assert fetch("voles", output=output, base_url=stub.url).resumed == 10

    def test_other_query(self, stub: StubPubMed, tmp_path: Path) -> None:
        output = tmp_path / "a.nbib"
        self.interrupted(stub, output, query="voles")
        with pytest.raises(
            PubMedError, match=r"a\.nbib\.part is an unfinished download of the query 'voles'"
        ):
            fetch("mice", output=output, base_url=stub.url)
        assert fetch("mice", output=output, base_url=stub.url, resume=False).resumed == 0

    def test_other_ids(self, stub: StubPubMed, tmp_path: Path) -> None:
        output = tmp_path / "a.nbib"
        self.interrupted(stub, output, ids=[str(pmid) for pmid in EVERY])
        with pytest.raises(PubMedError, match="unfinished download of other PMIDs"):
            fetch(ids=["101"], output=output, base_url=stub.url)

    @pytest.mark.parametrize(
        "state", ["", "[]", "{}", '{"query": "voles", "notes": [], "ids": ["x"]}', "null"]
    )
    def test_damaged_state(self, stub: StubPubMed, tmp_path: Path, state: str) -> None:
        output = tmp_path / "a.nbib"
        self.interrupted(stub, output, query="voles")
        (tmp_path / "a.nbib.part.json").write_text(state)
        with pytest.raises(PubMedError, match="does not describe an unfinished download"):
            fetch("voles", output=output, base_url=stub.url)

    def test_key_is_not_kept(self, stub: StubPubMed, tmp_path: Path) -> None:
        output = tmp_path / "a.nbib"
        self.interrupted(stub, output, query="voles", api_key="s3cret")
        state = (tmp_path / "a.nbib.part.json").read_text()
        assert "s3cret" not in state
        assert json.loads(state)["query"] == "voles"


class TestSearchRecords:
    def test_yields_records_as_they_arrive(self, stub: StubPubMed) -> None:
        records = search_records("voles", base_url=stub.url)
        first = next(records)
        assert len(stub.asked("efetch")) == 1
        assert (first.pmid, first.doi, first.year) == ("112", "10.9999/voles.112", 2021)
        assert first.title.endswith("an invented record whose title runs over two lines.")
        assert "β = 0.3" in first.abstract
        assert first.source == "PubMed"
        assert [record.pmid for record in records] == [str(pmid) for pmid in EVERY[1:]]

    def test_missing_and_left_out_are_warned_of(self, stub: StubPubMed) -> None:
        stub.unavailable = {105}
        stub.search_extra = "<ErrorList><PhraseNotFound>oxytozin</PhraseNotFound></ErrorList>"
        with pytest.warns(RecordWarning) as caught:
            assert len(list(search_records("voles", base_url=stub.url))) == 11
        assert [str(warning.message) for warning in caught] == [
            "PubMed does not know the phrase 'oxytozin'.",
            "PubMed did not hand over 1 records: PMID 105.",
        ]

    def test_ids(self, stub: StubPubMed) -> None:
        seen: list[tuple[int, int]] = []
        records = search_records(
            ids=["101", "102"], base_url=stub.url, progress=lambda done, total: seen.append((done, total))
        )
        assert [record.pmid for record in records] == ["101", "102"]
        assert seen == [(2, 2)]


class TestReadIds:
    def test_any_separator(self, tmp_path: Path) -> None:
        file = tmp_path / "ids.txt"
        file.write_text("\ufeff101\r\n102, 103;104\n\n101 105\n", encoding="utf-8")
        assert read_ids(file) == ["101", "102", "103", "104", "105"]

    def test_not_pmids(self, tmp_path: Path) -> None:
        file = tmp_path / "ids.txt"
        file.write_text("101\n10.1000/x\n")
        with pytest.raises(PubMedError, match=r"ids\.txt: 1 of 2 entries are no PMIDs.*'10\.1000/x'"):
            read_ids(file)

    @pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
    def test_unreadable(self, tmp_path: Path, content: bytes | None) -> None:
        file = tmp_path / "ids.txt"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(PubMedError, match=r"ids\.txt cannot be read"):
            read_ids(file)


class TestRebuildCorpus:
    def labels(self, tmp_path: Path, text: str) -> Path:
        file = tmp_path / "training-ids.csv"
        file.write_text("pmid,domains,scope\n" + text, encoding="utf-8")
        return file

    def test_labels_beside_texts(self, stub: StubPubMed, tmp_path: Path) -> None:
        def without_abstract(answer: bytes) -> bytes:
            text = answer.decode()
            start = text.index("AB  - Voles of burrow 103")
            return (text[:start] + text[text.index("FAU", start) :]).encode()

        stub.faults.append(Fault("efetch", spoil=without_abstract))
        labels = self.labels(tmp_path, "103,,other\n999,grief,other\n101,grief;social_touch,neuropeptide\n")
        output = tmp_path / "corpus.csv"
        result = rebuild_corpus(labels, output, base_url=stub.url)
        assert (result.written, result.missing, result.without_abstract) == (2, ("999",), ("103",))
        with output.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [(row["id"], row["domains"], row["scope"]) for row in rows] == [
            ("103", "", "other"),
            ("101", "grief;social_touch", "neuropeptide"),
        ]
        assert rows[0]["abstract"] == ""
        assert rows[1]["abstract"] == (
            "Voles of burrow 101 were given α-something and stayed together (β = 0.3)."
        )
        assert sorted(tmp_path.iterdir()) == sorted([labels, output])

    def test_resumes(self, stub: StubPubMed, tmp_path: Path) -> None:
        labels = self.labels(tmp_path, "".join(f"{pmid},grief,other\n" for pmid in EVERY))
        output = tmp_path / "corpus.csv"
        stub.faults.append(Fault("efetch"))
        stub.faults.extend([Fault("efetch", status=500)] * 5)
        with pytest.raises(PubMedError):
            rebuild_corpus(labels, output, base_url=stub.url)
        assert not output.exists()
        assert rebuild_corpus(labels, output, base_url=stub.url).written == 12
        assert [request["id"].count(",") + 1 for request in stub.asked("epost")] == [12, 7]

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ("PMC1,grief,other", r"training-ids\.csv:2: 'PMC1' is no PMID"),
            ("101,greif,other", r"training-ids\.csv:2: unknown domain 'greif'"),
            ("101,grief,else", r"training-ids\.csv:2: scope is 'else'"),
            ("101", r"training-ids\.csv:2: scope is ''"),
        ],
    )
    def test_wrong_labels(self, stub: StubPubMed, tmp_path: Path, row: str, message: str) -> None:
        with pytest.raises(PubMedError, match=message):
            rebuild_corpus(self.labels(tmp_path, row + "\n"), tmp_path / "out.csv", base_url=stub.url)
        assert stub.requests == []

    def test_column_lacking(self, tmp_path: Path) -> None:
        file = tmp_path / "ids.csv"
        file.write_text("pmid,domains\n101,grief\n")
        with pytest.raises(PubMedError, match="column scope is lacking"):
            rebuild_corpus(file, tmp_path / "out.csv")

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(PubMedError, match=r"absent\.csv cannot be read"):
            rebuild_corpus(tmp_path / "absent.csv", tmp_path / "out.csv")


def test_import_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network is touched on request only."""
    import importlib

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("network")

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", refuse)
    importlib.reload(pubmed)
