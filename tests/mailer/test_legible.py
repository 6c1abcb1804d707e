"""No text is shown in the colour of what lies behind it, and no colour is dropped that hides nothing."""

import pytest
from guichet_mailer.parsing import html, legible

HIDDEN = {
    "id-selector": "<style>#m{background:#000}</style><div id=m><p style='color:#fff'>Bonjour</p></div>",
    "descendant": "<style>.a .b{background:#000}</style><p class=a><b class=b><i style=color:white>Bonjour</i></b></p>",
    "child": "<style>table>tr>td{background:#003}</style><table><tr><td style=color:white>Bonjour</td></tr></table>",
    "attr-sel": "<style>[class=x]{background:#003}</style><div class=x style='color:#fff'>Bonjour</div>",
    "white-only": "<div style='color:#ffffff'>Bonjour</div>",
    "font-white": "<font color=white>Bonjour</font>",
    "tbody-bgcolor": "<table><tbody bgcolor=black><tr><td><font color=#FFF>Bonjour</font></td></tr></tbody></table>",
    "html-style": "<html style='background:#111'><body style='color:#eee'><p>Bonjour</p></body></html>",
    "rgba0": "<div style='background:rgba(0,0,0,0);color:rgb(255,255,255)'>Bonjour</div>",
    "image": "<div style='background:url(https://x/y.png);color:#fff'>Bonjour</div>",
    "td-background-attr": "<table><tr><td background=https://x/y.png style='color:#fff'>Bonjour</td></tr></table>",
    "outlook-vml": "<!--[if gte mso 9]><v:rect fillcolor=#000><![endif]--><div style='color:#fff'>Bonjour</div>",
    "class-color-only": "<style>.w{color:#fff}</style><p class=w>Bonjour</p>",
    "black-on-black": "<div style='background:#000'>Bonjour</div>",
    "black-on-dark-table": "<table bgcolor=#000><tr><td>Bonjour</td></tr></table>",
    "css-var": "<style>:root{--c:#fff}</style><div style='color:var(--c);background:#000'>Bonjour</div>",
    "invalid-color": "<div style='background:#12;color:#fff'>Bonjour</div>",
}
"""Their backgrounds, or their letters' colours, cannot be kept, and what is left would hide the text."""

SHOWN = {
    "font-white-td-bg": "<table><tr><td bgcolor=#000000><font color=white>Bonjour</font></td></tr></table>",
    "table-bgcolor": "<table bgcolor=black><tr><td><font color=#FFF>Bonjour</font></td></tr></table>",
    "th-bg": "<table><tr><th bgcolor=navy style='color:white'>Bonjour</th></tr></table>",
    "body-text-bg": "<body bgcolor=black text=white><p>Bonjour</p></body>",
    "body-style": "<body style='background:#111;color:#eee'><p>Bonjour</p></body>",
    "important": "<div style='background-color:#000 !important;color:#fff!important'>Bonjour</div>",
    "rgb": "<div style='background:rgb(0 0 0 / 80%);color:rgb(255,255,255)'>Bonjour</div>",
    "gradient": "<div style='background:linear-gradient(90deg,#000,#333);color:#fff'>Bonjour</div>",
    "gradient2": "<div style='background-image:linear-gradient(to top, rgba(0,0,0,1), #333);color:#fff'>Bonjour</div>",
    "image-color": "<div style='background:#000 url(https://x/y.png) no-repeat;color:#fff'>Bonjour</div>",
    "upper-class": "<STYLE>.W{COLOR:#FFF;BACKGROUND:#000}</STYLE><P CLASS=W>Bonjour</P>",
    "p-msonormal": "<style>p.MsoNormal, li.MsoNormal{margin:0;color:windowtext}</style><p class=MsoNormal>Bonjour</p>",
    "span-bg": "<span style='background:yellow'>Bonjour</span>",
    "section": "<section style='background:#000;color:#fff'>Bonjour</section>",
    "center-bg": "<center style='background:#000'><p style='color:#fff'>Bonjour</p></center>",
    "article-class": "<style>.c{background:#000}</style><article class=c><p style='color:#fff'>Bonjour</p></article>",
    "link": "<a href='https://x.example' style='color:#fff;background:#06c;padding:8px'>Bonjour</a>",
    "name-colour": "<div style='background:rebeccapurple;color:ivory'>Bonjour</div>",
}


class TestColours:
    @pytest.mark.parametrize("name", HIDDEN)
    def test_that_would_hide_the_text_are_dropped(self, name: str) -> None:
        cleaned = html.clean(HIDDEN[name])
        assert "Bonjour" in cleaned
        assert "color" not in cleaned
        assert html.split_quote(HIDDEN[name])[0] == cleaned

    @pytest.mark.parametrize("name", SHOWN)
    def test_that_hide_nothing_are_kept(self, name: str) -> None:
        cleaned = html.clean(SHOWN[name])
        assert "Bonjour" in cleaned
        assert "color" in cleaned

    def test_of_text_that_was_not_to_be_seen_do_not_take_the_others_away(self) -> None:
        hidden = "<div style='display:none;color:#fff'>Aperçu</div>"
        cleaned = html.clean(f"{hidden}<p style='color:#c00'>Bonjour</p>")
        assert "color:#c00" in cleaned
        assert "#fff" not in cleaned

    @pytest.mark.parametrize(
        ("said", "wanted"),
        [
            ("#fff", (1, 1, 1)),
            ("#ffffff80", (1, 1, 1)),
            ("rgb(100% 0% 0%)", (1, 0, 0)),
            ("rgba(0, 0, 0, 0)", (1, 1, 1)),
            ("hsl(120, 100%, 50%)", (0, 1, 0)),
            ("TRANSPARENT", (1, 1, 1)),
            ("hotpink", None),
            ("#12", None),
        ],
    )
    def test_are_read_in_every_form(self, said: str, wanted: tuple[float, float, float] | None) -> None:
        assert legible.colour(said, (1.0, 1.0, 1.0)) == wanted


class TestBlocks:
    def test_of_any_name_keep_their_words_apart(self) -> None:
        names = ("section", "article", "header", "footer", "main", "aside", "figure", "form", "fieldset")
        markup = "".join(f"<{name}>{name}</{name}>" for name in names)
        assert html.to_text(html.clean(markup)).split() == list(names)
