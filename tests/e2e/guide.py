"""The agents' guide: written by the very test that plays its steps, one screenshot each."""

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.async_api import Page

_WIDGET_WIDTH = 440
_GAP = 16

HEADINGS = {
    "fr": (
        "Traiter une demande reçue par chat",
        "Ce guide est fait par le test de bout en bout qui joue ces étapes : `make guide`.",
    ),
    "en": (
        "Treating a chat request",
        "This guide is made by the end-to-end test that plays these steps: `make guide`.",
    ),
}


@dataclass(frozen=True)
class Step:
    """One step: its picture's name, and title and text in each language."""

    name: str
    title: dict[str, str]
    text: dict[str, str]


STEPS = (
    Step(
        "find",
        {"fr": "Trouver la demande", "en": "Find the request"},
        {
            "fr": "La conversation apparaît dans *Demandes ouvertes*, et sous le filtre *Chat*. La ligne dit le canal, le nom, "
            "l’âge, le début du dernier message, ce qui n’est pas lu, l’attribution, la priorité et le statut.",
            "en": "The conversation shows in *Open requests*, and under the *Chat* filter. Its row says the channel, the name, "
            "the age, the beginning of the last message, what is unread, the assignee, the priority and the status.",
        },
    ),
    Step(
        "template",
        {"fr": "Répondre avec un modèle", "en": "Answer with a template"},
        {
            "fr": "Le crayon ouvre les modèles de réponse ; quelques lettres suffisent à en trouver un. Le texte se complète "
            "avant l’envoi ; ce qui n’a pas pu être rempli est signalé.",
            "en": "The pencil opens the templates; a few letters find one. The text can be completed before it is sent; what "
            "could not be filled in is marked.",
        },
    ),
    Step(
        "answer",
        {"fr": "Répondre librement", "en": "Answer in free text"},
        {
            "fr": "La flèche jaune ou Entrée envoie, Maj + Entrée va à la ligne. Un brouillon est gardé, même après un "
            "rechargement de la page.",
            "en": "The yellow arrow or Enter sends, Shift + Enter breaks the line. A draft is kept, even when the page is "
            "reloaded.",
        },
    ),
    Step(
        "file",
        {"fr": "Envoyer un fichier", "en": "Send a file"},
        {
            "fr": "Par le trombone, en le déposant ou en le collant. Le client en voit le nom et la taille, et le télécharge ; "
            "il peut en envoyer aussi.",
            "en": "By the clip, by dropping or pasting it. The customer sees its name and size, and downloads it; they can "
            "send files too.",
        },
    ),
    Step(
        "assign",
        {"fr": "S’attribuer la demande", "en": "Assign the request"},
        {
            "fr": "D’un clic à soi-même, ou à un autre conseiller. Les initiales s’affichent aussitôt chez tous.",
            "en": "To yourself with one click, or to another agent. The initials show at once for everybody.",
        },
    ),
    Step(
        "contact",
        {"fr": "Lier le contact", "en": "Link the contact"},
        {
            "fr": "Chercher dans la base, ou créer la fiche : elle est remplie avec ce que le visiteur a donné. Les prochaines "
            "conversations du même visiteur seront liées d’elles-mêmes.",
            "en": "Search the base, or create the contact: the form is filled with what the visitor gave. Later conversations "
            "of the same visitor are linked by themselves.",
        },
    ),
    Step(
        "qualify",
        {"fr": "Qualifier", "en": "Qualify"},
        {
            "fr": "Statut, motif et priorité s’enregistrent aussitôt, se voient chez les autres et dans l’historique.",
            "en": "Status, reason and priority are saved at once, show for the others, and in the timeline.",
        },
    ),
    Step(
        "close",
        {"fr": "Clôturer la conversation", "en": "Close the conversation"},
        {
            "fr": "Le rond en haut à droite demande confirmation, et ce que devient la demande. *En cours* la laisse ouverte.",
            "en": "The circle at the top right asks for confirmation, and what becomes of the request. *In progress* leaves "
            "it open.",
        },
    ),
    Step(
        "continue",
        {"fr": "Continuer", "en": "Continue"},
        {
            "fr": "Tous les échanges restent lisibles sur la même demande. L’éditeur dit à quelle adresse on pourrait écrire, "
            "ou pourquoi on ne le peut pas.",
            "en": "All that was said stays readable on the one request. The composer says which address one could write to, "
            "or why one cannot.",
        },
    ),
)


@dataclass
class Guide:
    """Takes the pictures; where ``folder`` is None, it takes none."""

    folder: Path | None
    language: str
    taken: list[str] = field(default_factory=list)

    async def picture(self, name: str, page: Page) -> None:
        """Take the picture of one step."""
        self.taken.append(name)
        if self.folder is not None:
            images = self.folder / self.language
            images.mkdir(parents=True, exist_ok=True)
            await page.mouse.move(0, 0)
            await page.screenshot(path=images / f"{name}.png", animations="disabled")

    async def side_by_side(self, console: Page, customer: Page) -> None:
        """Take the README's picture: the console, and the corner of the customer's page that has the widget."""
        if self.folder is None:
            return
        left = Image.open(BytesIO(await console.screenshot(animations="disabled")))
        whole = Image.open(BytesIO(await customer.screenshot(animations="disabled")))
        right = whole.crop((whole.width - _WIDGET_WIDTH, 0, whole.width, whole.height))
        both = Image.new("RGB", (left.width + right.width + _GAP, left.height), "white")
        both.paste(left, (0, 0))
        both.paste(right, (left.width + _GAP, 0))
        images = self.folder.parent / "images"
        images.mkdir(exist_ok=True)
        both.save(images / "console-and-widget.png", optimize=True)

    def write(self) -> None:
        """Write the page; every step must have been played."""
        missing = [step.name for step in STEPS if step.name not in self.taken]
        if missing:
            raise AssertionError(f"steps that were not played: {missing}")
        if self.folder is None:
            return
        title, lead = HEADINGS[self.language]
        lines = [f"# {title}", "", lead, ""]
        for number, step in enumerate(STEPS, 1):
            name = step.title[self.language]
            lines += [f"## {number}. {name}", "", step.text[self.language], "", f"![{name}]({step.name}.png)", ""]
        (self.folder / self.language / "README.md").write_text("\n".join(lines))
