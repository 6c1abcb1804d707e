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
    "contactfirstname first nombre nombres nome primeironome voornaam imie fornavn fornamn etunimi",
    "middle_name": "middlename additionalname secondprenom deuxiemeprenom autresprenoms autreprenom middle "
    "weiterevornamen segundonombre tussenvoegsel",
    "last_name": "lastname surname familyname nomdefamille nomfamille nom nomdusage nachname contactlastname "
    "last apellidos apellido primerapellido cognome sobrenome apelido ultimonome achternaam familienaam nazwisko "
    "etternavn efternavn efternamn sukunimi",
    "name": "fullname nomcomplet name displayname formattedname nometprenom nomprenom prenometnom prenomnom nomaffiche "
    "nomducontact nomcontact nomclient nomduclient client contact contactname customer customername identite requester "
    "requestername personne interlocuteur nombrecompleto nombreyapellidos apellidosynombre nomecompleto nomeecognome "
    "cognomeenome nominativo vollername vollstandigername anzeigename vorundnachname naam volledigenaam imieinazwisko "
    "nomaafficher nomaffichage namefull navn namn nimi",
    "email": "email emailaddress mail courriel adresseemail adressemail adressedemessagerie adresseelectronique mel "
    "adressecourriel adressedecourriel messagerie primaryemail emailprincipal workemail emailprofessionnel emailpro "
    "mailpro contactemail emailclient useremail homeemail personalemail emailpersonnel emailperso mailperso "
    "premiereadresseelectronique courrierelectronique adressedecourrierelectronique emailadresse "
    "emailadres correo correoelectronico direcciondecorreo direcciondecorreoelectronico indirizzoemail "
    "postaelettronica indirizzodipostaelettronica correioeletronico correio enderecodeemail adresemail epost "
    "epostadresse sahkoposti "
    "secondaryemail additionalemail emailsecondaire autreemail otheremail",
    "phone": "phone phonenumber telephone tel numerodetelephone numtelephone notelephone ntelephone numtel notel ntel "
    "primaryphone telephoneprincipal contactphone mobile mobilephone mobilenumber mobilephonenumber portable "
    "telportable telephoneportable telmobile telephonemobile numerodeportable gsm cell cellphone cellulaire "
    "nportable numportable numeroportable notelportable telefono telefon telefone telefoon movil telefonomovil celular "
    "cellulare telemovel mobil mobiltelefon handy handynummer mobilnummer mobiel telefonkomorkowy telefonnummer "
    "telefoonnummer numerotelefono numertelefonu rufnummer sms whatsapp telefongeschaftlich "
    "businessphone workphone companymainphone telephonebureau telbureau telephoneprofessionnel telephonepro "
    "telpro telephonefixe telfixe "
    "fixe homephone telephonedomicile teldomicile telephonepersonnel telperso otherphone autretelephone autretel",
    "company": "company organization organisation organizationname societe entreprise companyname associatedcompany "
    "raisonsociale nomdelasociete nomsociete nomdelentreprise nomentreprise account accountname etablissement "
    "structure organisme employeur firma ste entrepriseassociee empresa organizacion compania azienda ragionesociale "
    "societa ditta unternehmen bedrijf bedrijfsnaam organisatie nazwafirmy",
    "notes": "notes note remarques remarque commentaires commentaire comments comment observations observation details "
    "description memo notas observaciones comentarios observacoes notizen bemerkung bemerkungen anmerkungen "
    "opmerkingen notities uwagi",
}
_RANKS = {
    header: (field, rank)
    for field, headers in _SYNONYMS.items()
    for rank, header in enumerate(headers.split())
}  # fmt: skip
# "E-mail 1 - Value", "Phone 2 - Value", "Organization 1 - Name", "E-mail 2 Address", "Business Phone 2".
_NUMBERED = re.compile(r"(?P<before>\D+?)(?P<number>[1-9])(?P<after>value|valeur|address|adresse|name|nom)?")
# Whose it is, or which of several, said beside the field: "customer_email", "Billing Phone", "Votre nom".
_BESIDE = frozenset(
    {
        *("customer", "client", "cliente", "kunde", "kunden", "contact", "contacto", "contatto", "kontakt"),
        *("billing", "person", "personne", "persona", "buyer", "user", "votre", "vos", "your", "du", "de"),
        *("la", "le", "l", "d", "des", "of", "the", "adherent", "adherente", "membre", "member", "facturation"),
        *("domicile", "professionnel", "professionnelle", "personnel", "personnelle", "perso", "personal"),
        *("pro", "work", "home", "principal", "principale", "primary", "main", "inscrit", "participant"),
        *("participante", "invite", "acheteur", "acheteuse", "abonne", "abonnee", "donateur", "donatrice"),
        *("parent", "subscriber", "lead", "bill", "to", "demandeur", "demandeuse", "requester", "guest"),
        *("numero", "number"),
    }
)
_DEFAULT_ADDRESS = re.compile(r"default[\W_]*address", re.IGNORECASE)
_NOT_OF_A_PERSON = frozenset({"username", "usernames", "nomdutilisateur", "userid"})
_WORDS = re.compile(r"[^\W_]+")
_WHOLE_OR_FIRST = frozenset({"nome", "nombre", "nombres"})
"""Of Italian, Portuguese and Spanish: the first name beside a column of family names, else the whole name."""

