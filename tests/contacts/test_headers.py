"""Headers of other programs' files, beside those in `test_columns`, and some that only resemble a contact's fields."""

import pytest
from guichet_contacts.exchange.csv_file import Unreadable, read

LEA = {"first_name": "Léa", "last_name": "Martin", "email": "a@b.fr"}

FILES: dict[str, tuple[str, str, dict[str, str]]] = {
    "shopify": (
        "First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Phone,Phone,Note",
        "Léa,Martin,a@b.fr,yes,ACME,,06,vip",
        {"phone": "06", "notes": "vip", "company": "ACME"},
    ),
    "woo": (
        "user_login,user_email,first_name,last_name,billing_phone,billing_company",
        "lea,a@b.fr,Léa,Martin,06,ACME",
        {"phone": "06", "company": "ACME"},
    ),
    "woo2": (
        "Billing First Name,Billing Last Name,Billing Email,Billing Phone,Billing Company",
        "Léa,Martin,a@b.fr,06,ACME",
        {"phone": "06", "company": "ACME"},
    ),
    "mailchimp": (
        "Email Address,First Name,Last Name,Phone Number,MEMBER_RATING",
        "a@b.fr,Léa,Martin,06,2",
        {"phone": "06"},
    ),
    "brevo": ("EMAIL;NOM;PRENOM;SMS", "a@b.fr;Martin;Léa;06", {"phone": "06"}),
    "brevo-en": ("CONTACT ID;EMAIL;FIRSTNAME;LASTNAME;SMS;WHATSAPP", "1;a@b.fr;Léa;Martin;06;", {"phone": "06"}),
    "prestashop": (
        "ID;Titre de civilité;Prénom;Nom;Adresse e-mail;Téléphone",
        "1;Mme;Léa;Martin;a@b.fr;06",
        {"phone": "06"},
    ),
    "freshdesk": (
        "Full name,Title,Email,Work phone,Mobile phone,Company",
        "Léa Martin,Dir,a@b.fr,01,06,ACME",
        {"company": "ACME", "phone": "06"},
    ),
    "intercom": (
        "Name,Email,Phone,Company name,Last seen",
        "Léa Martin,a@b.fr,06,ACME,x",
        {"phone": "06", "company": "ACME"},
    ),
    "salesforce": (
        "Salutation,First Name,Last Name,Title,Account Name,Phone,Mobile,Email",
        "Ms,Léa,Martin,CEO,ACME,01,06,a@b.fr",
        {"phone": "01", "company": "ACME"},
    ),
    "pipedrive": (
        "Person - Name,Person - Email - Work,Person - Phone - Work,Person - Organization",
        "Léa Martin,a@b.fr,06,ACME",
        {"phone": "06", "company": "ACME"},
    ),
    "thunderbird": (
        (
            "First Name,Last Name,Display Name,Nickname,Primary Email,Secondary Email,Screen Name,"
            "Work Phone,Home Phone,Mobile Number,Organization"
        ),
        "Léa,Martin,Léa Martin,,a@b.fr,,,01,,06,ACME",
        {"company": "ACME", "phone": "06"},
    ),
    "thunderbird-fr": (
        (
            "Prénom,Nom de famille,Nom à afficher,Surnom,Première adresse électronique,"
            "Adresse électronique secondaire,Téléphone professionnel,Portable,Société"
        ),
        "Léa,Martin,Léa Martin,,a@b.fr,,01,06,ACME",
        {"company": "ACME", "phone": "06"},
    ),
    "outlook-de": (
        "Anrede,Vorname,Weitere Vornamen,Nachname,Firma,Telefon geschäftlich,Mobiltelefon,E-Mail-Adresse",
        "Frau,Léa,,Martin,ACME,01,06,a@b.fr",
        {"company": "ACME", "phone": "06"},
    ),
    "es": (
        "Nombre;Apellidos;Correo electrónico;Teléfono;Empresa",
        "Léa;Martin;a@b.fr;06;ACME",
        {"company": "ACME", "phone": "06"},
    ),
    "it": ("Nome;Cognome;E-mail;Telefono;Azienda", "Léa;Martin;a@b.fr;06;ACME", {"company": "ACME", "phone": "06"}),
    "nl": (
        "Voornaam;Achternaam;E-mailadres;Telefoonnummer;Bedrijf",
        "Léa;Martin;a@b.fr;06;ACME",
        {"company": "ACME", "phone": "06"},
    ),
    "pt": ("Nome;Sobrenome;E-mail;Telefone;Empresa", "Léa;Martin;a@b.fr;06;ACME", {"company": "ACME", "phone": "06"}),
    "yahoo": (
        "First,Middle,Last,Nickname,Email,Category,Home,Work,Mobile,Company",
        "Léa,,Martin,,a@b.fr,,,01,06,ACME",
        {"company": "ACME", "phone": "06"},
    ),
    "stripe": ("id,Description,Email,Name,Created (UTC)", "cus_1,,a@b.fr,Léa Martin,2026", {}),
    "linkedin": (
        "First Name,Last Name,URL,Email Address,Company,Position",
        "Léa,Martin,x,a@b.fr,ACME,CEO",
        {"company": "ACME"},
    ),
    "excel-fr": ("Nom prénom;Mail;Tél;Entreprise", "Martin Léa;a@b.fr;06;ACME", {"phone": "06", "company": "ACME"}),
    "excel-fr2": (
        "NOM & PRENOM;ADRESSE MAIL;N° PORTABLE;SOCIÉTÉ",
        "Martin Léa;a@b.fr;06;ACME",
        {"company": "ACME", "phone": "06"},
    ),
    "excel-fr3": ("Nom / Prénom;e-mail;Tel.;Sté", "Martin Léa;a@b.fr;06;ACME", {"phone": "06", "company": "ACME"}),
    "excel-fr4": (
        "Nom du contact;Prénom du contact;Courrier électronique;Téléphone portable",
        "Martin;Léa;a@b.fr;06",
        {"phone": "06"},
    ),
    "excel-fr5": ("Votre nom;Votre prénom;Votre e-mail;Votre téléphone", "Martin;Léa;a@b.fr;06", {"phone": "06"}),
    "asso": ("Nom adhérent;Prénom adhérent;Email adhérent;Téléphone", "Martin;Léa;a@b.fr;06", {"phone": "06"}),
    "form": (
        "Horodateur,Nom et prénom,Adresse e-mail,Numéro de téléphone",
        "2026,Martin Léa,a@b.fr,06",
        {"phone": "06"},
    ),
    "google-old": (
        (
            "Name,Given Name,Additional Name,Family Name,Yomi Name,E-mail 1 - Type,E-mail 1 - Value,"
            "Phone 1 - Type,Phone 1 - Value,Organization 1 - Name"
        ),
        "Léa Martin,Léa,,Martin,,* ,a@b.fr,Mobile,06,ACME",
        {"phone": "06", "company": "ACME"},
    ),
    "icloud": ("Prénom,Nom,Email domicile,Mobile", "Léa,Martin,a@b.fr,06", {"phone": "06"}),
    "hubspot-fr": (
        "Identifiant,Prénom,Nom,Adresse e-mail,Numéro de téléphone,Entreprise associée",
        "1,Léa,Martin,a@b.fr,06,ACME",
        {"phone": "06", "company": "ACME"},
    ),
    "zendesk-fr": (
        "ID,Nom,E-mail,Téléphone,Organisation",
        "1,Léa Martin,a@b.fr,06,ACME",
        {"phone": "06", "company": "ACME"},
    ),
    "snake": ("customer_name,customer_email,customer_phone", "Léa Martin,a@b.fr,06", {"phone": "06"}),
    "camel": (
        "firstName,lastName,emailAddress,phoneNumber,companyName",
        "Léa,Martin,a@b.fr,06,ACME",
        {"phone": "06", "company": "ACME"},
    ),
    "amazon": ("buyer-name,buyer-email,buyer-phone-number", "Léa Martin,a@b.fr,06", {"phone": "06"}),
    "pl": ("Imię;Nazwisko;Adres e-mail;Telefon;Firma", "Léa;Martin;a@b.fr;06;ACME", {"company": "ACME", "phone": "06"}),
    "pipe": ("Nom|Prénom|Mail", "Martin|Léa|a@b.fr", {}),
}


