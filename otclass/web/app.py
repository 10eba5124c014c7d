"""The web application: its pages, and how to serve it."""

import asyncio
import contextlib
import gc
import ipaddress
import logging
import socket
from collections.abc import AsyncIterator, Collection, Iterable
from functools import partial
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from otclass.domains import DOMAINS
from otclass.labelled import LabelledError
from otclass.records import Record, RecordError
from otclass.tagger import Tagger
from otclass.web import api
from otclass.web.guard import HEADERS, LOOPBACK, Guard, check_csrf, csrf_of, refuse
from otclass.web.label import RANDOM_EVERY, Curator
from otclass.web.labels import ConflictError, text_of
from otclass.web.library import DOWNLOADS, Filters, Libraries, base_name, download, page_of, read_library

MAX_UPLOAD = 100 * 1024 * 1024
MAX_FILES = 20
_SWEEP = 60.0  # seconds between looks for expired libraries
_HERE = Path(__file__).parent
_MEDIA = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "ris": "application/x-research-info-systems",
    "bibtex": "application/x-bibtex",
}

_templates = Jinja2Templates(_HERE / "templates")


def create_app(
    tagger: Tagger | None = None,
    curator: Curator | None = None,
    *,
    hosts: Collection[str] = LOOPBACK,
    addresses: bool = False,
    token: str = "",
    max_upload: int = MAX_UPLOAD,
) -> FastAPI:
    """Make the web application.

    Parameters
    ----------
    tagger : Tagger, optional
        The model; by default the shipped one.
    curator : Curator, optional
        What there is to label; by default nothing.
    hosts : collection of str, optional
        Names under which the server may be addressed, by default those of this machine to itself.
    addresses : bool, default False
        Whether any IP address may stand in place of a name.
    token : str, optional
        What callers must know, as ``?token=`` once in a browser and as ``Authorization: Bearer`` in a
        program; by default nothing. `/health` never asks for it.
    max_upload : int, default 100 MiB
        Bytes of an upload to the library.

    Returns
    -------
    FastAPI
        An ASGI application.
    """
    libraries = Libraries()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async def sweep() -> None:
            while True:
                await asyncio.sleep(_SWEEP)
                libraries.expire()

        sweeping = asyncio.create_task(sweep())
        yield
        sweeping.cancel()
        if curator is not None:
            await run_in_threadpool(curator.close)

    app = FastAPI(
        title="otclass",
        description="Tags abstracts of the neuropeptide literature with domains.",
        version="1",
        # The usual pages that show the OpenAPI document load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.tagger = tagger or Tagger.default()
    app.state.together = api.Together(app.state.tagger)
    app.state.libraries = libraries
    app.add_middleware(Guard, hosts=hosts, addresses=addresses, token=token, max_upload=max_upload)
    app.include_router(api.router)
    app.mount("/static", StaticFiles(directory=_HERE / "static"))
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _not_as_described)
    app.add_exception_handler(LabelledError, _labels_unusable)
    app.add_exception_handler(Exception, _fault)
    _add_read(app)
    _add_library(app)
    _add_label(app, curator)
    return app


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    tagger: Tagger | None = None,
    curator: Curator | None = None,
    token: str = "",
    names: Iterable[str] = (),
) -> None:
    """Serve the web application until interrupted.

    Parameters
    ----------
    host : str, default "127.0.0.1"
        Address to listen at. Any but this machine's own to itself requires a token.
    port : int, default 8000
    tagger : Tagger, optional
        The model; by default the shipped one.
    curator : Curator, optional
        What there is to label; by default nothing.
    token : str, optional
        By default none on this machine alone, else one made up and printed.
    names : iterable of str, optional
        Further names under which the server is addressed, as behind a proxy.

    Raises
    ------
    OSError
        If the address cannot be listened at.
    """
    import uvicorn

    local = _is_loopback(host)
    if not local:
        token = token or token_urlsafe(24)
    hosts = {*LOOPBACK, *names} if local else {*LOOPBACK, *names, host, socket.gethostname().lower()}
    app = create_app(tagger, curator, hosts=hosts, addresses=not local, token=token)
    shown = f"[{host}]" if ":" in host else host
    print(f"http://{shown}:{port}/" + (f"?token={token}" if token else ""), flush=True)
    # The model lives as long as the server: the garbage collector need not look through it again and again.
    gc.collect()
    gc.freeze()
    # The access log would hold the token.
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False, server_header=False)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _page(request: Request, name: str, status: int = 200, **context: Any) -> Response:
    tagger: Tagger = request.app.state.tagger
    shared = {"csrf": csrf_of(request), "names": api.domain_names(tagger)}
    return _templates.TemplateResponse(request, name, shared | context, status)


