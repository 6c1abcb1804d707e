"""What the agents' guide says: chapters of steps, each with a title and a text in both languages."""

from dataclasses import dataclass

Words = dict[str, str]
"""The same in each language."""


@dataclass(frozen=True)
class Step:
    """One step; its name is its picture's."""

    name: str
    title: Words
    text: Words


@dataclass(frozen=True)
class Chapter:
    """A page of the guide."""

    file: str
    title: Words
    steps: tuple[Step, ...]


_CHAT = (
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
            "conversations du même visiteur seront liées d’elles-mêmes. Ce qu’une personne effacée avait écrit avant est oublié, même si cela arrive plus tard ; ce qu’elle écrit ensuite est d’une nouvelle personne.",
            "en": "Search the base, or create the contact: the form is filled with what the visitor gave. Later conversations "
            "of the same visitor are linked by themselves. What an erased person wrote before is forgotten, even if it comes in later; what they write afterwards is a new person’s.",
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

CHAT = Chapter("README.md", {"fr": "Traiter une demande reçue par chat", "en": "Treating a chat request"}, _CHAT)

_EMAIL = (
    Step(
        "email-write",
        {"fr": "Écrire au client depuis la demande", "en": "Write to the customer from the request"},
        {
            "fr": "La conversation close, l’éditeur écrit par e-mail à l’adresse du contact : objet, copie, modèle, "
            "fichiers et signature. Ctrl + Entrée envoie.",
            "en": "With the conversation closed, the composer writes an e-mail to the contact’s address: subject, copy, "
            "template, files and signature. Ctrl + Enter sends.",
        },
    ),
    Step(
        "email-sent",
        {"fr": "Suivre l’envoi", "en": "Follow the sending"},
        {
            "fr": "L’e-mail dit s’il attend, s’il est parti, refusé ou revenu, et pourquoi. Quand personne ne peut savoir "
            "s’il est parti, il est *incertain* : c’est vous qui décidez de le renvoyer.",
            "en": "The e-mail says whether it waits, was sent, refused or returned, and why. When nobody can know whether "
            "it went out, it is *uncertain*: sending it again is yours to decide.",
        },
    ),
    Step(
        "email-reply",
        {"fr": "Lire la réponse sous le chat", "en": "Read the answer under the chat"},
        {
            "fr": "Elle arrive sur la même demande, avec ses images, et dit pourquoi elle est là. Ce qu’elle cite est "
            "replié. Une image qui vient d’ailleurs ne se charge que si vous le demandez.",
            "en": "It comes onto the same request, with its pictures, and says why it is there. What it quotes is folded. "
            "A picture from elsewhere loads only when you ask for it.",
        },
    ),
    Step(
        "email-thread",
        {"fr": "Répondre à son tour", "en": "Answer in turn"},
        {
            "fr": "Votre réponse se range dans le fil de son logiciel de messagerie.",
            "en": "Your answer takes its place in the thread of the customer’s mail program.",
        },
    ),
    Step(
        "email-reopened",
        {"fr": "Retrouver une demande rouverte", "en": "Find a request that opened again"},
        {
            "fr": "Un e-mail qui répond à une demande clôturée la rouvre, *en cours*, jusqu’à trente jours après la "
            "clôture ; plus tard, il en commence une autre.",
            "en": "An e-mail that answers a closed request opens it again, *in progress*, up to thirty days after the "
            "closing; later than that, it begins another.",
        },
    ),
)

EMAIL = Chapter("email.md", {"fr": "Continuer par e-mail", "en": "Going on by e-mail"}, _EMAIL)

CHAPTERS = (CHAT, EMAIL)
