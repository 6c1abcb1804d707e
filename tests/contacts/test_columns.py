"""The headers that address books, desks and spreadsheets write; names that come apart; bytes of unknown encoding."""

import pytest
from guichet_contacts.exchange.csv_file import Unreadable, parse, read
from guichet_contacts.exchange.preview import preview

ADA = {"first_name": "Ada", "last_name": "Lovelace"}


def one(text: str, *fields: str | None) -> dict[str, str]:
    """The cells of the only line that have something in them."""
    (line,) = read(text.encode(), fields or None)
    assert not line.too_long
    return {field: cell for field, cell in line.cells.items() if cell}


class TestHeaders:
    @pytest.mark.parametrize(
        ("header", "row", "expected"),
        [
            ("First Name,Middle Name,Last Name,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Value,Organization Name",
             "Ada,King,Lovelace,* Work,ada@example.org,0611223344,ACME",
             {"first_name": "Ada King", "last_name": "Lovelace", "email": "ada@example.org", "phone": "0611223344",
              "company": "ACME"}),
            ("Name,Given Name,Family Name,E-mail 1 - Value,Organization 1 - Name",
             "Ada Lovelace,Ada,Lovelace,a@b.fr,ACME",
             ADA | {"email": "a@b.fr", "company": "ACME"}),
            ("First Name,Last Name,Company,E-mail Address,E-mail 2 Address,Mobile Phone,Business Phone",
             "Ada,Lovelace,ACME,,second@b.fr,,0102030405",
             ADA | {"company": "ACME", "email": "second@b.fr", "phone": "0102030405"}),
            ("Prénom,Nom,Société,Adresse de messagerie,Tél. mobile,Téléphone (bureau)",
             "Ada,Lovelace,ACME,a@b.fr,06,01",
             ADA | {"company": "ACME", "email": "a@b.fr", "phone": "06"}),
            ("Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,Associated Company",
             "17,Ada,Lovelace,a@b.fr,,06,ACME", ADA | {"email": "a@b.fr", "phone": "06", "company": "ACME"}),
            ("id,name,email,phone,organization,details,notes", "9,Ada Lovelace,a@b.fr,06,ACME,un,deux",
             ADA | {"email": "a@b.fr", "phone": "06", "company": "ACME", "notes": "deux\nun"}),
            ("First Name [Required],Last Name [Required],Email Address [Required]", "Ada,Lovelace,a@b.fr",
             ADA | {"email": "a@b.fr"}),
            ("Civilité;NOM DE FAMILLE;Prénom(s);E-MAIL;N° tél.;Raison sociale", "Mme;Lovelace;Ada;a@b.fr;06;ACME",
             {"last_name": "Lovelace", "email": "a@b.fr", "phone": "06", "company": "ACME"} | ADA),
            ("Nom du client;Courriel", "Ada Lovelace;a@b.fr", ADA | {"email": "a@b.fr"}),
            ("Email 1 - Value,Name", "a@b.fr ::: b@b.fr,Ada Lovelace", ADA | {"email": "a@b.fr"}),
        ],
    )  # fmt: skip
    def test_those_of_other_programs_are_known(self, header: str, row: str, expected: dict[str, str]) -> None:
        assert one(f"{header}\n{row}\n") == expected

    @pytest.mark.parametrize("header", ["email,E-Mail", "Nom,NOM,email", "phone;Phone"])
    def test_the_same_header_twice_is_refused(self, header: str) -> None:
        with pytest.raises(Unreadable) as refused:
            read(f"{header}\na,b,c\n".replace(";", ",").encode())
        assert refused.value.code == "doubled_column"

    def test_a_line_that_says_the_separator_is_none_of_the_records(self) -> None:
        for said in ("sep=;", '"sep=;"', "SEP=;\r"):
            (line,) = read(f"{said}\nNom, prénom;Courriel;Prénom\nx;a@b.fr;Ada\n".encode())
            assert (line.number, line.cells["email"], line.cells["first_name"]) == (3, "a@b.fr", "Ada")

    def test_a_first_line_that_only_looks_so_is_a_header(self) -> None:
        assert one("separateur;email\nx;a@b.fr\n") == {"email": "a@b.fr"}

    def test_commas_inside_quotes_do_not_say_the_separator(self) -> None:
        assert one('"Pointure, gauche, droite";"E-mail"\n"43";"a@b.fr"\n') == {"email": "a@b.fr"}