# --- Errors -------------------------------------------------------------------------------------------------


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if request.url.path.startswith("/api/") or "session" not in request.scope:
        response = refuse(request.url.path, error.status_code, error.detail)
    else:
        response = _page(request, "error.html", error.status_code, why=error.detail)
    response.headers.update(error.headers or {})
    return response


async def _not_as_described(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # What was sent is not sent back: it may be no valid text.
    found = {f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()}
    return refuse(request.url.path, 422, "; ".join(sorted(found)))


async def _fault(_: Request, error: Exception) -> Response:
    logging.getLogger("uvicorn.error").error("a request failed", exc_info=error)
    return PlainTextResponse("Something went wrong here; the server's log says what.", 500, headers=HEADERS)


# --- Read ---------------------------------------------------------------------------------------------------


def _evidence(tagger: Tagger, record: Record) -> dict[str, Any]:
    """What the template of a result shows."""
    tags = tagger.tag(text_of(record))
    return {"tags": tags, "evidence": Markup(tags.explain()._repr_html_())}


def _add_read(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def read(request: Request) -> Response:
        return _page(request, "read.html", text="")

    @app.post("/", include_in_schema=False)
    async def read_text(request: Request) -> Response:
        async with request.form(max_files=0, max_part_size=4 * api.MAX_TEXT) as form:
            check_csrf(request, form)
            text = str(form.get("text", ""))
        if len(text) > api.MAX_TEXT:
            raise HTTPException(413, f"The text is longer than {api.MAX_TEXT:,} characters.")
        name = "_result.html" if "x-fragment" in request.headers else "read.html"
        if not text.strip():
            return _page(request, name, text="")
        found = await run_in_threadpool(_evidence, request.app.state.tagger, Record(abstract=text))
        return _page(request, name, text=text, **found)


# --- Library ------------------------------------------------------------------------------------------------


def _filters(
    q: Annotated[str, Query(max_length=500)] = "",
    domain: str = "",
    review: bool = False,
    unique: bool = False,
) -> Filters:
    return Filters(q, domain, review, unique)


_Filtered = Annotated[Filters, Depends(_filters)]


def _add_library(app: FastAPI) -> None:
    libraries: Libraries = app.state.libraries

    def own(request: Request) -> Any:
        library = libraries.get(request.scope["session"])
        if library is None:
            raise HTTPException(404, "There is no library here, or it has expired. Drop a file to begin.")
        return library

    @app.get("/library", include_in_schema=False)
    def library(request: Request, filters: _Filtered, page: int = 1) -> Response:
        kept = libraries.get(request.scope["session"])
        shown = page_of(kept, filters, page) if kept else None
        query = [
            (name, value)
            for name, value in request.query_params.multi_items()
            if name not in ("page", "format")
        ]
        return _page(
            request,
            "library.html",
            library=kept,
            filters=filters,
            shown=shown,
            query=query,
            formats=DOWNLOADS,
        )

    @app.post("/library", include_in_schema=False)
    async def upload(request: Request) -> Response:
        async with request.form(max_files=MAX_FILES, max_fields=10) as form:
            check_csrf(request, form)
            given = [file for file in form.getlist("file") if isinstance(file, UploadFile) and file.filename]
            if not given:
                raise HTTPException(422, "Choose a file first.")
            files = [(base_name(file.filename or ""), file.file) for file in given]
            library = await run_in_threadpool(read_library, files, request.app.state.tagger)
        libraries.put(request.scope["session"], library)
        return RedirectResponse("/library", 303)

    @app.post("/library/clear", include_in_schema=False)
    async def clear(request: Request) -> Response:
        async with request.form(max_files=0) as form:
            check_csrf(request, form)
        libraries.drop(request.scope["session"])
        return RedirectResponse("/library", 303)

    @app.get("/library/record/{number}", include_in_schema=False)
    def record(request: Request, number: int) -> Response:
        items = own(request).items
        if not 0 <= number < len(items):
            raise HTTPException(404, "The library has no such record.")
        item = items[number]
        return _page(request, "record.html", item=item, **_evidence(request.app.state.tagger, item.record))

    @app.get("/library/download", include_in_schema=False)
    def tagged(request: Request, filters: _Filtered, format: str = "csv") -> Response:
        if format not in DOWNLOADS:
            raise HTTPException(422, f"There is no format {format!r}; choose one of {', '.join(DOWNLOADS)}.")
        items = filter(filters, own(request).items)
        try:
            content = download(items, format, request.app.state.tagger.domains)
        except RecordError as error:
            raise HTTPException(422, error.message) from error
        return Response(
            content,
            media_type=_MEDIA[format],
            headers={"Content-Disposition": f'attachment; filename="tagged{DOWNLOADS[format]}"'},
        )


# --- Label --------------------------------------------------------------------------------------------------


def _add_label(app: FastAPI, curator: Curator | None) -> None:
    meanings = {domain.key: domain.meaning for domain in DOMAINS}

    def show(request: Request, key: str | None, status: int = 200, **context: Any) -> Response:
        if curator is None:
            return _page(request, "label.html", curator=None)
        labelled = curator.labelled()
        shared: dict[str, Any] = {
            "curator": curator,
            "done": len(labelled),
            "key": key,
            "previous": curator.previous(key or ""),
        }
        if key is not None:
            label = labelled.get(key)
            shared |= {"record": curator.records[key], "label": label, "meanings": meanings, "shown": False}
            shared |= {"chosen": label.domains if label else frozenset()}
            shared |= _evidence(curator.tagger, curator.records[key])
        return _page(request, "label.html", status, **(shared | context))

    def known(key: str) -> Curator:
        if curator is None or key not in curator.records:
            raise HTTPException(404, "There is no such record to label.")
        return curator

    @app.get("/label", include_in_schema=False)
    def label(request: Request, record: str = "") -> Response:
        if curator is None:
            return show(request, None)
        if record:
            known(record)
        return show(request, record or curator.next())

    @app.post("/label", include_in_schema=False)
    async def save(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=50) as form:
            check_csrf(request, form)
            key, version, seen = (str(form.get(name, "")) for name in ("key", "version", "guess_shown"))
            chosen = set(map(str, form.getlist("domain")))
            skip = "skip" in form
        curator = known(key)
        if skip:
            curator.skip(key)
            return RedirectResponse("/label", 303)
        if unknown := sorted(chosen - set(curator.start.domains)):
            raise HTTPException(422, f"There is no domain {unknown[0]!r}.")
        domains = [domain for domain in curator.start.domains if domain in chosen]
        saving = partial(curator.save, key, domains, version, guess_shown=bool(seen))
        try:
            await run_in_threadpool(saving)
        except ConflictError:
            return await run_in_threadpool(
                show, request, key, 409, conflict=True, chosen=chosen, shown=bool(seen)
            )
        return RedirectResponse("/label", 303)

    @app.get("/label/progress", include_in_schema=False)
    def progress(request: Request) -> Response:
        if curator is None:
            return show(request, None)
        sample, missed = curator.missed()
        return _page(
            request,
            "progress.html",
            curator=curator,
            done=len(curator.labelled()),
            agreement=curator.agreement(),
            sample=sample,
            missed=missed,
            every=RANDOM_EVERY,
        )


async def _labels_unusable(request: Request, error: Exception) -> Response:
    return _page(request, "error.html", 503, why=str(error))
