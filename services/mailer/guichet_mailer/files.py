"""Files of mails: given to ``attachments``, with all its checks, and fetched from there to be sent.

The one synchronous call to another service; the README says why.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import NAMESPACE_OID, uuid5

import httpx2
from guichet_contracts.claims import ServiceClaims, ServiceScope, calls_of, request_scope
from guichet_contracts.mailer import Attachment
from guichet_kit.keys import Keys
from guichet_kit.outages import Away
from guichet_kit.tokens import Tokens

from guichet_mailer.parsing import File

_SECONDS = 60.0
_TOKEN_SECONDS = 120
_REFUSALS = {413: "too_large", 415: "type_not_allowed", 422: "not_accepted"}
_PATH = "/api/v1/attachments"


class FilesUnavailable(Away):
    """``attachments`` does not answer, or not yet: the same call may succeed later."""


class FileGone(Exception):
    """``attachments`` has the file no more."""


class FileUnknown(Exception):
    """``attachments`` has no such file for this sender: it is not there, or the news that it was sent is on its way."""


@dataclass(frozen=True, slots=True)
class Infected(Exception):
    """A virus was found in the file ``name``."""

    name: str


def id_of(email_id: str, index: int) -> str:
    """The id of a received mail's file; ``index`` is its place among them, from 0."""
    return str(uuid5(NAMESPACE_OID, f"{email_id}/{index}"))


class Files:
    """A client of ``attachments``, which it calls as the service that it is, for one mail or one agent each time."""

    def __init__(self, url: str, keys: Keys) -> None:
        self._service, self._tokens = keys.service, Tokens(keys, calls_of("attachments"))
        self._http = httpx2.AsyncClient(base_url=url, timeout=_SECONDS)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def give(self, email_id: str, index: int, file: File) -> Attachment:
        """Give one file of a received mail; a repeat is the same file.

        Raises:
            FilesUnavailable: try again later.
            Infected: a virus was found.
        """
        file_id = id_of(email_id, index)
        described = {
            "id": file_id,
            "name": file.name,
            "media_type": file.media_type,
            "size": len(file.content),
            "content_id": file.content_id,
            "inline": file.inline,
            "title": file.title,
        }
        if not file.content:
            return Attachment(**described, state="refused", detail="empty")
        response = await self._call(
            "POST",
            _PATH,
            # Each mail uploads as itself: a mail with many files does not use up another's allowance.
            headers=self._headers("files:give", email_id),
            data={"id": file_id, "scope": request_scope(email_id)},
            files={"file": (file.name, file.content, file.media_type)},
        )
        if response.status_code == httpx2.codes.CREATED:
            kept = response.json()
            state: Literal["ready", "checking"] = "ready" if kept["state"] == "ready" else "checking"
            described |= {"name": kept["name"], "media_type": kept["media_type"] or file.media_type}
            return Attachment(**described, state=state)
        if response.status_code not in _REFUSALS:
            raise FilesUnavailable(f"attachments answered {response.status_code}: {response.text[:200]}")
        code = str(response.json().get("code", _REFUSALS[response.status_code]))
        if code == "infected":
            raise Infected(file.name)
        return Attachment(**described, state="refused", detail=code)

    async def fetch(self, file_id: str, agent_id: str) -> bytes:
        """The bytes of a file, for the agent who sends it.

        Raises:
            FilesUnavailable, FileUnknown: try again later.
            FileGone: it is there no more.
        """
        response = await self._call("GET", f"{_PATH}/{file_id}", headers=self._headers("files:read", agent_id))
        if response.status_code == httpx2.codes.NOT_FOUND:
            raise FileUnknown(f"the file {file_id} is unknown")
        if response.status_code in (httpx2.codes.GONE, httpx2.codes.UNSUPPORTED_MEDIA_TYPE):
            raise FileGone(f"the file {file_id} is gone")
        if response.status_code != httpx2.codes.OK:
            raise FilesUnavailable(f"attachments answered {response.status_code}: {response.text[:200]}")
        return response.content

    def _headers(self, scope: ServiceScope, about: str) -> dict[str, str]:
        said = ServiceClaims(self._service, frozenset({scope}), about)
        return {"Authorization": f"Bearer {self._tokens.issue(said.subject, _TOKEN_SECONDS, **said.claims())}"}

    async def _call(self, method: str, path: str, **options: object) -> httpx2.Response:
        try:
            return await self._http.request(method, path, **options)  # type: ignore[arg-type]
        except httpx2.HTTPError as error:
            raise FilesUnavailable(repr(error)) from error
