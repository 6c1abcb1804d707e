"""The tags of strange HTML, told apart as browsers do (HTML, 13.2.5) and written anew, before the cleaner sees them.

Its time grows with the square of a tag's attributes, and quotes and slashes hide them from any simple expression.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

VALUE_LIMIT = 20_000
"""Characters of an attribute's value that is kept."""

_KEPT = frozenset(
    {
        *("align", "alt", "background", "bgcolor", "border", "cellpadding", "cellspacing", "class", "color", "colspan"),
        *("dir", "face", "height", "href", "id", "lang", "rowspan", "size", "src", "start", "style", "text", "title"),
        *("type", "valign", "width"),
    }
)
_MARKUP = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)|<!--|<[!?/]")
_COMMENT_ENDS = re.compile(r"--!?>")
_ATTRIBUTE = re.compile(
    r"""[\s/]*(?:(>)|(=?[^\s/>=]+|=)(?:\s*=\s*(?:"([^"]*)(?:"|\Z)|'([^']*)(?:'|\Z)|([^\s>"'][^\s>]*)|(?=>|\Z)))?)"""
)
_RAW = frozenset({"title", "textarea", "iframe", "noscript", "script", "style"})
"""Elements whose content is text, whatever it looks like; none of it is shown."""

_RAW_ENDS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _RAW}

Attributes = dict[str, str]
"""As they stand there, with entities; of two with one name the first."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of HTML: text with its entities, a start or an end tag, or the content of an element of nothing but text.

    ``name`` in lower case is that of the tag or the element; ``attributes`` are those that may count.
    """

    kind: Literal["text", "start", "end", "raw"]
    name: str = ""
    text: str = ""
    attributes: Attributes = field(default_factory=dict)

    def __str__(self) -> str:
        """As HTML; nothing of elements of nothing but text, which show none of it."""
        match self.kind:
            case "start":
                said = "".join(f' {key}="{_quoted(value)}"' for key, value in self.attributes.items())
                return f"<{self.name}{said}>"
            case "end":
                return f"</{self.name}>"
            case "text":
                return self.text.replace("<", "&lt;")
            case _:
                return ""


def _quoted(value: str) -> str:
    return value.replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")


def tokens(markup: str) -> Iterator[Token]:
    """The pieces, without comments, declarations and what stands behind a tag or a comment that never ends.

    Linear: whatever has no end ends it all.
    """
    at = 0
    while found := _MARKUP.search(markup, at):
        if found.start() > at:
            yield Token("text", text=markup[at : found.start()])
        if found[2] is None:
            at = _after_comment(markup, found.start()) if found[0] == "<!--" else markup.find(">", found.end() - 1) + 1
            if not at:
                return
            continue
        read = _attributes(markup, found.end())
        if read is None:
            return
        attributes, at = read
        name = found[2].lower()
        if found[1]:
            yield Token("end", name)
        elif name in _RAW:
            end = _RAW_ENDS[name].search(markup, at)
            if end is None:
                return
            yield Token("raw", name, markup[at : end.start()])
            at = end.start()
        else:
            yield Token("start", name, attributes=attributes)
    if at < len(markup):
        yield Token("text", text=markup[at:])


def _after_comment(markup: str, begin: int) -> int:
    """Where a comment ends; 0 where it never does."""
    for short in ("<!-->", "<!--->"):
        if markup.startswith(short, begin):
            return begin + len(short)
    end = _COMMENT_ENDS.search(markup, begin + 4)
    return end.end() if end else 0


def _attributes(markup: str, at: int) -> tuple[Attributes, int] | None:
    """Those that may count, and where the tag ends; None where it never does."""
    attributes: Attributes = {}
    while found := _ATTRIBUTE.match(markup, at):
        at = found.end()
        if found[1]:
            return attributes, at
        name = found[2].lower()
        value = found[3] or found[4] or found[5] or ""
        if name in _KEPT and name not in attributes and len(value) <= VALUE_LIMIT:
            attributes[name] = value
    return None