@pytest.mark.parametrize("name", FILES)
def test_names_addresses_and_telephones_are_found(name: str) -> None:
    header, row, others = FILES[name]
    (line,) = read(f"{header}\n{row}\n".encode())
    assert {field: cell for field, cell in line.cells.items() if cell} == LEA | others


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "mac_roman", "utf-16", "utf-16-le", "utf-16-be", "cp850"]
)
def test_in_any_encoding_of_a_spreadsheet(encoding: str) -> None:
    text = "Nom du contact;Prénom du contact;Courrier électronique;Téléphone portable\nMartin;Léa;a@b.fr;06\n"
    (line,) = read(text.encode(encoding))
    assert {field: cell for field, cell in line.cells.items() if cell} == LEA | {"phone": "06"}


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Prénom;Nom;Mail;Type de contact", "Léa;Martin;a@b.fr;client"),
        ("Prénom;Nom;Mail;Contact owner", "Léa;Martin;a@b.fr;Paul Durand"),
        ("Prénom;Nom;Mail;User name", "Léa;Martin;a@b.fr;lea_m"),
        ("Prénom;Nom;Mail;Nombre", "Léa;Martin;a@b.fr;3"),
        ("Prénom;Nom;Mail;Company address", "Léa;Martin;a@b.fr;1 rue de Paris"),
        ("Prénom;Nom;Mail;Email opt-in", "Léa;Martin;a@b.fr;yes"),
        ("Prénom;Nom;Mail;Customer since", "Léa;Martin;a@b.fr;2020"),
        ("Prénom;Nom;Mail;Surnom", "Léa;Martin;a@b.fr;Lélé"),
    ],
)
def test_a_column_that_only_resembles_a_field_is_left_out(header: str, row: str) -> None:
    (line,) = read(f"{header}\n{row}\n".encode())
    assert {field: cell for field, cell in line.cells.items() if cell} == LEA


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Name;Vorname;E-Mail", "Martin;Léa;a@b.fr"),
        ("Name;First name;Email", "Léa Martin;Léa;a@b.fr"),
        ("Full name;Surname;Email", "Léa Martin;MARTIN;a@b.fr"),
        ("Customer Name,Customer Email,Bill-to Name".replace(",", ";"), "Léa Martin;a@b.fr;Paul Durand"),
    ],
)
def test_nothing_of_a_name_beside_a_part_of_it_is_lost(header: str, row: str) -> None:
    (line,) = read(f"{header}\n{row}\n".encode())
    found = {field: cell for field, cell in line.cells.items() if cell}
    assert found | {"last_name": found["last_name"].title()} == LEA


def test_a_column_of_nicknames_that_holds_the_only_names_is_not_left_out_unasked() -> None:
    with pytest.raises(Unreadable) as refused:
        read("email,nickname\na@b.fr,Léa Martin\n".encode())
    assert refused.value.code == "unclear_columns"


def test_cells_may_be_separated_by_bars() -> None:
    (line,) = read("Nom|Prénom|Mail\nMartin|Léa|a@b.fr\n".encode())
    assert {field: cell for field, cell in line.cells.items() if cell} == LEA
