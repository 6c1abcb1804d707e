"""What the columns of a file mean: the headers that address books, desks and spreadsheets write, as fields. Pure."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from guichet_contacts.contact.fields import FIELDS
from guichet_contacts.contact.folding import fold
from guichet_contacts.contact.naming import split_name

COLUMN_FIELDS = ("name", "first_name", "middle_name", "last_name", *FIELDS[2:])
"""What a column may be: a contact's fields, and names that are taken apart or put together on the way."""

# Folded, without spaces and signs. Of several columns for one field the first here that has something in it counts.
_SYNONYMS: Mapping[str, str] = {
    "first_name": "firstname givenname forename prenom prenoms vorname prenomducontact prenomclient prenomduclient "
    "contactfirstname",
    "middle_name": "middlename additionalname secondprenom deuxiemeprenom autresprenoms autreprenom",
    "last_name": "lastname surname familyname nomdefamille nomfamille nom nomdusage nachname contactlastname",
    "name": "fullname nomcomplet name displayname formattedname nometprenom nomprenom prenometnom prenomnom nomaffiche "
    "nomducontact nomcontact nomclient nomduclient client contact contactname customer customername identite requester "
    "requestername personne interlocuteur",
    "email": "email emailaddress mail courriel adresseemail adressemail adressedemessagerie adresseelectronique mel "
    "adressecourriel adressedecourriel messagerie primaryemail emailprincipal workemail emailprofessionnel emailpro "
    "mailpro contactemail emailclient useremail homeemail personalemail emailpersonnel emailperso mailperso "
    "secondaryemail additionalemail emailsecondaire autreemail otheremail",
    "phone": "phone phonenumber telephone tel numerodetelephone numtelephone notelephone ntelephone numtel notel ntel "
    "primaryphone telephoneprincipal contactphone mobile mobilephone mobilenumber mobilephonenumber portable "
    "telportable telephoneportable telmobile telephonemobile numerodeportable gsm cell cellphone cellulaire "
    "businessphone workphone companymainphone telephonebureau telbureau telephoneprofessionnel telephonepro "
    "telpro telephonefixe telfixe "
    "fixe homephone telephonedomicile teldomicile telephonepersonnel telperso otherphone autretelephone autretel",
    "company": "company organization organisation organizationname societe entreprise companyname associatedcompany "
    "raisonsociale nomdelasociete nomsociete nomdelentreprise nomentreprise account accountname etablissement "
    "structure organisme employeur firma",
    "notes": "notes note remarques remarque commentaires commentaire comments comment observations observation details "
    "description memo",
}
_RANKS = {
    header: (field, rank)
    for field, headers in _SYNONYMS.items()
    for rank, header in enumerate(headers.split())
}  # fmt: skip
# "E-mail 1 - Value", "Phone 2 - Value", "Organization 1 - Name", "E-mail 2 Address", "Business Phone 2".
_NUMBERED = re.compile(r"(?P<before>\D+?)(?P<number>[1-9])(?P<after>value|valeur|address|adresse|name|nom)?")
_REQUIRED = re.compile(r"\[[^\]]*\]|\((?:required|obligatoire|requis)\)", re.IGNORECASE)
_FAMILY_FIRST = frozenset({"nometprenom", "nomprenom"})
_SEVERAL = " ::: "  # Google's export, between the values of one cell

_HINTS = re.compile(r"nom|name|client|contact|customer|person|destinataire|beneficiaire|kunde|adherent|membre")
_NO_HINTS = re.compile(
    r"user|login|utilisateur|file|fichier|domain|date|label|type|owner|proprietaire|group|phonetic|yomi|prefix|suffix|nick"
    r"|surnom|id$|^id|nombre|numero|number|nomenclature|statut|status|score|source|ville|city|pays|country|produit|product"
    r"|maiden|denaissance|file_?as"
)
_NAME_LIKE = re.compile(r"[^\W\d_][\w'’.\-]*(?: [^\W\d_][\w'’.\-]*){1,3}")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header, the field that it is, None where it is left out, and how gladly it is taken for it."""

    header: str
    field: str | None
    rank: int = 0


class Doubled(Exception):
    """Two columns have the same header, and nobody said which is meant."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def propose(headers: Sequence[str]) -> tuple[Column, ...]:
    """What the headers are likely to mean."""
    columns = [_proposed(header) for header in headers]
    if not any(column.field == "first_name" for column in columns):
        # A column "Nom" alone holds whole names as often as not.
        columns = [
            Column(column.header, "name", column.rank) if _normal(column.header) == "nom" else column
            for column in columns
        ]
    return tuple(columns)


