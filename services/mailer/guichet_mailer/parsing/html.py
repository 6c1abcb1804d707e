"""HTML of strangers: cleaned, so that it can be shown in a sandboxed frame and loads nothing by itself; and as text."""

import binascii
import html
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import nh3

from guichet_mailer.parsing import legible, quotes, styles, tags
from guichet_mailer.parsing.mail import File

HTML_LIMIT = 1 << 20
"""Characters of clean HTML that are kept."""

_UNCLEAN_LIMIT = 8 << 20
"""Characters of HTML that are cleaned, when what has no text is gone."""

_TAGS_LIMIT = 100_000
"""Tags of one mail: beyond, only its text is shown."""

_PASTED_LIMIT = 100
"""Pictures in the HTML itself that become files."""

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
_DEPTH_LIMIT = 400
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,19})")
# These hold nothing, or end by themselves where the next one begins.
_SHALLOW = {"area", "br", "col", "hr", "img", "input", "link", "meta", "p", "li", "td", "tr", "th", "tbody", "dt", "dd"}
_GONE = {"script", "style", "title", "head", "noscript", "template", "iframe", "object", "svg", "math", "textarea"}
_BLOCKS = {"p", "div", "tr", "table", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "br", "li"}
_AS_DIVISIONS = frozenset(
    {"section", "article", "header", "footer", "main", "nav", "aside", "figure", "figcaption", "details", "summary"}
    | {"fieldset", "legend", "form", "dialog", "hgroup", "caption"}
)
"""Blocks that are not kept as what they are: the words of two of them would stand together."""

_QUOTED = re.compile(
    r"""<(?:
        div [^<>]{0,300}? class=["']?[^"'<>]{0,200}? (?:gmail_quote|moz-cite-prefix|yahoo_quoted|protonmail_quote
          |zmail_extra|moz-forward-container|OutlookMessageHeader|WLM_message)
      | div [^<>]{0,300}? id=["']? (?:divRplyFwdMsg|appendonsend|reply-intro|yahoo_quoted|OLK_SRC_BODY
          |mail-editor-reference-message-container)
      | blockquote [^<>]{0,300}? type=["']?cite
      | hr [^<>]{0,300}? id=["']?stopSpelling
      | div [^<>]{0,100}? style=["'][^"'<>]{0,200}? border-top:\s?solid\s\#?(?:E1E1E1|B5C4DF)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""Where mail programs say that a quote begins."""

_PASTED = re.compile(
    r"""(<img\b[^<>]{0,2000}?\bsrc\s*=\s*["']?)\s*data:(image/[a-z0-9.+-]{1,40})(?:;[a-z0-9=-]{1,40})*;base64,([A-Za-z0-9+/=%\s]+)""",
    re.IGNORECASE,
)
_PASTED_KINDS = {
    "image/png",
    "image/jpeg",
    "image/jpg",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/heic",
    "image/avif",
    "image/tiff",
}


def pasted(markup: str, number: int) -> tuple[str, list[File], int]:
    """Pictures that stand in the HTML itself, as inline files that it names; how many were left out.

    ``number``: files before these.
    """
    files: list[File] = []
    left_out = 0

    def named(match: re.Match[str]) -> str:
        nonlocal left_out
        kind = match[2].lower().replace("image/jpg", "image/jpeg")
        try:
            content = binascii.a2b_base64(re.sub(r"%[0-9a-fA-F]{2}|\s", "", match[3]))
        except binascii.Error:
            content = b""
        if not content or kind not in _PASTED_KINDS or len(files) >= _PASTED_LIMIT:
            left_out += 1
            return match[1]
        at = number + len(files) + 1
        content_id = f"pasted-{at}@guichet"
        files.append(
            File(f"image-{at}.{kind.partition('/')[2].replace('jpeg', 'jpg')}", kind, content, content_id, True)
        )
        return f"{match[1]}cid:{content_id}"

    return _PASTED.sub(named, markup), files, left_out


def _cleaner(*, coloured: bool = True, marked: bool = False) -> nh3.Cleaner:
    """``marked``: also what says where a quote begins, for `split_quote` only."""

    def attribute(tag: str, name: str, value: str) -> str | None:
        if tag == "img" and name == "src" and not value.lower().startswith("cid:"):
            return REMOTE + value if value.lower().startswith(("http://", "https://")) else None
        if name == "style":
            return styles.kept(value, coloured=coloured) or None
        if name in ("bgcolor", "color") and not coloured:
            return None
        return value

    marks = {"div": {"class", "id"}, "hr": {"id"}, "blockquote": {"type", "class"}} if marked else {}
    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_GONE,
        attributes={tag: _ATTRIBUTES.get(tag, set()) | marks.get(tag, set()) for tag in (*_ATTRIBUTES, *marks)},
        attribute_filter=attribute,
        filter_style_properties=styles.KEPT,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        url_relative="deny",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer nofollow",
    )


