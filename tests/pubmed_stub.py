"""A stand-in for NCBI's E-utilities on loopback, for PubMed alone.

It speaks the documented protocol (https://www.ncbi.nlm.nih.gov/books/NBK25499/): ESearch, EPost and EFetch by
POST, the history server, the first 9,999 records of a search only (a batch that reaches beyond them is cut
without a word), errors as `<ERROR>` with status 200 or 400. Parameters that NCBI does not document are
refused. Answers can be spoilt on purpose: see `Fault`.
"""

import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

DOCUMENTED = {
    "esearch": {
        "term",
        "usehistory",
        "WebEnv",
        "query_key",
        "retstart",
        "retmax",
        "rettype",
        "retmode",
        "sort",
    }
    | {"field", "datetype", "reldate", "mindate", "maxdate"},
    "epost": {"id", "WebEnv"},
    "efetch": {"id", "WebEnv", "query_key", "retmode", "rettype", "retstart", "retmax"},
}
COMMON = {"db", "tool", "email", "api_key"}
WINDOW = 9_999


def medline(pmid: int) -> str:
    """An invented record."""
    return (
        f"PMID- {pmid}\nOWN - NLM\nSTAT- MEDLINE\n"
        f"TI  - Oxytocin and the voles of burrow {pmid}: an invented record whose title\n"
        "      runs over two lines.\n"
        f"AB  - Voles of burrow {pmid} were given α-something and stayed together (β = 0.3).\n"
        "FAU - Vole, Anna\nAU  - Vole A\nMH  - *Oxytocin/pharmacology\n"
        "DP  - 2021 Mar\nTA  - J Invented Voles\n"
        f"AID - 10.9999/voles.{pmid} [doi]\nSO  - J Invented Voles. 2021 Mar;1(1):1-9.\n"
    )


@dataclass
class Fault:
    """One spoilt answer.

    Attributes
    ----------
    utility : str
        Which utility to spoil: "esearch", "epost" or "efetch".
    status : int
    headers : dict
    body : bytes, optional
        Sent in place of the answer.
    spoil : callable, optional
        Changes the answer's bytes.
    cut : bool
        Close the connection before the announced length is reached.
    """

    utility: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    spoil: Callable[[bytes], bytes] = bytes
    cut: bool = False


