"""The link of a mail that asks whether an address is the visitor's: its page, and what the page says."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Response
from guichet_kit.static import static_file
from pydantic import Field

from guichet_requests.fields import Body
from guichet_requests.transcript import proof, usecases

_PAGE_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class ProofGiven(Body):
    """What the link says after its ``#``."""

    token: Annotated[str, Field(max_length=4096)]


def routes(desk: usecases.Desk, form_dir: Path) -> APIRouter:
    """``/proofs`` and ``/api/v1/proofs``, for whoever reads the mail."""
    router = APIRouter(tags=["transcripts"])

    # Not by the link itself: programs that look into mail follow links, and press no buttons.
    @router.post("/api/v1/proofs", status_code=204)
    async def prove_address(body: ProofGiven) -> None:
        await usecases.prove(desk, body.token)

    @router.get(proof.PATH, include_in_schema=False)
    async def page() -> Response:
        response = static_file(form_dir, "proof.html", "no-cache")
        response.headers["Content-Security-Policy"] = _PAGE_CSP
        return response

    return router