_COLOURED, _PLAIN = _cleaner(), _cleaner(coloured=False)
_MARKED, _MARKED_PLAIN = _cleaner(marked=True), _cleaner(coloured=False, marked=True)


def clean(markup: str) -> str:
    """The harmless part of ``markup``; only its text where it is nested deeper than a person's mail ever is."""
    prepared, coloured = _prepared(markup)
    if _is_endless(prepared):
        return _bare(prepared)
    cleaned = _cut((_COLOURED if coloured else _PLAIN).clean(prepared).strip())
    return cleaned if not coloured or legible.is_legible(cleaned) else _cut(_PLAIN.clean(prepared).strip())


def _cut(cleaned: str) -> str:
    if len(cleaned) <= HTML_LIMIT:
        return cleaned
    return _COLOURED.clean(cleaned[: cleaned.rfind("<", 0, HTML_LIMIT)]).strip()


def _bare(markup: str) -> str:
    text = re.sub(r"<[^<>]*>", " ", markup)
    return html.escape(" ".join(text.split()), quote=False)[:HTML_LIMIT]


def _is_endless(markup: str) -> bool:
    return markup.count("<") > _TAGS_LIMIT or _depth(markup) > _DEPTH_LIMIT


def _prepared(markup: str) -> tuple[str, bool]:
    """Without what has no text, and with the looks where the cleaner keeps them; whether its colours can be kept.

    They cannot where a picture lies behind the text that is not shown: white letters would stand on white.
    """
    found = list(tags.tokens(markup))
    rules = styles.sheet("\n".join(one.text for one in found if one.kind == "raw" and one.name == "style"))
    lost = False
    out: list[str] = []
    for token in found:
        if token.kind in ("start", "end") and token.name in _AS_DIVISIONS:
            token = replace(token, name="div")
        if token.kind == "start":
            token, seen = _looking(token, rules)
            lost = lost or not seen
        elif token.kind == "end" and token.name == "body":
            token = replace(token, name="div")
        out.append(str(token))
    return "".join(out)[:_UNCLEAN_LIMIT], not lost


def _looking(tag: tags.Token, rules: styles.Sheet) -> tuple[tags.Token, bool]:
    """The tag with the looks that style sheets give it; False where what lies behind its text cannot be kept."""
    given = tag.attributes
    sheeted = styles.for_element(rules, tag.name, given.get("class", ""))
    style = ";".join(filter(None, (html.escape(sheeted), given.get("style", ""))))
    pictured = bool(given.get("background") and not given.get("bgcolor"))
    if not style and not pictured and tag.name != "body":
        return tag, True
    is_kept = not styles.has_lost_picture(html.unescape(style)) and not pictured
    if tag.name == "body":
        looks = [("background-color", given.get("bgcolor")), ("color", given.get("text"))]
        style = ";".join([*(f"{name}:{value}" for name, value in looks if value), style])
        return replace(tag, name="div", attributes={"style": style} if style.strip(";") else {}), is_kept
    return replace(tag, attributes=given | {"style": style} if style else given), is_kept


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
    """What was written and what is quoted below it, both clean.

    A quote begins where a mail program says so, or where it would in a plain text (see `quotes`). Nothing is folded
    where the writer's words stand between or below the quotes.
    """
    prepared, coloured = _prepared(markup)
    if _is_endless(prepared):
        return _bare(prepared), ""
    marked = (_MARKED if coloured else _MARKED_PLAIN).clean(prepared).strip()
    if coloured and not legible.is_legible(marked):
        coloured, marked = False, _MARKED_PLAIN.clean(prepared).strip()
    begin = _quote_begins(marked) if len(marked) <= HTML_LIMIT else None
    final = _COLOURED if coloured else _PLAIN
    if begin is None:
        return _cut(_again(final, marked)), ""
    return _again(final, marked[:begin]), _again(final, marked[begin:])