def require_each_once(columns: Sequence[Column]) -> None:
    """`Doubled` where two columns that are taken have the same header."""
    seen = Counter((column.field, _normal(column.header)) for column in columns if column.field)
    for (field, _), count in seen.items():
        if count > 1 and field:
            raise Doubled(field)


def chosen(headers: Sequence[str], fields: Sequence[str | None]) -> tuple[Column, ...]:
    """The columns as somebody mapped them; of several for one field the first that has something in it counts."""
    return tuple(Column(header, field, rank) for rank, (header, field) in enumerate(zip(headers, fields, strict=True)))


def cells(columns: Sequence[Column], row: Sequence[str]) -> dict[str, str]:
    """A contact's fields from one record. Names are taken apart, or put together, so that nothing of them is lost."""
    found: dict[str, str] = {}
    header_of: dict[str, str] = {}
    for column, cell in sorted(zip(columns, row, strict=False), key=lambda pair: pair[0].rank):
        if column.field is None:
            continue
        value = cell.split(_SEVERAL)[0] if column.field in ("email", "phone") else cell
        if column.field == "notes" and value.strip() and found.get("notes", "").strip():
            found["notes"] += f"\n{value}"
        elif not found.get(column.field, "").strip():
            found[column.field], header_of[column.field] = value, _normal(column.header)
    return _with_names(found, header_of.get("name", ""))


def left_out(columns: Sequence[Column]) -> tuple[str, ...]:
    """The headers of what is not taken in."""
    return tuple(column.header for column in columns if column.field is None and column.header.strip())


def unclear(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The headers of columns that are left out and may well hold the names, where no other column has them."""
    fields = {column.field for column in columns}
    if "name" in fields or {"first_name", "last_name"} <= fields:
        return ()
    found = []
    for at, column in enumerate(columns):
        if column.field is not None:
            continue
        header = _normal(column.header)
        values = [row[at].strip() for row in rows if at < len(row) and row[at].strip()]
        if not values or _NO_HINTS.search(header):
            continue
        like_names = sum(1 for value in values if _NAME_LIKE.fullmatch(value) and value != value.lower())
        has_letters = any(any(char.isalpha() for char in value) for value in values)
        nobody_named = not fields & {"first_name", "last_name"}
        if (_HINTS.search(header) and has_letters) or (nobody_named and like_names * 5 >= len(values) * 3):
            found.append(column.header)
    return tuple(found)


def _proposed(header: str) -> Column:
    normal = _normal(header)
    if known := _RANKS.get(normal):
        return Column(header, known[0], known[1] * 10)
    if numbered := _NUMBERED.fullmatch(normal):
        before, after = numbered["before"], numbered["after"] or ""
        known = _RANKS.get(before) or _RANKS.get(before + after)
        if known and not (after in ("name", "nom") and known[0] != "company"):
            return Column(header, known[0], known[1] * 10 + int(numbered["number"]))
    return Column(header, None)


def _normal(header: str) -> str:
    return re.sub(r"[\W_]+", "", fold(_REQUIRED.sub("", header)))


def _with_names(found: dict[str, str], name_header: str) -> dict[str, str]:
    name = found.pop("name", None)
    middle = (found.pop("middle_name", None) or "").strip()
    is_named = bool(found.get("first_name", "").strip() or found.get("last_name", "").strip())
    if name is not None and not is_named:
        first, last = _split(name, name_header)
        found["first_name"], found["last_name"] = first or "", last or ""
    if middle:
        found["first_name"] = f"{found.get('first_name', '').strip()} {middle}".strip()
    return found


def _split(name: str, header: str) -> tuple[str | None, str | None]:
    words = name.split()
    if len(words) == 1 and header == "nom":
        return None, name.strip()
    first, last = split_name(name)
    if first is None and last is None:
        return name, None  # an address, or no letter at all: it is kept as it is written
    in_capitals = any(len(word) > 1 and word.isupper() for word in words)
    if header in _FAMILY_FIRST and len(words) > 1 and "," not in name and not in_capitals:
        return " ".join(words[1:]), words[0]
    return first, last
