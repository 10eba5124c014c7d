"""PubMed through NCBI's E-utilities, only when asked.

A search (ESearch) or a list of PMIDs (EPost) is put on NCBI's history server and its records are fetched
from there in batches (EFetch, MEDLINE text). Parameters follow *The E-utilities In-Depth* [1]_, the limits
of three requests a second, or ten with an API key, its *General Introduction* [2]_.

PubMed hands over no more than the first 9,999 records of a search, the history server included, and cuts
without a word a batch that reaches beyond them. A larger search is therefore divided by ranges of PMIDs until
each part fits; unlike dates, they always divide further. Every batch is checked against the PMIDs that the
search named, so what NCBI held back is asked for again and, failing that, reported.

The standard library's ``urllib`` does all that is needed: one request at a time, proxies from the
environment, certificates checked. Requests are POSTs, as NCBI asks for long queries and lists, which also
keeps the API key out of addresses and logs. Redirects are refused.

References
----------
.. [1] Sayers E. *The E-utilities In-Depth: Parameters, Syntax and More*. Entrez Programming Utilities Help.
   https://www.ncbi.nlm.nih.gov/books/NBK25499/
.. [2] Sayers E. *A General Introduction to the E-utilities*. https://www.ncbi.nlm.nih.gov/books/NBK25497/
"""

import contextlib
import csv
import http.client
import io
import json
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, NamedTuple, NoReturn, TypeVar

from otclass.domains import DOMAIN_KEYS
from otclass.records.record import Record, RecordWarning

BASE_URL = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/"
"""Where the E-utilities answer."""

TOOL = "otclass"
WINDOW = 9_999  # records of one search that PubMed hands over
POSTED = 5_000  # PMIDs put on the history server at once
BATCH = 500  # records of one EFetch answer, some 3 MB
ATTEMPTS = 5  # of one request, waiting 1, 2, 4 and 8 seconds between them
LONGEST_WAIT = 600.0  # seconds; a server asking for more is not waited for
TIMEOUT = 60.0  # seconds without a byte
HIGHEST_PMID = 99_999_999

_PMID = re.compile(r"[1-9][0-9]{0,7}")
# A MEDLINE line is a tag of up to four letters padded to four, "- " and text, or six spaces and more text.
_FIELD_LINE = re.compile(rb"[A-Z][A-Z0-9]{1,3} *-( |$)|      ")
_NOT_FOUND_LINE = re.compile(rb"(\d+\. )?id: *\d+ Error occurred", re.IGNORECASE)

Progress = Callable[[int, int], None]
"""Called with the number of records fetched so far and the number to fetch."""

T = TypeVar("T")


class PubMedError(Exception):
    """PubMed cannot be asked, or did not answer as documented."""


