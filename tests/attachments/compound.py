"""Compound files ([MS-CFB]), version 3, written on the spot: a header, one FAT sector, a directory, streams."""

import struct
from collections.abc import Mapping

SECTOR = 512
_END, _FREE, _FAT, _NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF


def file(streams: Mapping[str, bytes]) -> bytes:
    """A file with these streams; each has at least 4096 bytes, so that no mini stream is needed."""
    storages = sorted({path.rsplit("/", 1)[0] for path in streams if "/" in path})
    parents = sorted(
        {"/".join(path.split("/")[:depth]) for path in storages for depth in range(1, path.count("/") + 2)}
    )
    paths = [*parents, *streams]
    number = {path: index + 1 for index, path in enumerate(paths)}
    children: dict[str, list[str]] = {}
    for path in paths:
        children.setdefault(path.rpartition("/")[0], []).append(path)

    entry_sectors = -(-(len(paths) + 1) // 4)
    fat = [_FAT, *range(2, entry_sectors + 1), _END]
    data, starts = b"", {}
    for path, content in streams.items():
        padded = content + bytes(-len(content) % SECTOR)
        starts[path] = len(fat)
        fat += [*range(len(fat) + 1, len(fat) + len(padded) // SECTOR), _END]
        data += padded
    fat += [_FREE] * (SECTOR // 4 - len(fat))

    entries = [_entry("Root Entry", 5, _child(children, "", number), _NONE, _END, 0)]
    for path in paths:
        siblings = children[path.rpartition("/")[0]]
        after = siblings[siblings.index(path) + 1 :]
        right = number[after[0]] if after else _NONE
        is_stream = path in streams
        child = _NONE if is_stream else _child(children, path, number)
        size = len(streams[path]) if is_stream else 0
        entries.append(_entry(path.rpartition("/")[2], 2 if is_stream else 1, child, right, starts.get(path, 0), size))
    directory = b"".join(entries).ljust(entry_sectors * SECTOR, b"\0")

    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, _END, 0, _END, 0, 0)
    header += struct.pack("<I", _FREE) * 108
    return header + struct.pack(f"<{len(fat)}I", *fat) + directory + data


def _child(children: Mapping[str, list[str]], path: str, number: Mapping[str, int]) -> int:
    return number[children[path][0]] if path in children else _NONE


def _entry(name: str, kind: int, child: int, right: int, start: int, size: int) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    head = encoded.ljust(64, b"\0") + struct.pack("<HBBIII", len(encoded), kind, 1, _NONE, right, child)
    return head + bytes(16 + 4 + 8 + 8) + struct.pack("<IQ", start, size)