def _again(cleaner: nh3.Cleaner, cleaned: str) -> str:
    """Clean what is clean but for the marks of quotes; its remote pictures are marked already."""
    return cleaner.clean(cleaned.replace(f'src="{REMOTE}', 'src="')).strip()


def _quote_begins(marked: str) -> int | None:
    reader = _Text()
    reader.feed(marked)
    reader.close()
    lines, offsets = reader.lines(marked)
    by_words = quotes.quote_begins(lines)
    begin = offsets[by_words] if by_words is not None else None
    found = _QUOTED.search(marked)
    if found is None:
        return begin
    at = next((number for number, offset in enumerate(offsets) if offset >= found.start()), len(lines))
    if not any(line.strip() for line in lines[:at]):
        return None  # where nothing stands above the quote, the answer is in it or below
    if quotes.is_answered_within(lines[at:]):
        return None
    return found.start() if begin is None else min(begin, found.start())


def from_text(text: str) -> str:
    """Plain text as HTML."""
    return "<br>".join(html.escape(text).split("\n"))


class _Text(HTMLParser):
    """Clean HTML as lines of text; ``>`` before those of a quote."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._starts: list[tuple[int, int]] = []
        self._line: list[str] = []
        self._start: tuple[int, int] | None = None
        self._quoted = 0
        self._in_pre = 0
        self._link, self._link_text = "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _BLOCKS:
            self._end_line(blank=tag in ("p", "table", "ul", "ol", "blockquote"))
        if tag == "blockquote":
            self._quoted += 1
        elif tag == "pre":
            self._in_pre += 1
        elif tag in ("td", "th") and self._line:
            self._add(" ")
        elif tag == "li":
            self._add("- ")
        elif tag == "img" and given.get("alt"):
            self._add(f"[{given['alt']}]")
        elif tag == "a":
            self._link, self._link_text = given.get("href") or "", ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "blockquote":
            self._end_line(blank=True)
            self._quoted = max(0, self._quoted - 1)
            self._end_line(blank=True)
        elif tag in _BLOCKS and tag != "br":
            self._end_line(blank=tag in ("p", "table", "ul", "ol"))
        if tag == "pre":
            self._in_pre = max(0, self._in_pre - 1)
        elif tag == "a":
            if self._link.startswith("http") and self._link.strip("/") not in self._link_text:
                self._add(f" <{self._link}>")
            self._link = ""

    def handle_data(self, data: str) -> None:
        if self._link:
            self._link_text += data
        if self._in_pre:
            for number, line in enumerate(data.replace("\xa0", " ").split("\n")):
                if number:
                    self._end_line(kept=True)
                self._add(line)
            return
        self._add(re.sub(r"[ \t\r\n\xa0]+", " ", data))

    def _add(self, text: str) -> None:
        if self._start is None and text.strip():
            self._start = self.getpos()
        self._line.append(text)

    def _end_line(self, *, blank: bool = False, kept: bool = False) -> None:
        """``blank``: a blank line follows, of which there is never more than one."""
        line = "".join(self._line)
        line = line.rstrip() if self._in_pre else re.sub(r"  +", " ", line).strip()
        if line or kept or not blank:
            self._put(line)
        if blank and not self._quoted:
            self._put("")
        self._line, self._start = [], None

    def _put(self, line: str) -> None:
        if not line and (
            not self._lines
            or (not self._lines[-1].strip("> ") and len(self._lines) > 1 and not self._lines[-2].strip("> "))
        ):
            return
        self._lines.append(f"{'>' * self._quoted} {line}".rstrip() if self._quoted else line)
        self._starts.append(self._start or self.getpos())

    def lines(self, source: str) -> tuple[list[str], list[int]]:
        """The lines, and where in ``source`` each of them begins."""
        self._end_line()
        begins = [0]
        for line in source.split("\n"):
            begins.append(begins[-1] + len(line) + 1)
        return self._lines, [begins[line - 1] + column for line, column in self._starts]


def to_text(cleaned: str) -> str:
    """Clean HTML as plain text."""
    reader = _Text()
    reader.feed(cleaned)
    reader.close()
    lines, _offsets = reader.lines(cleaned)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
