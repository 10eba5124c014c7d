"""Who may ask, how much they may send, and what browsers are told: a layer around the whole application."""

import hashlib
import hmac
import ipaddress
import json
import re
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SESSION_COOKIE = "otclass_session"
TOKEN_COOKIE = "otclass_token"

MAX_BODY = 4 * 1024 * 1024
"""Bytes of a request, uploads apart."""

# Evidence carries its colours in style attributes; scripts and style sheets come from this server alone.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "style-src-attr 'unsafe-inline'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_SESSION = re.compile(r"[\w-]{43}")
_OPEN = ("/static/", "/health")
_NO_PAGES = (*_OPEN, "/api/")


class Guard:
    """ASGI middleware: host, token, origin and size of every request; a session and headers in every answer.

    Parameters
    ----------
    app : ASGI application
    hosts : collection of str
        Names under which the server may be addressed. Others are refused, as a name that an attacker points
        at this machine (DNS rebinding) would be.
    addresses : bool
        Whether any IP address may stand in place of a name; none of them can be rebound.
    token : str
        What a caller must know; empty for none.
    max_upload : int
        Bytes of an upload.
    """

    def __init__(
        self, app: ASGIApp, *, hosts: Collection[str], addresses: bool, token: str, max_upload: int
    ) -> None:
        self.app, self.hosts, self.addresses = app, frozenset(hosts), addresses
        self.token, self.max_upload = token, max_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), scope["path"]
        cookies = _cookies(headers)
        session = cookies.get(SESSION_COOKIE, "")
        new = not path.startswith(_NO_PAGES) and not _SESSION.fullmatch(session)
        scope["session"] = token_urlsafe(32) if new else session

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    given[name] = value
                if not path.startswith("/static/"):
                    given["Cache-Control"] = "no-store"
                    if new:
                        given.append("Set-Cookie", _cookie(SESSION_COOKIE, scope["session"]))
            await send(message)

        refusal = self._refusal(scope, headers, cookies)
        if refusal is not None:
            await refusal(scope, receive, answer)
            return
        limit = self.max_upload if path == "/library" else MAX_BODY
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413, _too_large(limit))
            return message

        await self.app(scope, limited, answer)

    def _refusal(self, scope: Scope, headers: Headers, cookies: dict[str, str]) -> Response | None:
        path, host = scope["path"], headers.get("host", "")
        if not self._knows(host):
            return refuse(path, 400, "This server does not answer to that name; use the address it printed.")
        origin = headers.get("origin")
        unsafe = scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if unsafe and (
            (origin is not None and urlsplit(origin).netloc != host)
            or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
        ):
            return refuse(path, 403, "This request came from another site.")
        if self.token and not path.startswith(_OPEN):
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
            if scope["method"] == "GET" and _same(given, self.token):
                response = RedirectResponse("/" + path.lstrip("/\\"), 303)
                response.headers.append("Set-Cookie", _cookie(TOKEN_COOKIE, self.token))
                return response
            bearer = headers.get("authorization", "").removeprefix("Bearer ")
            if not (_same(bearer, self.token) or _same(cookies.get(TOKEN_COOKIE, ""), self.token)):
                return refuse(path, 401, "Open the address with the token that the server printed.")
        limit = self.max_upload if path == "/library" else MAX_BODY
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length[:20]) > limit:
            return refuse(path, 413, _too_large(limit))
        return None

    def _knows(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self.hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return self.addresses


def csrf_of(request: Request) -> str:
    """Give the token that a form of this session must send back.

    It follows from the session's cookie, which no other site can read, so that a form stays good when the
    server starts anew.
    """
    return hashlib.sha256(b"form of " + request.scope["session"].encode()).hexdigest()


def check_csrf(request: Request, form: Any) -> None:
    """Refuse a form that does not come from a page of this session."""
    if not _same(str(form.get("csrf", "")), csrf_of(request)):
        raise HTTPException(403, "This form is from another session. Load the page anew and try again.")


def refuse(path: str, status: int, why: str) -> Response:
    """Answer with an error: JSON to a program, plain text to a person."""
    if path.startswith("/api/"):
        return Response(json.dumps({"detail": why}), status, media_type="application/json")
    return PlainTextResponse(why, status)


def _cookies(headers: Headers) -> dict[str, str]:
    sent = headers.get("cookie")
    if sent is None:
        return {}
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(sent).items()}
    except CookieError:
        return {}


def _cookie(name: str, value: str) -> str:
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Strict"


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


def _too_large(limit: int) -> str:
    return f"This is larger than the {limit / 1024**2:g} MB taken here; the command otclass tag has no limit."
