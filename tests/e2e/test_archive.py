"""All that the desk knows of a person is in their archive, and nothing of anybody else; then it is gone everywhere."""

import io
import json
import uuid
import zipfile

import httpx2
import pytest
from guichet_local.testing.stack import Stack

from .everywhere import places_of
from .known_people import Desk, until


def opened(content: bytes) -> dict[str, bytes]:
    """The files of an archive, by their names; its checksums are good."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def absent(files: dict[str, bytes], words: dict[str, str]) -> set[str]:
    """The places whose word stands nowhere in the archive, neither in a name nor in bytes."""
    text = "\n".join([*files, *(content.decode("utf-8", "replace") for content in files.values())])
    return {where for where, word in words.items() if word not in text}


@pytest.mark.timeout(420)
async def test_a_persons_archive_has_every_word_of_theirs_and_after_their_erasure_nothing_has_any(stack: Stack) -> None:
    async with httpx2.AsyncClient(base_url=stack.gateway, timeout=60, headers={"Origin": stack.gateway}) as http:
        desk = Desk(stack, http)
        await desk.sign_in()
        key = f"f{uuid.uuid4().hex[:8]}"
        form = {"key": key, "name": "Contact", "language": "fr", "fields": []}
        assert (await http.post("/api/v1/forms", json=form)).status_code == 201
        grace, otto = await desk.known("Grace", key), await desk.known("Otto", key)
        path = f"/api/v1/contacts/{grace.contact_id}/archive"

        async def whole() -> dict[str, bytes] | None:
            # What was written a moment ago may be on its way from one service to the next.
            answer = await http.get(path)
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == "application/zip"
            files = opened(answer.content)
            return files if not absent(files, grace.words) else None

        try:
            files = await until(whole)
        except TimeoutError:
            pytest.fail(f"not in the archive: {absent(opened((await http.get(path)).content), grace.words)}")
        assert absent(files, otto.words) == set(otto.words)
        told = json.loads(files["person.json"])
        assert (told["format"], told["contact"]["id"], len(told["visitors"])) == (1, grace.contact_id, 1)
        assert json.loads(files["missing.json"]) == []
        kinds = {name.partition("/")[0] for name in files}
        assert kinds == {"person.json", "missing.json", "files", "mails", "quarantine"}

        trail = (await http.get("/api/v1/audit", params={"subject_id": grace.contact_id})).json()["items"]
        assert {one["action"] for one in trail} == {"contact.archived"}
        assert (await http.get(f"/api/v1/contacts/{uuid.uuid4()}/archive")).status_code == 404

        assert await places_of(stack, *grace.words.values())
        gone = await http.delete(f"/api/v1/contacts/{grace.contact_id}")
        assert gone.status_code == 204, gone.text
        # What was said on the requests is kept, where it names nobody.
        kept = {"chat", "note", "mailsubject", "mailbody", "answer", "formsubject", "formmessage"}
        theirs = {where: word for where, word in grace.words.items() if where not in kept}
        left: list[str] = []

        async def nowhere() -> bool:
            left[:] = await places_of(stack, *theirs.values())
            return not left

        try:
            await until(nowhere, 90)
        except TimeoutError:
            pytest.fail(f"left: {left}")
        assert (await http.get(path)).status_code == 404

        async def told_of() -> bool:
            trail = (await http.get("/api/v1/audit", params={"subject_id": grace.contact_id})).json()["items"]
            return bool(trail[0]["action"] == "contact.erased")

        await until(told_of)
        # Otto is whole.
        answer = await http.get(f"/api/v1/contacts/{otto.contact_id}/archive")
        assert absent(opened(answer.content), otto.words) == set()