class _TransientError(Exception):
    """An answer worth asking for again."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class _HistoryExpiredError(Exception):
    """The history server has forgotten a set."""


class History(NamedTuple):
    """A set of records on the history server.

    Attributes
    ----------
    web_env, query_key : str
        Parameters ``WebEnv`` and ``query_key`` of the E-utilities.
    """

    web_env: str
    query_key: str


class _Window(NamedTuple):
    """PMIDs to download together, and where the history server holds them."""

    ids: tuple[str, ...]
    history: History | None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Answer to one ESearch.

    Attributes
    ----------
    count : int
        Records that match.
    ids : tuple of str
        PMIDs of the first 9,999 of them.
    history : History or None
        The set on the history server.
    notes : tuple of str
        What PubMed left out of the query, such as a phrase it does not know.
    """

    count: int
    ids: tuple[str, ...]
    history: History | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What `fetch` did.

    Attributes
    ----------
    output : Path
        The file written.
    found : int
        Records asked for: those matching the query, or the distinct PMIDs given.
    written : int
        Records in the file.
    resumed : int
        Those of them that an earlier, interrupted run had fetched.
    missing : tuple of str
        PMIDs PubMed did not hand over.
    notes : tuple of str
        What PubMed left out of the query.
    """

    output: Path
    found: int
    written: int
    resumed: int
    missing: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RebuildResult:
    """What `rebuild_corpus` did.

    Attributes
    ----------
    output : Path
        The file written.
    written : int
        Rows in the file.
    missing : tuple of str
        PMIDs not in PubMed; they have no row.
    without_abstract : tuple of str
        PMIDs whose record has a title only; they have a row.
    """

    output: Path
    written: int
    missing: tuple[str, ...]
    without_abstract: tuple[str, ...]


class _Answer(io.BytesIO):
    name = "PubMed"  # what errors and records call the file they come from


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    # NCBI does not redirect; a proxy's login page does, and would be handed the API key.
    def redirect_request(self, *_: object) -> None:
        return None


class Eutils:
    """Client of the E-utilities: rate limit, retries and the four requests PubMed needs.

    Parameters
    ----------
    email, api_key : str, optional
        Sent with every request; by default the environment's NCBI_EMAIL and NCBI_API_KEY. A key raises the
        limit from three to ten requests a second.
    base_url : str, optional
        Address of the E-utilities.

    Raises
    ------
    PubMedError
        If `base_url` is no http address.
    """

    clock: Callable[[], float] = staticmethod(time.monotonic)
    sleep: Callable[[float], None] = staticmethod(time.sleep)

    def __init__(
        self, *, email: str | None = None, api_key: str | None = None, base_url: str = BASE_URL
    ) -> None:
        if not base_url.startswith(("https://", "http://")):
            raise PubMedError(f"The address of the E-utilities must begin with https://, not {base_url!r}.")
        self._base_url = base_url.rstrip("/") + "/"
        self._identity = {"tool": TOOL}
        if email := (email or os.environ.get("NCBI_EMAIL", "")).strip():
            self._identity["email"] = email
        if api_key := (api_key or os.environ.get("NCBI_API_KEY", "")).strip():
            self._identity["api_key"] = api_key
        self._api_key = api_key
        self._interval = 1 / (10 if api_key else 3)
        self._next = float("-inf")
        self._opener = urllib.request.build_opener(_NoRedirect)

    def search(self, query: str) -> SearchResult:
        """Search PubMed and keep the set on the history server (ESearch)."""
        return self._ask(
            "esearch",
            {"term": query, "usehistory": "y", "retmax": str(WINDOW), "retmode": "xml"},
            _search_result,
        )

    def post(self, ids: Iterable[str]) -> History | None:
        """Put PMIDs on the history server (EPost); None if PubMed knows none of them."""
        return self._ask("epost", {"id": ",".join(ids)}, lambda body: _history(_xml(body, "ePostResult")))

    def fetch_set(self, history: History, start: int, count: int) -> dict[str, bytes]:
        """Fetch `count` records of a set from the `start`-th on (EFetch): MEDLINE text by PMID."""
        return self._fetch(
            {
                "WebEnv": history.web_env,
                "query_key": history.query_key,
                "retstart": str(start),
                "retmax": str(count),
            }
        )

    def fetch_ids(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Fetch records by their PMIDs (EFetch): MEDLINE text by PMID."""
        return self._fetch({"id": ",".join(ids)})

    def _fetch(self, parameters: dict[str, str]) -> dict[str, bytes]:
        seen: set[bytes] = set()

        def read(body: bytes) -> dict[str, bytes]:
            records, whole = _medline_records(body)
            # Every PubMed record ends in its SO field. An answer that does not is taken for cut off, unless
            # it comes the same twice: then that is what PubMed holds.
            if not whole and body not in seen:
                seen.add(body)
                raise _TransientError("the answer was cut off")
            return records

        return self._ask("efetch", {"rettype": "medline", "retmode": "text", **parameters}, read)

    def _ask(self, utility: str, parameters: dict[str, str], read: Callable[[bytes], T]) -> T:
        delay = 1.0
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return read(self._post(utility, parameters))
            except _TransientError as error:
                wait = delay if error.retry_after is None else error.retry_after
                if wait > LONGEST_WAIT:
                    raise PubMedError(
                        f"NCBI asks to wait {wait / 60:.0f} minutes before the next request ({error}). "
                        "Run the command again later; it continues where it stopped."
                    ) from None
                if attempt == ATTEMPTS:
                    raise PubMedError(
                        f"PubMed ({utility}) did not answer after {ATTEMPTS} attempts: {error}. Check the "
                        "connection and run the command again; it continues where it stopped."
                    ) from error
                self.sleep(wait)
                delay *= 2
        raise AssertionError("unreachable")

    def _post(self, utility: str, parameters: dict[str, str]) -> bytes:
        wait = self._next - self.clock()
        if wait > 0:
            self.sleep(wait)
        self._next = self.clock() + self._interval
        request = urllib.request.Request(
            f"{self._base_url}{utility}.fcgi",
            data=urllib.parse.urlencode({"db": "pubmed", **self._identity, **parameters}).encode("ascii"),
            headers={"User-Agent": TOOL},
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                body: bytes = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                self._refused(error)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise _TransientError(f"the connection failed ({reason or type(error).__name__})") from error
        self._check_errors(body)
        return body

    def _refused(self, error: urllib.error.HTTPError) -> NoReturn:
        """Raise what an HTTP error status calls for."""
        retry_after = _seconds(error.headers.get("Retry-After"))
        try:
            body = error.read()
        except (OSError, http.client.HTTPException):
            body = b""
        if error.code == 429 or error.code >= 500:
            raise _TransientError(f"HTTP status {error.code} {error.reason}", retry_after)
        if 300 <= error.code < 400:
            raise PubMedError(
                f"{self._base_url} sends on to {error.headers.get('Location')!r}, which NCBI does not do. "
                "A proxy or a network's login page may stand in between."
            )
        self._check_errors(body)
        raise PubMedError(f"PubMed refused the request: HTTP status {error.code} {error.reason}.")

    def _check_errors(self, body: bytes) -> None:
        """Raise for an error in the answer's body, which comes with status 200 as well as 400."""
        messages = [
            " ".join(match.decode("utf-8", "replace").split())
            for match in re.findall(rb"<ERROR>(.*?)</ERROR>", body[:100_000], re.DOTALL)
        ]
        if body[:200].lstrip().startswith(b"{"):
            try:
                # NCBI leaves raw line breaks in its JSON strings.
                messages.append(str(json.loads(body, strict=False)["error"]))
            except (ValueError, KeyError, TypeError):
                raise _TransientError("the answer is neither XML nor MEDLINE text") from None
        if not messages:
            return
        message = "; ".join(messages)
        if self._api_key:
            message = message.replace(self._api_key, "(your API key)")
        lower = message.lower()
        if "out of range" in lower or "empty result" in lower or "empty id list" in lower:
            return  # nothing at that place of the set: an answer without records
        if any(sign in lower for sign in ("unable to obtain query", "retrieve history data", "webenv")):
            raise _HistoryExpiredError(message)
        if any(
            sign in lower for sign in ("rate limit", "backend failed", "timeout", "empty response", "c++")
        ):
            raise _TransientError(message)
        raise PubMedError(f"PubMed refused the request: {message}")


def fetch(
    query: str | None = None,
    *,
    ids: Iterable[str] | None = None,
    output: str | Path,
    email: str | None = None,
    api_key: str | None = None,
    base_url: str = BASE_URL,
    progress: Progress | None = None,
    resume: bool = True,
) -> FetchResult:
    """Save records of PubMed to a MEDLINE (.nbib) file.

    Records are gathered in ``<output>.part``, and the PMIDs to fetch kept in ``<output>.part.json``; both go
    when the last record is in and the file takes its name, so `output` is whole or untouched. A further call
    with the same query or PMIDs continues such a partial file, with the set of records found by its first
    call.

    Parameters
    ----------
    query : str, optional
        Query in PubMed's syntax. Give this or `ids`.
    ids : iterable of str, optional
        PMIDs; repeated ones are fetched once.
    output : str or Path
        File to write.
    email, api_key, base_url : str, optional
        See `Eutils`.
    progress : callable, optional
        Called with the number of records fetched and the number to fetch.
    resume : bool, default True
        Whether to continue an interrupted run; otherwise its partial file is thrown away.

    Returns
    -------
    FetchResult

    Raises
    ------
    PubMedError
        If nothing matches, a PMID is none, PubMed cannot be reached or refuses the request, or the partial
        file belongs to another query.
    """
    client = Eutils(email=email, api_key=api_key, base_url=base_url)
    wanted = _check_request(query, ids)
    output = Path(output)
    if not output.parent.is_dir():
        raise PubMedError(
            f"The folder {output.parent} does not exist; {output.name} cannot be written there."
        )
    part = output.with_name(output.name + ".part")
    state_file = output.with_name(output.name + ".part.json")
    try:
        if resume and part.exists() and state_file.exists():
            listed, notes = _read_state(state_file, query, wanted)
            done = _trim(part)
            windows = _chunks(pmid for pmid in listed if pmid not in done)
        else:
            windows, notes = _windows(client, query, wanted)
            listed, done = [pmid for window in windows for pmid in window.ids], set()
            part.write_bytes(b"")
            state = {"query": query, "notes": notes, "ids": listed}
            state_file.write_text(json.dumps(state), encoding="utf-8")
        missing: list[str] = []
        written = len(done)
        if progress is not None:
            progress(written, len(listed))
        with part.open("ab") as target:
            for window in windows:
                for records in _download(client, window, missing):
                    target.write(b"".join(records.values()))
                    target.flush()
                    written += len(records)
                    if progress is not None:
                        progress(written, len(listed))
        part.replace(output)
        state_file.unlink()
    except OSError as error:
        raise PubMedError(f"{output} cannot be written: {error.strerror or error}.") from error
    return FetchResult(output, len(listed), written, len(done), tuple(missing), notes)


def search_records(
    query: str | None = None,
    *,
    ids: Iterable[str] | None = None,
    email: str | None = None,
    api_key: str | None = None,
    base_url: str = BASE_URL,
    progress: Progress | None = None,
) -> Iterator[Record]:
    """Yield PubMed's records of a query, or of PMIDs, as they arrive.

    Parameters
    ----------
    query, ids, email, api_key, base_url, progress
        As for `fetch`.

    Yields
    ------
    Record

    Raises
    ------
    PubMedError
        As for `fetch`.

    Warns
    -----
    RecordWarning
        If PubMed left something out of the query, or did not hand over a record.
    """
    from otclass.records import read_records

    client = Eutils(email=email, api_key=api_key, base_url=base_url)
    windows, notes = _windows(client, query, _check_request(query, ids))
    for note in notes:
        warnings.warn(note, RecordWarning, stacklevel=2)
    total = sum(len(window.ids) for window in windows)
    missing: list[str] = []
    done = 0
    for window in windows:
        for records in _download(client, window, missing):
            if records:
                yield from read_records(_Answer(b"".join(records.values())), format="medline")
            done += len(records)
            if progress is not None:
                progress(done, total)
    if missing:
        warnings.warn(
            f"PubMed did not hand over {len(missing)} records: PMID {', '.join(missing)}.",
            RecordWarning,
            stacklevel=2,
        )


def read_ids(source: str | Path | IO[str]) -> list[str]:
    """Read PMIDs from a text file, separated by line breaks, spaces, commas or semicolons.

    Parameters
    ----------
    source : str, Path or text file

    Returns
    -------
    list of str
        In the file's order, repeated ones once.

    Raises
    ------
    PubMedError
        If the file cannot be read or holds something other than PMIDs.
    """
    if not isinstance(source, str | Path):
        return _check_ids(re.split(r"[\s,;]+", source.read().strip()))
    try:
        text = Path(source).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PubMedError(f"{source} cannot be read as a list of PMIDs: {error}.") from error
    try:
        return _check_ids(re.split(r"[\s,;]+", text.strip()))
    except PubMedError as error:
        raise PubMedError(f"{source}: {error}") from None


def rebuild_corpus(
    ids_csv: str | Path,
    output_csv: str | Path,
    *,
    email: str | None = None,
    api_key: str | None = None,
    base_url: str = BASE_URL,
    progress: Progress | None = None,
    resume: bool = True,
) -> RebuildResult:
    """Put titles and abstracts from PubMed beside a list of labelled PMIDs.

    Parameters
    ----------
    ids_csv : str or Path
        CSV with the columns ``pmid``, ``domains`` (keys joined by ";", empty for none) and ``scope``
        ("neuropeptide" or "other").
    output_csv : str or Path
        CSV to write, with the columns ``id`` (the PMID), ``title``, ``abstract``, ``domains`` and ``scope``,
        in the order of `ids_csv`. Cells that a spreadsheet would take for a formula are neutralised
        (`otclass.records.cells`).
    email, api_key, base_url, progress, resume
        As for `fetch`; the partial download lies beside `output_csv`, as ``<output_csv>.nbib.part``.

    Returns
    -------
    RebuildResult

    Raises
    ------
    PubMedError
        If a column, domain or scope is not as described, and as for `fetch`.
    """
    from otclass.records import read_records
    from otclass.records.cells import neutralise

    labels = _read_labels(Path(ids_csv))
    output_csv = Path(output_csv)
    download = output_csv.with_name(output_csv.name + ".nbib")
    result = fetch(
        ids=labels,
        output=download,
        email=email,
        api_key=api_key,
        base_url=base_url,
        progress=progress,
        resume=resume,
    )
    texts = {}
    if result.written:
        texts = {record.pmid: record for record in read_records(download, format="medline")}
    part = output_csv.with_name(output_csv.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("id", "title", "abstract", "domains", "scope"))
            for pmid, (domains, scope) in labels.items():
                if pmid in texts:
                    record = texts[pmid]
                    title, abstract = neutralise(record.title), neutralise(record.abstract)
                    writer.writerow((pmid, title, abstract, domains, scope))
        part.replace(output_csv)
        download.unlink()
    except OSError as error:
        raise PubMedError(f"{output_csv} cannot be written: {error.strerror or error}.") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    return RebuildResult(
        output_csv,
        written=len(texts),
        missing=result.missing,
        without_abstract=tuple(pmid for pmid in labels if pmid in texts and not texts[pmid].abstract),
    )


def _check_request(query: str | None, ids: Iterable[str] | None) -> list[str] | None:
    """Check that a query or PMIDs are given; give the PMIDs."""
    if (query is None) == (ids is None):
        raise PubMedError("Give either a query or PMIDs.")
    if ids is None:
        if query is not None and not query.strip():
            raise PubMedError("The query is empty.")
        return None
    wanted = _check_ids(ids)
    if not wanted:
        raise PubMedError("The list of PMIDs is empty.")
    return wanted


def _check_ids(ids: Iterable[str]) -> list[str]:
    """Give the distinct PMIDs in their order, or say which are none."""
    distinct = dict.fromkeys(pmid.strip() for pmid in ids)
    distinct.pop("", None)
    wrong = [pmid for pmid in distinct if not _PMID.fullmatch(pmid)]
    if wrong:
        shown = ", ".join(repr(pmid[:40]) for pmid in wrong[:5]) + (", ..." if len(wrong) > 5 else "")
        raise PubMedError(
            f"{len(wrong)} of {len(distinct)} entries are no PMIDs (one to eight digits): {shown}. "
            "Correct or remove them; PubMed was not asked."
        )
    return list(distinct)


def _chunks(ids: Iterable[str]) -> list[_Window]:
    every = tuple(ids)
    return [_Window(every[start : start + POSTED], None) for start in range(0, len(every), POSTED)]


def _windows(
    client: Eutils, query: str | None, ids: list[str] | None
) -> tuple[list[_Window], tuple[str, ...]]:
    """Find what to download, and what PubMed has to say about the query."""
    if query is None:
        return _chunks(ids or ()), ()
    results = list(_searches(client, query))
    notes = dict.fromkeys(note for result in results for note in result.notes)
    return [_Window(result.ids, result.history) for result in results], tuple(notes)


def _searches(client: Eutils, query: str) -> Iterator[SearchResult]:
    """Search, in parts by ranges of PMIDs where PubMed would not hand over all records."""
    result = client.search(query)
    if result.count == 0:
        raise PubMedError(" ".join([f"No record of PubMed matches {query!r}.", *result.notes]))
    ranges = [(1, HIGHEST_PMID, result)]
    while ranges:
        low, high, result = ranges.pop()
        if result.count <= WINDOW:
            if result.count:
                yield result
            continue
        middle = (low + high) // 2
        lower = client.search(f"({query}) AND {low}:{middle}[UID]")
        upper = client.search(f"({query}) AND {middle + 1}:{high}[UID]")
        # Records come and go during a search, but few. More would mean that the ranges are not understood.
        if abs(lower.count + upper.count - result.count) > 10 + result.count // 100:
            raise PubMedError(
                f"The query matches {result.count:,} records, more than PubMed hands over at once, and could "
                f"not be divided by PMID ({lower.count:,} + {upper.count:,} records). Narrow it, for "
                "instance by year: AND 2020:2024[dp]."
            )
        ranges += [(middle + 1, high, upper), (low, middle, lower)]


def _download(client: Eutils, window: _Window, missing: list[str]) -> Iterator[dict[str, bytes]]:
    """Yield batches of MEDLINE text by PMID; append to `missing` what PubMed does not hand over."""
    waiting = dict.fromkeys(window.ids)
    history = window.history
    expiries = 0
    while waiting:
        if history is None:
            history = client.post(waiting)
        asked = len(waiting)
        try:
            for start in range(0, asked if history else 0, BATCH):
                records = client.fetch_set(history, start, min(BATCH, asked - start)) if history else {}
                yield _take(records, waiting)
        except _HistoryExpiredError as error:
            expiries += 1
            if expiries == ATTEMPTS:
                raise PubMedError(
                    f"NCBI's history server lost the records {expiries} times ({error}). Run the command "
                    "again later; it continues where it stopped."
                ) from error
            history = None
        else:
            break
    rest = list(waiting)
    for start in range(0, len(rest), BATCH):
        yield _take(client.fetch_ids(rest[start : start + BATCH]), waiting)
    missing.extend(waiting)


def _take(records: dict[str, bytes], waiting: dict[str, None]) -> dict[str, bytes]:
    """Keep the records waited for, and wait for them no longer."""
    taken = {pmid: text for pmid, text in records.items() if pmid in waiting}
    for pmid in taken:
        del waiting[pmid]
    return taken


def _xml(body: bytes, name: str) -> ET.Element:
    # Expat loads no external entities; NCBI's short answers declare none of their own.
    if b"<!ENTITY" in body:
        raise PubMedError("The answer declares XML entities, which NCBI's do not; it was not read.")
    try:
        root = ET.fromstring(body)
    except ET.ParseError as error:
        raise _TransientError(f"the answer is not well-formed XML ({error})") from error
    if root.tag != name:
        raise _TransientError(f"the answer is <{root.tag}>, not <{name}>")
    return root


def _history(root: ET.Element) -> History | None:
    web_env, query_key = root.findtext("WebEnv", ""), root.findtext("QueryKey", "")
    return History(web_env.strip(), query_key.strip()) if web_env and query_key else None


def _search_result(body: bytes) -> SearchResult:
    root = _xml(body, "eSearchResult")
    count = root.findtext("Count", "")
    if not count.isdecimal():
        raise _TransientError("the answer gives no number of records")
    ids = tuple((element.text or "").strip() for element in root.iterfind("IdList/Id"))
    if not all(_PMID.fullmatch(pmid) for pmid in ids):
        raise _TransientError("the answer lists something other than PMIDs")
    said = {
        "ErrorList/PhraseNotFound": "PubMed does not know the phrase {!r}.",
        "ErrorList/FieldNotFound": "PubMed does not know the search field {!r}.",
        "WarningList/PhraseIgnored": "PubMed ignored {!r}.",
        "WarningList/QuotedPhraseNotFound": "PubMed does not know the quoted phrase {!r}.",
    }
    notes = [
        text.format((element.text or "").strip())
        for path, text in said.items()
        for element in root.iterfind(path)
    ]
    if len(ids) < min(int(count), WINDOW):
        notes.append(f"PubMed counts {int(count):,} records but lists {len(ids):,}.")
    return SearchResult(int(count), ids, _history(root), tuple(notes))


def _medline_records(body: bytes) -> tuple[dict[str, bytes], bool]:
    """Divide MEDLINE text by PMID; also tell whether its last record is whole.

    Each record ends in an empty line and holds no other.
    """
    lines = body.replace(b"\r\n", b"\n").split(b"\n")
    whole = lines.pop() == b"" and bool(lines)  # the last line must have ended
    records: dict[str, list[bytes]] = {}
    current: list[bytes] | None = None
    last_tag = b""
    for line in lines:
        if not line.strip() or _NOT_FOUND_LINE.match(line):
            continue
        if line.startswith(b"PMID-"):
            current = records.setdefault(line[5:].strip().decode("ascii", "replace"), [])
            current.clear()
        if current is None or not _FIELD_LINE.match(line):
            if b"<ERROR>" in body:  # nothing at that place of the set
                return {}, True
            raise _TransientError(
                f"the answer is not MEDLINE text ({line[:60].decode('utf-8', 'replace')!r})"
            )
        if not line.startswith(b" "):
            last_tag = line[:4].rstrip()
        current.append(line)
    texts = {pmid: b"\n".join(record) + b"\n\n" for pmid, record in records.items()}
    return texts, whole and (last_tag == b"SO")


def _seconds(retry_after: str | None) -> float | None:
    """Read a Retry-After header: seconds, or a date (RFC 9110, 10.2.3)."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None


def _read_state(path: Path, query: str | None, ids: list[str] | None) -> tuple[list[str], tuple[str, ...]]:
    """Give the PMIDs and notes of an unfinished download, if it is one of this query or these PMIDs."""
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        listed, notes, of = _check_ids(state["ids"]), tuple(map(str, state["notes"])), state["query"]
    except (ValueError, KeyError, TypeError, AttributeError, PubMedError) as error:
        raise PubMedError(
            f"{path} does not describe an unfinished download. Delete it, or start over without resuming."
        ) from error
    if of != query or (ids is not None and ids != listed):
        raise PubMedError(
            f"{path.with_suffix('')} is an unfinished download of "
            f"{f'the query {of!r}' if of else 'other PMIDs'}. Finish that one, write to another file, or "
            "start over without resuming."
        )
    return listed, notes


def _trim(part: Path) -> set[str]:
    """Cut a partial file after its last whole record and give the PMIDs it holds."""
    done: set[str] = set()
    position = end = 0
    pmid = ""
    with part.open("r+b") as file:
        for line in file:
            position += len(line)
            if line.startswith(b"PMID-"):
                pmid = line[5:].strip().decode("ascii", "replace")
            elif line == b"\n":
                done.add(pmid)
                end = position
        file.truncate(end)
    return done


def _read_labels(path: Path) -> dict[str, tuple[str, str]]:
    labels: dict[str, tuple[str, str]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if lacking := {"pmid", "domains", "scope"} - set(reader.fieldnames or ()):
                raise PubMedError(f"{path}: the column {', '.join(sorted(lacking))} is lacking.")
            for row in reader:
                pmid, domains, scope = row["pmid"].strip(), row["domains"] or "", row["scope"] or ""
                if not _PMID.fullmatch(pmid):
                    raise PubMedError(f"{path}:{reader.line_num}: {pmid!r} is no PMID (one to eight digits).")
                if unknown := [key for key in domains.split(";") if key and key not in DOMAIN_KEYS]:
                    raise PubMedError(f"{path}:{reader.line_num}: unknown domain {unknown[0]!r}.")
                if scope not in ("neuropeptide", "other"):
                    raise PubMedError(
                        f'{path}:{reader.line_num}: scope is {scope!r}, not "neuropeptide" or "other".'
                    )
                labels[pmid] = (domains, scope)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PubMedError(f"{path} cannot be read: {error}.") from error
    return labels
