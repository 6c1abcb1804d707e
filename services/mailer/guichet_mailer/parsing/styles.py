"""What HTML mail says about its looks, rewritten so that the cleaner can keep it: in ``style``, colours in pairs."""

import re
from collections.abc import Mapping

_RULE = re.compile(r"([^{}@;]{1,400})\{([^{}]{0,2000})\}")
_SELECTOR = re.compile(r"(?:([a-zA-Z][a-zA-Z0-9]*)?\.([A-Za-z_][\w-]*)|([a-zA-Z][a-zA-Z0-9]*))")
_RULES_LIMIT, _SHEET_LIMIT = 300, 200 << 10
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_AT_BLOCK = re.compile(r"@[a-z-]+[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}|@[a-z-]+[^{};]*;", re.IGNORECASE)
_DECLARATION = re.compile(r"([a-zA-Z-]{1,40})\s*:\s*((?:[^;\"'(]|\"[^\"]*\"|'[^']*'|\([^)]*\))+)")
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|(?:rgb|hsl)a?\([^()]{1,60}\)|\b[a-zA-Z]{3,25}\b", re.IGNORECASE)
_NO_COLOUR = {
    *(
        "none",
        "repeat",
        "no",
        "scroll",
        "fixed",
        "left",
        "right",
        "top",
        "bottom",
        "center",
        "url",
        "transparent",
        "initial",
    ),
    *(
        "inherit",
        "unset",
        "cover",
        "contain",
        "auto",
        "local",
        "important",
        "linear",
        "radial",
        "gradient",
        "to",
        "deg",
        "round",
    ),
    *("space", "border", "padding", "content", "box", "image", "set", "var", "calc", "ellipse", "circle", "at", "from"),
}
_PICTURE = re.compile(r"url\s*\(|gradient\s*\(|image-set\s*\(", re.IGNORECASE)
KEPT = {
    *("color", "background-color", "font-family", "font-size", "font-style", "font-weight", "line-height"),
    *("text-align", "text-decoration", "text-indent", "vertical-align", "white-space", "list-style-type"),
    *("padding", "padding-left", "padding-right", "padding-top", "padding-bottom"),
    *("border", "border-left", "border-right", "border-top", "border-bottom", "border-collapse", "border-color"),
}
"""Nothing that places, covers or loads: a mail cannot leave its box."""

_COLOURED = {"color", "background-color"}
_SHEETED = {
    "color",
    "background",
    "background-color",
    "font-weight",
    "font-style",
    "text-decoration",
    "text-align",
    "white-space",
}
"""What is taken from style sheets: what makes the text readable or says something, not its every size."""

_HIDES = re.compile(
    r"display:\s*none|visibility:\s*hidden|mso-hide:\s*all|opacity:\s*0(?:\.0*)?|font-size:\s*[01](?:\.\d+)?(?:px|pt)?|"
    r"max-height:\s*0(?:px)?",
    re.IGNORECASE,
)
"""Text that is not to be seen is shown here, and then in no colour of its ground."""

Sheet = Mapping[str, str]
"""Declarations by ``tag``, ``.class`` and ``tag.class``."""


def sheet(text: str) -> Sheet:
    """The simple rules of style sheets: of one element, of one class, or of both."""
    bare = _AT_BLOCK.sub(" ", _COMMENT.sub(" ", text[:_SHEET_LIMIT]))
    found: dict[str, str] = {}
    for selectors, body in _RULE.findall(bare):
        kept = ";".join(f"{name}:{value}" for name, value in declarations(body) if name in _SHEETED)
        for selector in selectors.split(",") if kept else ():
            if _SELECTOR.fullmatch(selector.strip()):
                key = selector.strip() if "." in selector else selector.strip().lower()
                found[key] = f"{found[key]};{kept}" if key in found else kept
        if len(found) > _RULES_LIMIT:
            break
    return found


def for_element(rules: Sheet, tag: str, classes: str) -> str:
    """What the rules say of the element, the special after the general."""
    if not rules:
        return ""
    names = classes.split()[:10]
    keys = [tag, *(f".{name}" for name in names), *(f"{tag}.{name}" for name in names)]
    return ";".join(rules[key] for key in keys if key in rules)


def declarations(style: str) -> list[tuple[str, str]]:
    """The declarations of a ``style``, names in lower case."""
    bare = _COMMENT.sub(" ", style[:4000])
    return [(name.lower(), value.replace("!important", "").strip()) for name, value in _DECLARATION.findall(bare)]


def kept(style: str, *, coloured: bool = True) -> str:
    """The harmless part of a ``style``; without colours where not ``coloured``. ``background`` is its colour."""
    out: dict[str, str] = {}
    found = declarations(style)
    coloured = coloured and not any(_HIDES.fullmatch(f"{name}:{value}") for name, value in found)
    for name, value in found:
        if name in ("background", "background-image"):
            colour = background_colour(value)
            if colour is None:
                continue
            name, value = "background-color", colour
        if (
            name in KEPT
            and "(" not in re.sub(r"(?i)\b(?:rgb|hsl)a?\(", "", value)
            and (coloured or name not in _COLOURED)
        ):
            out.pop(name, None)
            out[name] = value
    return ";".join(f"{name}:{value}" for name, value in out.items())


def background_colour(value: str) -> str | None:
    """The colour in ``background``; the first of a gradient; None where there is none."""
    bare = re.sub(r"(?i)url\s*\([^)]*\)", " ", value)
    found = (match[0] for match in _COLOUR.finditer(bare))
    return next((colour for colour in found if colour.lower() not in _NO_COLOUR), None)


def has_lost_picture(style: str) -> bool:
    """Whether a picture lies behind the text that cannot be kept, and no colour in its place."""
    found = declarations(style)
    pictured = any(name in ("background", "background-image") and _PICTURE.search(value) for name, value in found)
    coloured = any(name.startswith("background") and background_colour(value) for name, value in found)
    return pictured and not coloured