class StubPubMed:
    """Records, history and faults of the stub, and what was asked of it.

    Parameters
    ----------
    pmids : iterable of int
        PMIDs that PubMed holds.
    """

    def __init__(self, pmids: Iterable[int]) -> None:
        self.pmids = sorted(pmids, reverse=True)
        self.unavailable: set[int] = set()  # named by ESearch, not handed over by EFetch
        self.errors_in_text = False  # whether EFetch names those in the text
        self.understands_ranges = True
        self.search_extra = ""  # XML put into ESearch's answers
        self.faults: deque[Fault] = deque()
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.times: list[float] = []
        self.clock: Callable[[], float] = lambda: 0.0
        self.history: dict[str, list[int]] = {}
        self.url = ""

    def asked(self, utility: str) -> list[dict[str, str]]:
        return [parameters for name, parameters in self.requests if name == utility]

    def answer(self, utility: str, parameters: dict[str, str]) -> tuple[int, bytes]:
        unknown = set(parameters) - COMMON - DOCUMENTED.get(utility, set())
        if unknown or parameters.get("db") != "pubmed" or not parameters.get("tool"):
            return 400, error(f"Undocumented or lacking parameters: {sorted(unknown)}")
        if parameters.get("api_key") == "wrong":
            return 400, b'{"error":"API key invalid: wrong","api-key":"wrong","type":"ip","status":"unknown"}'
        return getattr(self, utility)(parameters)

    def esearch(self, parameters: dict[str, str]) -> tuple[int, bytes]:
        term = parameters["term"]
        found = [] if "nothing" in term else self.pmids
        if limits := re.search(r" AND (\d+):(\d+)\[UID\]$", term):
            low, high = map(int, limits.groups())
            found = [pmid for pmid in found if low <= pmid <= high and self.understands_ranges]
        start, count = int(parameters.get("retstart", 0)), int(parameters.get("retmax", 20))
        shown = found[start : min(start + count, WINDOW)]
        stored = ""
        if parameters.get("usehistory") == "y":
            stored = f"<QueryKey>1</QueryKey><WebEnv>{self.store(found)}</WebEnv>"
        ids = "".join(f"<Id>{pmid}</Id>\n" for pmid in shown)
        return 200, (
            '<?xml version="1.0" encoding="UTF-8" ?>\n'
            '<!DOCTYPE eSearchResult PUBLIC "-//NLM//DTD esearch 20060628//EN" '
            '"https://eutils.ncbi.nlm.nih.gov/eutils/dtd/20060628/esearch.dtd">\n'
            f"<eSearchResult><Count>{len(found)}</Count><RetMax>{len(shown)}</RetMax>"
            f"<RetStart>{start}</RetStart>{stored}<IdList>{ids}</IdList><TranslationSet/>"
            f"<QueryTranslation/>{self.search_extra}</eSearchResult>"
        ).encode()

    def epost(self, parameters: dict[str, str]) -> tuple[int, bytes]:
        ids = [int(pmid) for pmid in parameters["id"].split(",")]
        known = [pmid for pmid in ids if pmid in set(self.pmids)]
        stored = f"<QueryKey>1</QueryKey><WebEnv>{self.store(known)}</WebEnv>" if known else ""
        invalid = "".join(f"<Id>{pmid}</Id>" for pmid in ids if pmid not in set(self.pmids))
        return 200, (
            '<?xml version="1.0" encoding="UTF-8" ?>\n'
            '<!DOCTYPE ePostResult PUBLIC "-//NLM//DTD epost 20090526//EN" '
            '"https://eutils.ncbi.nlm.nih.gov/eutils/dtd/20090526/epost.dtd">'
            f"<ePostResult><InvalidIdList>{invalid}</InvalidIdList>{stored}</ePostResult>"
        ).encode()

    def efetch(self, parameters: dict[str, str]) -> tuple[int, bytes]:
        if (parameters["rettype"], parameters["retmode"]) != ("medline", "text"):
            return 400, error("This stub speaks MEDLINE text only")
        if "id" in parameters:
            chosen = [int(pmid) for pmid in parameters["id"].split(",")]
        else:
            stored = self.history.get(parameters["WebEnv"])
            if stored is None:
                return 400, error("Unable to obtain query #1")
            start, count = int(parameters["retstart"]), int(parameters["retmax"])
            if start > WINDOW - 1:
                return 400, error(
                    "Search backend cannot retrieve history data. Reason: Exception: 'retstart' cannot be "
                    "larger than 9998."
                )
            if start >= len(stored):
                return 400, error(f"Cannot retrieve history data: OUT OF RANGE. Parameter retstart={start}")
            chosen = stored[start : min(start + count, WINDOW)]
        held = set(self.pmids) - self.unavailable
        text = ""
        for place, pmid in enumerate(chosen, start=1):
            if pmid in held:
                text += "\n" + medline(pmid)
            elif self.errors_in_text:
                text += f"\n{place}. id: {pmid} Error occurred: PMID {pmid} is not available\n"
        return 200, text.encode()

    def store(self, pmids: list[int]) -> str:
        name = f"MCID_{len(self.history)}"
        self.history[name] = pmids
        return name


def error(message: str) -> bytes:
    """NCBI's error document."""
    return (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<!DOCTYPE eEfetchResult PUBLIC '
        '"-//NLM//DTD efetch 20131226//EN" "https://eutils.ncbi.nlm.nih.gov/eutils/dtd/20131226/efetch.dtd">\n'
        f"<eFetchResult>\n\t<ERROR>{message}</ERROR>\n</eFetchResult>\n"
    ).encode()


@contextmanager
def serving(stub: StubPubMed) -> Iterator[StubPubMed]:
    """Serve a stub on loopback; its address is then in `stub.url`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode("ascii")
            parameters = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
            utility = self.path.rsplit("/", 1)[-1].removesuffix(".fcgi")
            stub.requests.append((utility, parameters))
            stub.times.append(stub.clock())
            status, answer = stub.answer(utility, parameters)
            headers: dict[str, str] = {}
            cut = False
            if stub.faults and stub.faults[0].utility == utility:
                fault = stub.faults.popleft()
                answer = fault.spoil(answer) if fault.body is None else fault.body
                status, headers, cut = fault.status, fault.headers, fault.cut
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer[: len(answer) // 2] if cut else answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stub.url = f"http://127.0.0.1:{server.server_port}/entrez/eutils/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield stub
        finally:
            server.shutdown()
            thread.join()
