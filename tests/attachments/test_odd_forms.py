"""A form's bytes are anybody's: whatever they are, they are read or refused with a reason, never an error of ours."""

import random
from collections.abc import AsyncIterator

import pytest
from guichet_attachments.upload import received
from guichet_kit.problems import Problem

FORM = (
    b'--B\r\nContent-Disposition: form-data; name="scope"\r\n\r\nvisitor\r\n'
    b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nHello\r\n'
    b"--B--\r\n"
)


async def refused(content_type: str, body: bytes, block: int = 7) -> int | None:
    """The status with which the form is refused, or None when it is read; any other error is raised."""

    async def blocks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), block):
            yield body[start : start + block]

    try:
        async with received(content_type, blocks(), 1000):
            return None
    except Problem as problem:
        return problem.status


async def test_the_form_that_the_others_are_made_from_is_read() -> None:
    assert await refused("multipart/form-data; boundary=B", FORM) is None


@pytest.mark.parametrize("length", [256, 257, 5000])
async def test_a_boundary_has_a_longest(length: int) -> None:
    boundary = "b" * length
    body = FORM.replace(b"--B", b"--" + boundary.encode())
    assert await refused(f"multipart/form-data; boundary={boundary}", body) == (None if length <= 256 else 422)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "multipart/form-data",
        'multipart/form-data; boundary="',
        "multipart/form-data; boundary=\xff\xfe",
        "multipart/form-data; boundary*=no-such-charset''B",
        "multipart/form-data; boundary*=utf-8''%ff%fe",
        "multipart/form-data; boundary*0*=x'y'%",
        "multipart/form-data; boundary=" + "=" * 9000,
        "multipart/form-data;" * 400,
        "multipart/mixed; boundary=B",
    ],
)
async def test_an_odd_content_type_is_refused(content_type: str) -> None:
    assert await refused(content_type, FORM) in (400, 422)


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Disposition: form-data; name*=no-such-charset''file; filename=x",
        b"Content-Disposition: form-data; name=file; filename*=no-such-charset''%ff",
        b"Content-Disposition: form-data; name=file; filename*0*=a'b'%",
        b"Content-Disposition: \xff\xfe\x00; name=file",
        b"Content-Disposition",
        b": x",
        b"X: " + b"y" * 100_000,
        b"\r\n".join(b"X-%d: y" % number for number in range(500)),
    ],
)
async def test_odd_headers_of_a_part_are_read_or_refused(header: bytes) -> None:
    body = b"--B\r\n" + header + b"\r\n\r\nHello\r\n--B--\r\n"
    assert await refused("multipart/form-data; boundary=B", body) in (None, 400, 422)


async def test_forms_with_bytes_put_in_taken_out_and_changed_are_read_or_refused() -> None:
    chance = random.Random(12)  # noqa: S311  the same forms in every run
    for _ in range(3000):
        body = bytearray(FORM)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(body))
            new = chance.choice([b"", b"\r\n", b"--B", b"\x00", b"\xff", b";", b'"', b"*=", b":", b"=?utf-8?q?=00?="])
            body[at : at + chance.choice([0, 0, 1, 5])] = new
        assert await refused("multipart/form-data; boundary=B", bytes(body), chance.choice([1, 7, 4096])) in (
            None,
            400,
            413,
            422,
        ), bytes(body)
