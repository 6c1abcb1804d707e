"""The tags of strange HTML, told apart as browsers do (HTML, 13.2.5) and written anew, before the cleaner sees them.

Its time grows with the square of a tag's attributes, and quotes and slashes hide them from any simple expression.
"""

import re
from collections.abc import Callable, Iterator

VALUE_LIMIT = 20_000
"""Characters of an attribute's value that is kept."""

_KEPT = frozenset(
    {
        *("align", "alt", "background", "bgcolor", "border", "cellpadding", "cellspacing", "class", "color", "colspan"),
        *("dir", "face", "height", "href", "id", "lang", "rowspan", "size", "src", "start", "style", "text", "title"),
        *("type", "valign", "width"),
    }
)
_MARKUP = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)|<[!?/]")
_ATTRIBUTE = re.compile(
    r"""[\s/]*(?:(>)|(=?[^\s/>=]+|=)(?:\s*=\s*(?:"([^"]*)(?:"|\Z)|'([^']*)(?:'|\Z)|([^\s>"'][^\s>]*)|(?=>|\Z)))?)"""
)
_RAW = frozenset({"title", "textarea", "iframe", "noembed", "noframes", "noscript", "xmp", "script", "style"})
"""Elements whose content is text, whatever it looks like; none of it is shown."""

Attributes = dict[str, str]


def rewritten(markup: str, start: Callable[[str, Attributes], str]) -> str:
    """The same with each start tag as ``start`` has it: of its name in lower case and the attributes that may count.

    Their values are as they stand there, with entities. End tags lose all but their names. What cannot be seen in a
    mail is gone: comments, declarations, elements of nothing but text, and what stands behind a tag that never ends.
    """
    return "".join(_pieces(markup, start))


def written(name: str, attributes: Attributes) -> str:
    """The start tag."""
    said = "".join(f' {key}="{_quoted(value)}"' for key, value in attributes.items())
    return f"<{name}{said}>"


def _quoted(value: str) -> str:
    return value.replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")


def _pieces(markup: str, start: Callable[[str, Attributes], str]) -> Iterator[str]:
    at = 0
    while found := _MARKUP.search(markup, at):
        yield markup[at : found.start()].replace("<", "&lt;")
        if found[2] is None:
            at = markup.find(">", found.end() - 1) + 1
            if not at:
                return
            continue
        read = _attributes(markup, found.end())
        if read is None:
            return
        attributes, at = read
        name = found[2].lower()
        if found[1]:
            yield f"</{name}>"
        elif name in _RAW:
            end = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(markup, at)
            if end is None:
                return
            at = end.start()
        else:
            yield start(name, attributes)
    yield markup[at:].replace("<", "&lt;")


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