class TestNames:
    @pytest.mark.parametrize(
        ("header", "written", "first", "last"),
        [
            ("Nom complet", "Jean Dupont", "Jean", "Dupont"),
            ("Name", "Ingrid", "Ingrid", None),
            ("Nom", "Dupont", None, "Dupont"),
            ("Nom", "Jean Dupont", "Jean", "Dupont"),
            ("Nom", "DUPONT Jean", "Jean", "DUPONT"),
            ("Nom Prénom", "Dupont Jean Paul", "Jean Paul", "Dupont"),
            ("Nom et prénom", "DUPONT Jean", "Jean", "DUPONT"),
            ("Prénom Nom", "Jean Dupont", "Jean", "Dupont"),
            ("Full Name", "Dupont, Jean", "Jean", "Dupont"),
            ("Contact", "jean@example.org", "jean@example.org", None),
            ("Client", "4711", "4711", None),
        ],
    )
    def test_one_column_comes_apart_and_nothing_of_it_is_lost(
        self, header: str, written: str, first: str | None, last: str | None
    ) -> None:
        cells = one(f'"{header}";Mail\n"{written}";a@b.fr\n')
        assert (cells.get("first_name"), cells.get("last_name")) == (first, last)

    @pytest.mark.parametrize(
        "text",
        [
            "Titulaire;Mail\nJean Dupont;a@b.fr\nLéa Martin;b@b.fr\n",
            "nom de la personne à rappeler;Mail\nDupont;a@b.fr\n",
            "Prénom;Nom marital;Mail\nLéa;Martin;a@b.fr\n",
            "Kundenname;Mail\nDupont;a@b.fr\n",
        ],
    )
    def test_a_file_whose_names_would_be_lost_is_refused_until_somebody_maps_it(self, text: str) -> None:
        with pytest.raises(Unreadable) as refused:
            read(text.encode())
        assert refused.value.code == "unclear_columns"
        assert text.split(";", 1)[0] in str(refused.value) or "Nom marital" in str(refused.value)
        assert preview(text.encode(), None).unclear

    @pytest.mark.parametrize(
        "text",
        [
            "shoe size,email\n43,a@b.fr\n",
            "Statut;Mail\nactif;a@b.fr\n",
            "Nom;Ville;Mail\nDupont;La Rochelle;a@b.fr\n",
            "Prénom;Nom;Nom de naissance;Mail\nLéa;Martin;Durand;a@b.fr\n",
            "Domain name;Mail\nExample;a@b.fr\n",
        ],
    )
    def test_a_column_of_something_else_is_left_out(self, text: str) -> None:
        assert read(text.encode())


class TestMapping:
    def test_what_somebody_says_goes_before_the_headers(self) -> None:
        assert one("email;x;y\nAda;a@b.fr;z\n", "first_name", "email", None) == {"first_name": "Ada", "email": "a@b.fr"}

    def test_several_columns_of_one_field_fill_in_for_each_other_in_their_order(self) -> None:
        assert one("a;b;c\n;b@b.fr;c@b.fr\n", "email", "email", "email") == {"email": "b@b.fr"}
        assert one("a;b;c\nx;y;a@b.fr\n", "notes", "notes", "email")["notes"] == "x\ny"

    @pytest.mark.parametrize("fields", [("email",), ("email", None, "name")])
    def test_another_number_of_columns_is_refused(self, fields: tuple[str | None, ...]) -> None:
        with pytest.raises(Unreadable) as refused:
            read(b"email;x\na@b.fr;z\n", fields)
        assert refused.value.code == "mapping_mismatch"


class TestPreview:
    def test_it_tells_what_would_be_taken_in_and_what_not(self) -> None:
        told = preview("sep=;\nNom complet;Adresse mail;Pointure\nJean Dupont;j@b.fr;43\n".encode("cp1252"), None)
        assert (told.encoding, told.separator, told.lines) == ("utf-8", ";", 1)
        assert [(column.header, column.field, column.samples) for column in told.columns] == [
            ("Nom complet", "name", ["Jean Dupont"]),
            ("Adresse mail", "email", ["j@b.fr"]),
            ("Pointure", None, ["43"]),
        ]
        assert told.left_out == ["Pointure"]
        assert told.contacts == [{"first_name": "Jean", "last_name": "Dupont", "email": "j@b.fr"}]

    def test_headers_that_say_nothing_are_told_too(self) -> None:
        told = preview(b"a;b\nJean Dupont;j@b.fr\n", None)
        assert [column.field for column in told.columns] == [None, None]
        assert preview(b"a;b\nJean Dupont;j@b.fr\n", ("name", "email")).contacts[0]["last_name"] == "Dupont"


class TestEncodings:
    TEXTS = (
        "Prénom;Nom;E-mail\nÉlodie;Lefèvre;e@b.fr\nFrançois;Noël;f@b.fr\nZoé;Hervé-Gaëtan;z@b.fr\n",
        "Nom;Société;Mail\nBenoît Côté;L’Été à Nîmes;b@b.fr\n",
        "Name;Firma;Mail\nJörg Müller;Straße & Söhne;j@b.de\n",
        "Nombre;Empresa;Mail;Nom\nx;Muñoz;m@b.es;Peña\n",
        "Nom;Mail\nRené;r@b.fr\n",
    )

    @pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "cp850", "utf-8", "utf-16", "utf-16-le", "utf-16-be"])
    @pytest.mark.parametrize("text", TEXTS)
    def test_bytes_that_say_nothing_of_themselves_are_read_as_words(self, text: str, encoding: str) -> None:
        if encoding == "cp850":
            text = text.replace("’", "'").replace("Œ", "OE")
        table = parse(text.replace("\n", "\r\n").encode(encoding))
        told = "\n".join([";".join(table.headers), *(";".join(row.cells) for row in table.rows), ""])
        assert told == text

    @pytest.mark.parametrize(
        "data", [b"\x89PNG\r\n\x1a\n\x00\x81", b"email\n\x81\x8d\xff", bytes(range(256)), b"\xff\xfe\x00"]
    )
    def test_what_is_no_text_is_refused(self, data: bytes) -> None:
        with pytest.raises(Unreadable) as refused:
            parse(data)
        assert refused.value.code == "encoding"