_REQUIRED = re.compile(r"\[[^\[\]]*\]|\((?:required|obligatoire|requis)\)", re.IGNORECASE)
_FAMILY_FIRST = frozenset({"nometprenom", "nomprenom", "apellidosynombre", "cognomeenome"})
_SEVERAL = " ::: "  # Google's export, between the values of one cell

_HINTS = re.compile(r"nom|name|client|contact|customer|person|destinataire|beneficiaire|kunde|adherent|membre")
_NO_HINTS = re.compile(
    r"user|login|utilisateur|file|fichier|domain|date|label|type|owner|proprietaire|group|phonetic|yomi|prefix|suffix"
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
    fields = {column.field for column in columns}
    # A column "Nom" alone holds whole names as often as not.
    whole = {"nom"} if "first_name" not in fields else set()
    whole |= _WHOLE_OR_FIRST if "last_name" not in fields else set()
    # In French "nombre" is a number.
    no_name = set() if any(_SPANISH.match(_normal(header)) for header in headers) else {"nombre", "nombres"}
    return tuple(_in_company(column, whole, no_name) for column in columns)


_SPANISH = re.compile(r"apellido|correo|telefono|empresa")


def _in_company(column: Column, whole: set[str], no_name: set[str]) -> Column:
    normal = _bare(column.header)
    if normal in no_name:
        return Column(column.header, None)
    return Column(column.header, "name", column.rank) if normal in whole else column


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
        nobody_named = not fields & {"first_name", "last_name"}
        if not values or _NO_HINTS.search(header) or ("nick" in header and not nobody_named):
            continue
        like_names = sum(1 for value in values if _NAME_LIKE.fullmatch(value) and value != value.lower())
        has_letters = any(any(char.isalpha() for char in value) for value in values)
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
    if normal not in _NOT_OF_A_PERSON and (known := _RANKS.get(_bare(header))):
        return Column(header, known[0], _OTHERS + known[1] * 10)
    return Column(header, None)


_OTHERS = 1000
"""A column whose header says more than the field is taken after all that say the field alone."""


def _bare(header: str) -> str:
    """The header as in `_SYNONYMS`, without the words beside the field; the whole of it where nothing is left."""
    words = _WORDS.findall(fold(_DEFAULT_ADDRESS.sub("", _REQUIRED.sub("", header))))
    return "".join(word for word in words if word not in _BESIDE) or _normal(header)


def _normal(header: str) -> str:
    return re.sub(r"[\W_]+", "", fold(_REQUIRED.sub("", header)))


def _with_names(found: dict[str, str], name_header: str) -> dict[str, str]:
    name = found.pop("name", None)
    middle = (found.pop("middle_name", None) or "").strip()
    first_name, last_name = found.get("first_name", "").strip(), found.get("last_name", "").strip()
    if name is not None and not (first_name or last_name):
        first, last = _split(name, name_header)
        found["first_name"], found["last_name"] = first or "", last or ""
    elif name is not None and not (first_name and last_name):
        # "Name" beside "Vorname" is the family name; where it is the whole name, the rest of it is.
        known, missing = ("first_name", "last_name") if first_name else ("last_name", "first_name")
        found[missing] = _without(name, found[known])
    if middle:
        found["first_name"] = f"{found.get('first_name', '').strip()} {middle}".strip()
    return found


def _without(name: str, part: str) -> str:
    """What a whole name has beside a part of it."""
    words, known = name.split(), {fold(word) for word in part.split()}
    return " ".join(word for word in words if fold(word.strip(",")) not in known).strip(" ,")


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
