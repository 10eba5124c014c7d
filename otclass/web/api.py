"""The REST API: tag one text or many, list the domains, say whether the server is up."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from otclass.domains import DOMAINS
from otclass.tagger import Tagger, Tags

MAX_TEXT = 200_000
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


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "Unreadable, or addressed to another host"},
    401: {"model": Problem, "description": "The token is missing"},
    403: {"model": Problem, "description": "Sent from another site"},
    413: {"model": Problem, "description": "Too large"},
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


@router.post("/api/tag", response_model=Answer | Answers, summary="Tag one text or many")
async def tag(request: Request, asked: WholeText | TitleAndAbstract | Batch) -> JSONResponse:
    """Give the domains of a text, or of each text of a batch, with their probabilities."""
    tagger: Tagger = request.app.state.tagger
    if isinstance(asked, Batch):
        return JSONResponse({"answers": await run_in_threadpool(_answers, tagger, asked)})
    if isinstance(asked, WholeText):
        size, tagging = len(asked.text), partial(tagger.tag, asked.text)
    else:
        size = len(asked.title) + len(asked.abstract)
        tagging = partial(tagger.tag, title=asked.title, abstract=asked.abstract)
    return JSONResponse(answer_of(await run_in_threadpool(tagging) if size > _LONG else tagging()))


def _answers(tagger: Tagger, batch: Batch) -> list[dict[str, Any]]:
    # An empty title adds nothing but a line break, which is no word.
    fields = [("", it.text) if isinstance(it, WholeText) else (it.title, it.abstract) for it in batch.texts]
    tagged = tagger.tag(title=[title for title, _ in fields], abstract=[text for _, text in fields])
    return [answer_of(tags) for tags in tagged]


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
