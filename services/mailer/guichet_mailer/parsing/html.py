"""HTML of strangers: cleaned, so that it can be shown in a sandboxed frame and loads nothing by itself; and as text."""

import html
import re
from collections import Counter
from html.parser import HTMLParser

import nh3

HTML_LIMIT = 1 << 20
"""Characters of HTML that are kept."""

REMOTE = "remote:"
"""What stands before the address of an image that is elsewhere, until the reader asks for it."""

_TAGS = {
    *("a", "abbr", "address", "b", "big", "blockquote", "br", "center", "cite", "code", "dd", "del", "div", "dl", "dt"),
    *("em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li", "ol", "p", "pre", "q", "s"),
    *("small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
    *("tt", "u", "ul"),
}
_ATTRIBUTES = {
    "*": {"style", "align", "dir", "lang", "title"},
    "a": {"href"},
    "font": {"color", "face", "size"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start", "type"},
    "table": {"width", "border", "cellpadding", "cellspacing", "bgcolor"},
    "td": {"colspan", "rowspan", "width", "valign", "bgcolor"},
    "th": {"colspan", "rowspan", "width", "valign", "bgcolor"},
    "tr": {"valign", "bgcolor"},
}
# Nothing that places, covers or loads: a mail cannot leave its box.
_STYLES = {
    *("color", "background-color", "font-family", "font-size", "font-style", "font-weight", "line-height"),
    *("text-align", "text-decoration", "text-indent", "vertical-align", "white-space", "list-style-type"),
    *("padding", "padding-left", "padding-right", "padding-top", "padding-bottom"),
    *("border", "border-left", "border-right", "border-top", "border-bottom", "border-collapse", "border-color"),
}
_DEPTH_LIMIT = 400
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,19})")
# These hold nothing, or end by themselves where the next one begins.
_SHALLOW = {"area", "br", "col", "hr", "img", "input", "link", "meta", "p", "li", "td", "tr", "th", "tbody", "dt", "dd"}
_GONE = {"script", "style", "title", "head", "noscript", "template", "iframe", "object", "svg", "math", "textarea"}
_BLOCKS = {"p", "div", "tr", "table", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "br", "li"}
_QUOTE_BEGINS = re.compile(
    r"""<(?:
        div [^<>]{0,300}? class=["']?[^"'<>]{0,200}? (?:gmail_quote|moz-cite-prefix|yahoo_quoted|protonmail_quote)
      | div [^<>]{0,300}? id=["']? (?:divRplyFwdMsg|appendonsend|mail-editor-reference-message-container)
      | blockquote [^<>]{0,300}? type=["']?cite
      | hr [^<>]{0,300}? id=["']?stopSpelling
      | div [^<>]{0,100}? style=["'][^"'<>]{0,100}? border:none;\s{0,9}border-top:solid\s\#(?:E1E1E1|B5C4DF)
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def _attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src" and not value.lower().startswith("cid:"):
        return REMOTE + value if value.lower().startswith(("http://", "https://")) else None
    return value


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_GONE,
    attributes=_ATTRIBUTES,
    attribute_filter=_attribute,
    filter_style_properties=_STYLES,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    url_relative="deny",
    set_tag_attribute_values={"a": {"target": "_blank"}},
    link_rel="noopener noreferrer nofollow",
)


def clean(markup: str) -> str:
    """The harmless part of ``markup``; only its text where it is nested deeper than a person's mail ever is."""
    markup = markup[:HTML_LIMIT]
    if _depth(markup) > _DEPTH_LIMIT:  # the cleaner takes quadratic time: minutes for 100,000 nested elements
        return html.escape(re.sub(r"<[^<>]*>", " ", markup)).strip()
    return _CLEANER.clean(markup).strip()


def _depth(markup: str) -> int:
    """How deep elements are nested. An end closes its own kind only: ``<b></i>`` 999 times is 999 deep."""
    opened: Counter[str] = Counter()
    depth = deepest = 0
    for closing, name in _TAG.findall(markup):
        tag = name.lower()
        if tag in _SHALLOW or (closing and not opened[tag]):
            continue
        step = -1 if closing else 1
        opened[tag] += step
        depth += step
        deepest = max(deepest, depth)
    return deepest


def split_quote(markup: str) -> tuple[str, str]:
    """What was written and what is quoted below it, as mail programs mark it; both uncleaned."""
    found = _QUOTE_BEGINS.search(markup)
    if found is None or not to_text(clean(markup[: found.start()])).strip():
        return markup, ""  # where nothing stands above the quote, the answer is in it or below
    return markup[: found.start()], markup[found.start() :]


def from_text(text: str) -> str:
    """Plain text as HTML."""
    return "<br>".join(html.escape(text).split("\n"))


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._quoted = 0
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "blockquote":
            self._quoted += 1
        if tag in _BLOCKS:
            self.out.append("\n")
        if tag == "li":
            self.out.append("- ")
        elif tag == "img" and given.get("alt"):
            self.out.append(f"[{given['alt']}]")
        elif tag == "a":
            self._link = given.get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "blockquote":
            self._quoted = max(0, self._quoted - 1)
        if tag in ("p", "table", "ul", "ol", "blockquote") or tag in _BLOCKS - {"br", "li"}:
            self.out.append("\n")
        if tag == "a" and self._link.startswith("http") and self._link not in "".join(self.out[-3:]):
            self.out.append(f" <{self._link}>")
        if tag == "a":
            self._link = ""

    def handle_data(self, data: str) -> None:
        self.out.append(re.sub(r"[ \t\r\n\xa0]+", " ", data))


def to_text(cleaned: str) -> str:
    """Clean HTML as plain text."""
    reader = _Text()
    reader.feed(cleaned)
    reader.close()
    lines = (line.strip() for line in "".join(reader.out).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
