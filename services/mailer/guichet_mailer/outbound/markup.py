"""The HTML part of a mail that was written as text: its lines and spaces, links, and quotes as such."""

import html
import re

_LINK = re.compile(r"\b(?:https?://|www\.)[^\s<>\"]{1,2000}|\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_BEHIND = ".,;:!?'’»…"
"""What stands behind a link and is not of it."""

_OPENING = {")": "(", "]": "["}
_QUOTED = re.compile(r"((?:> ?)*)(.*)", re.DOTALL)
_SPACES = re.compile(r"^ | (?= )")
_BLOCKQUOTE = '<blockquote style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">'


def as_html(text: str) -> str:
    """``text`` as a whole document. Lines that begin with ``>`` are a quote, as deep as there are such signs."""
    return f'<html><body><div style="font-family:sans-serif;font-size:14px">{_body(text)}</div></body></html>'


def _body(text: str) -> str:
    out: list[str] = []
    depth = 0
    for line in text.replace("\r\n", "\n").split("\n"):
        marks, words = _QUOTED.fullmatch(line).groups()  # type: ignore[union-attr]  # it matches every line
        now = min(marks.count(">"), 20)
        if now != depth:
            out.append("</blockquote>" * (depth - now) + _BLOCKQUOTE * (now - depth))
            depth = now
        elif out:
            out.append("<br>\n")
        out.append(_line(words if now else line))
    return "".join(out) + "</blockquote>" * depth


def _line(line: str) -> str:
    """One line: linked, and with spaces that stay."""
    out, end = [], 0
    for found in _LINK.finditer(line):
        link = _trimmed(found[0])
        if found.start() < end or not link:
            continue
        out += [_escaped(line[end : found.start()]), f'<a href="{html.escape(_address(link))}">{html.escape(link)}</a>']
        end = found.start() + len(link)
    return "".join([*out, _escaped(line[end:])])


def _escaped(words: str) -> str:
    return html.escape(_SPACES.sub("\xa0", words.replace("\t", "    ")), quote=False).replace("\xa0", "&nbsp;")


def _trimmed(link: str) -> str:
    """Without the punctuation behind it; a bracket stays where it was opened within the link."""
    while link:
        opening = _OPENING.get(link[-1])
        if link[-1] not in _BEHIND and (opening is None or link.count(link[-1]) <= link.count(opening)):
            break
        link = link[:-1]
    return link


def _address(link: str) -> str:
    if link.startswith("www."):
        return f"https://{link}"
    return link if "://" in link else f"mailto:{link}"
