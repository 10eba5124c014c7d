"""The REST API: tag one text or many, list the domains, say whether the server is up."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from otclass.domains import DOMAINS
from otclass.tagger import Tagger, Tags

MAX_TEXT = 100_000
"""Characters of a text."""
MAX_BATCH = 500
"""Texts of a batch."""
_LONG = 20_000  # characters from which a thread of its own pays, so that others are not kept waiting

_MEANINGS = {domain.key: domain for domain in DOMAINS}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


Text = Annotated[str, Field(max_length=MAX_TEXT)]


class WholeText(_Strict):
    """A title and abstract in one, or a pasted page."""

    text: Text


class TitleAndAbstract(_Strict):
    """Title and abstract apart."""

    title: Text
    abstract: Text


class Batch(_Strict):
    """Many texts."""

    texts: Annotated[list[WholeText | TitleAndAbstract], Field(max_length=MAX_BATCH)]


Probability = Annotated[float, Field(ge=0, le=1)]


class Answer(BaseModel):
    """The domains of one text."""

    tags: list[str] = Field(description="Keys of the domains given, most probable first")
    review: list[str] = Field(description="Keys of the domains that a person should look at")
    probabilities: dict[str, Probability]
    neuropeptide: Probability | None = Field(
        description="Probability that the text studies a neuropeptide; null if the model does not say"
    )


class Answers(BaseModel):
    """Those of a batch, in its order."""

    answers: list[Answer]


class DomainAnswer(BaseModel):
    """A domain that the model tags."""

    key: str
    name: str
    meaning: str
    threshold: Probability = Field(description="Probability from which it is given")


class Health(BaseModel):
    """Given while the server is up."""

    status: str


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str


Asked = WholeText | TitleAndAbstract | Batch
_ASKED: TypeAdapter[Asked] = TypeAdapter(Asked)


class _TagRoute(APIRoute):
    """Validates the body in one go from JSON to models: a third of the time that FastAPI's own way takes."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def handle(request: Request) -> Response:
            media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            # Only requests of this type must ask a browser's leave to go to another site.
            if media_type != "application/json":
                raise HTTPException(415, "Send application/json.")
            try:
                asked = _ASKED.validate_json(await request.body())
            except ValidationError as error:
                raise RequestValidationError(error.errors(include_input=False, include_url=False)) from error
            return await tag(request, asked)

        return handle


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "Unreadable, or addressed to another host"},
    401: {"model": Problem, "description": "The token is missing"},
    403: {"model": Problem, "description": "Sent from another site"},
    413: {"model": Problem, "description": "Too large"},
    415: {"model": Problem, "description": "Not JSON"},
    422: {"model": Problem, "description": "Not of the form described"},
}
router = APIRouter(responses=_PROBLEMS)


def answer_of(tags: Tags) -> dict[str, Any]:
    """Give tags as plain values."""
    return {
        "tags": list(tags),
        "review": list(tags.review),
        "probabilities": {key: round(value, 4) for key, value in tags.probabilities.items()},
        "neuropeptide": None if tags.neuropeptide is None else round(tags.neuropeptide, 4),
    }


def domain_names(tagger: Tagger) -> dict[str, str]:
    """Give the names, for people, of the domains of a model."""
    return {key: _MEANINGS[key].name if key in _MEANINGS else key for key in tagger.domains}


class Together:
    """Tags texts that came in at the same moment together, which takes half the time.

    Parameters
    ----------
    tagger : Tagger
    """

    def __init__(self, tagger: Tagger) -> None:
        self._tagger = tagger
        self._waiting: list[tuple[str, str, asyncio.Future[Tags]]] = []

    def tag(self, title: str, abstract: str) -> asyncio.Future[Tags]:
        """Tag a short text in the event loop's next round."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._tag_all)
        future: asyncio.Future[Tags] = loop.create_future()
        self._waiting.append((title, abstract, future))
        return future

    def _tag_all(self) -> None:
        waiting, self._waiting = [it for it in self._waiting if not it[2].cancelled()], []
        try:
            tagged = self._tagger.tag(
                title=[title for title, _, _ in waiting], abstract=[abstract for _, abstract, _ in waiting]
            )
        except Exception as error:
            for _, _, future in waiting:
                future.set_exception(error)
        else:
            for (_, _, future), tags in zip(waiting, tagged, strict=True):
                future.set_result(tags)


async def tag(request: Request, asked: Asked) -> JSONResponse:
    """Give the domains of a text, or of each text of a batch, with their probabilities."""
    tagger: Tagger = request.app.state.tagger
    if isinstance(asked, Batch):
        return JSONResponse({"answers": await run_in_threadpool(_answers, tagger, asked)})
    title, abstract = _fields(asked)
    if len(title) + len(abstract) > _LONG:
        tags = await run_in_threadpool(tagger.tag, title=title, abstract=abstract)
    else:
        tags = await request.app.state.together.tag(title, abstract)
    return JSONResponse(answer_of(tags))


def _fields(asked: WholeText | TitleAndAbstract) -> tuple[str, str]:
    # An empty title adds nothing but a line break, which is no word.
    return ("", asked.text) if isinstance(asked, WholeText) else (asked.title, asked.abstract)


def _answers(tagger: Tagger, batch: Batch) -> list[dict[str, Any]]:
    fields = [_fields(text) for text in batch.texts]
    tagged = tagger.tag(title=[title for title, _ in fields], abstract=[text for _, text in fields])
    return [answer_of(tags) for tags in tagged]


router.add_api_route(
    "/api/tag",
    tag,
    methods=["POST"],
    response_model=Answer | Answers,
    summary="Tag one text or many",
    route_class_override=_TagRoute,
)


@router.get("/api/domains", response_model=list[DomainAnswer], summary="The domains that the model tags")
async def domains(request: Request) -> JSONResponse:
    """List the domains in the model's order."""
    tagger: Tagger = request.app.state.tagger
    return JSONResponse(
        [
            {
                "key": key,
                "name": name,
                "meaning": _MEANINGS[key].meaning if key in _MEANINGS else "",
                "threshold": tagger.thresholds[key],
            }
            for key, name in domain_names(tagger).items()
        ]
    )


@router.get("/health", response_model=Health, summary="Whether the server is up")
async def health() -> JSONResponse:
    """Say that the server is up."""
    return JSONResponse({"status": "ok"})
