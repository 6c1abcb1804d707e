"""Taking a file in, whole or not at all, on a real MongoDB through both drivers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from guichet_contacts.contact.contact import Contact, Details
from guichet_contacts.contact.errors import ContactExists
from guichet_contacts.contact.staging import Holder, Staged, StagedContacts
from guichet_contacts.contact.store import ContactStore
from guichet_contacts.contact.usecases import create_contact, search_contacts
from guichet_contacts.exchange import store as store_module
from guichet_contacts.exchange.job import ImportJob, State
from guichet_contacts.exchange.store import ImportStore, LeaseLost
from guichet_contacts.exchange.usecases import export, take_in
from guichet_contacts.exchange.worker import ImportWorker
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.mongo import Database


@pytest.fixture
async def imports(database: Database) -> ImportStore:
    store = ImportStore(database)
    await store.ensure_indexes()
    return store


@pytest.fixture
def staged(contacts: ContactStore) -> StagedContacts:
    return StagedContacts(contacts)


async def _uploaded(imports: ImportStore, text: str, *, partial: bool = False) -> ImportJob:
    async def chunks() -> AsyncIterator[bytes]:
        data = text.encode()
        for start in range(0, len(data), 1000):
            yield data[start : start + 1000]

    file_id = await imports.keep_file(chunks())
    return await imports.insert(ImportJob(new_id(), file_id, "agent", partial, created_at=now()))


async def _taken_in(imports: ImportStore, staged: StagedContacts, text: str, *, partial: bool = False) -> ImportJob:
    await _uploaded(imports, text, partial=partial)
    job = await imports.claim()
    assert job is not None
    return await take_in(imports, staged, job, "FR")


async def _all(contacts: ContactStore) -> list[Contact]:
    return await contacts.page((), None, 10_000)


def _people(count: int) -> str:
    return "first_name,email\n" + "".join(f"Person {i},person{i}@example.com\n" for i in range(count))


class TestImport:
    async def test_good_lines_become_contacts_with_their_events(
        self, imports: ImportStore, staged: StagedContacts, contacts: ContactStore, relay: Any
    ) -> None:
        text = "Prénom;Nom;E-mail;Tél.;Société\nÉlodie;Œuvre;E@Example.com;06 39 98 12 34;\n;;;;'=Formula SA\n"
        job = await _taken_in(imports, staged, text)
        assert (job.state, job.total, job.checked, job.refused, job.written) == (State.DONE, 2, 2, 0, 2)
        assert job.progress == 1.0
        company, person = await _all(contacts)
        assert company.details == Details(company="=Formula SA")
        assert person.details == Details("Élodie", "Œuvre", "E@example.com", "+33639981234")
        assert (person.version, len(relay.events)) == (1, 2)
        assert [c.id for c in (await search_contacts(contacts, "oeuvre 0639", None, 5))[0]] == [person.id]

    async def test_one_bad_line_and_nothing_is_taken_in_but_a_report_names_each_field(
        self, imports: ImportStore, staged: StagedContacts, contacts: ContactStore, relay: Any
    ) -> None:
        existing = await create_contact(contacts, "c1", Details(email="known@example.com"))
        text = (
            "first_name,email,phone\n"
            "Ada,ada@example.com,\n"  # 2: good
            "Bob,not-an-address,12\n"  # 3: two bad fields
            ",,\n"  # blank
            "Cid,KNOWN@example.com,\n"  # 5: somebody's
            "Dan,Ada@example.com,\n"  # 6: line 2's
            "Eve,eve@example.com,,extra\n"  # 7
            '"",,"  "\n'  # blank
        )
        job = await _taken_in(imports, staged, text)
        assert (job.state, job.total, job.refused, job.written) == (State.REFUSED, 5, 4, 0)
        assert [(e.line, e.field, e.code, e.contact_id) for e in job.errors] == [
            (3, "email", "invalid_email", None),
            (3, "phone", "invalid_phone", None),
            (5, "email", "contact_exists", "c1"),
            (6, "email", "doubled_email", None),
            (7, "", "too_many_cells", None),
        ]
        assert await _all(contacts) == [existing]
        assert await contacts.collection.count_documents({}) == 1
        assert relay.types() == ["changed"]
        await create_contact(contacts, "c2", Details(email="ada@example.com"))

    async def test_where_it_was_asked_for_the_good_lines_are_taken_in(
        self, imports: ImportStore, staged: StagedContacts, contacts: ContactStore
    ) -> None:
        job = await _taken_in(imports, staged, "email\na@example.com\nbad\nb@example.com\n", partial=True)
        assert (job.state, job.refused, job.written) == (State.DONE, 1, 2)
        assert [c.details.email for c in await _all(contacts)] == ["a@example.com", "b@example.com"]

    async def test_a_file_that_cannot_be_read_fails_with_its_reason(
        self, imports: ImportStore, staged: StagedContacts
    ) -> None:
        job = await _taken_in(imports, staged, 'email\n"never ends')
        assert job.state is State.FAILED
        assert job.failure is not None
        assert (job.failure.code, job.failure.line) == ("malformed", 2)

    async def test_no_file_and_no_personal_data_stays_behind(
        self, database: Database, imports: ImportStore, staged: StagedContacts, contacts: ContactStore
    ) -> None:
        await _taken_in(imports, staged, "first_name,email\nSecretname,secret@nowhere\n")
        for name in await database.list_collection_names():
            assert "secret" not in str(await database[name].find().to_list(None)).lower()

    async def test_an_address_that_is_being_imported_cannot_be_taken_meanwhile(
        self, staged: StagedContacts, contacts: ContactStore
    ) -> None:
        await staged.stage("i1", [Staged(2, "c1", Details(email="ada@example.com"))])
        assert await _all(contacts) == []
        with pytest.raises(ContactExists):
            await create_contact(contacts, "c2", Details(email="ADA@example.com"))


class Killed(Exception):
    """Stands for SIGKILL."""


class Fuse:
    """Blows at the given moment: the process dies there."""

    def __init__(self, moments: int) -> None:
        self.left = moments

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


class MortalImports(ImportStore):
    """Dies before or after a write."""

    fuse: Fuse

    async def save(self, job: ImportJob) -> ImportJob:
        self.fuse.burn()
        saved = await super().save(job)
        self.fuse.burn()
        return saved


class MortalContacts(ContactStore):
    """Dies before or after a write."""

    fuse: Fuse

    async def replace(self, contact: Contact, event: Any = None) -> bool:
        self.fuse.burn()
        written = await super().replace(contact, event)
        self.fuse.burn()
        return written


@pytest.mark.parametrize("database", ["pymongo"], indirect=True)  # what is in question is where it dies
class TestKilledInTheMiddle:
    @pytest.mark.parametrize(("bad_lines", "expected"), [(0, 7), (1, 0)])
    async def test_wherever_it_dies_the_next_one_ends_it_whole_or_not_at_all(
        self, database: Database, relay: Any, monkeypatch: pytest.MonkeyPatch, bad_lines: int, expected: int
    ) -> None:
        monkeypatch.setattr(store_module, "LEASE", timedelta(0))
        monkeypatch.setattr("guichet_contacts.exchange.usecases.BATCH", 3)
        contacts = MortalContacts(database, relay, b"k" * 48)
        await contacts.ensure_indexes()
        moment, died = 0, True
        while died:
            moment, died = moment + 1, False
            fuse = Fuse(moment)
            imports = MortalImports(database)
            imports.fuse = contacts.fuse = fuse
            uploaded = await _uploaded(imports, _people(7) + "bad,bad\n" * bad_lines)
            while job := await imports.claim():
                try:
                    await take_in(imports, StagedContacts(contacts), job, "FR")
                except Killed:
                    died = True
                    decided = await imports.find(uploaded.id)
                    if decided is not None and decided.state in (State.QUEUED, State.CHECKING):
                        assert await _all(contacts) == []  # nobody sees anything before the decision
            ended = await imports.find(uploaded.id)
            assert ended is not None
            assert ended.state is (State.REFUSED if bad_lines else State.DONE)
            assert ended.written == expected
            found = await _all(contacts)
            assert len(found) == expected
            assert {contact.version for contact in found} <= {1}
            assert await contacts.collection.count_documents({}) == expected
            await contacts.collection.delete_many({})
            await database["imports"].delete_many({})
        assert moment > 10

    async def test_a_worker_that_was_given_up_cannot_go_on(
        self, database: Database, imports: ImportStore, staged: StagedContacts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store_module, "LEASE", timedelta(0))
        await _uploaded(imports, _people(3))
        slow = await imports.claim()
        other = ImportStore(database)
        assert slow is not None
        assert await other.claim() is not None
        with pytest.raises(LeaseLost):
            await take_in(imports, staged, slow, "FR")

    async def test_what_a_worker_still_writes_when_it_lets_go_does_not_take_the_import_back(
        self, database: Database, imports: ImportStore
    ) -> None:
        await _uploaded(imports, _people(3))
        let_go = await imports.claim()
        assert let_go is not None
        await imports.release(let_go)
        with pytest.raises(LeaseLost):
            await imports.save(let_go.checking(3))
        assert await ImportStore(database).claim() is not None

    async def test_nobody_claims_what_somebody_works_on(self, database: Database, imports: ImportStore) -> None:
        await _uploaded(imports, _people(1))
        assert await imports.claim() is not None
        assert await ImportStore(database).claim() is None

    async def test_what_an_upload_that_broke_off_left_is_swept(
        self, database: Database, imports: ImportStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield b"x" * (9 << 20)
            raise ConnectionError

        kept = await _uploaded(imports, _people(1))
        with pytest.raises(ConnectionError):
            await imports.keep_file(broken())
        await imports.drop_leftovers()
        assert await database["import_chunks"].count_documents({}) == 3
        monkeypatch.setattr(store_module, "UPLOAD_TIME", timedelta(seconds=-1))
        await imports.drop_leftovers()
        assert await imports.read_file(kept.file_id) == _people(1).encode()
        assert await database["import_chunks"].count_documents({}) == 1

    async def test_what_is_staged_for_no_import_is_swept(self, staged: StagedContacts, contacts: ContactStore) -> None:
        await staged.stage("live", [Staged(2, "c1", Details(first_name="Ada"))])
        await staged.stage("dead", [Staged(2, "c2", Details(first_name="Bob"))])
        await staged.discard_leftovers(["live"], timedelta(seconds=-1))
        assert [d["_id"] for d in await contacts.collection.find().to_list(None)] == ["c1"]


class FaultyStaged(StagedContacts):
    """Has a fault of our own making, which one file hits."""

    async def stage(self, import_id: str, lines: Sequence[Staged]) -> dict[int, Holder]:
        if lines[0].details.first_name == "Canary":
            raise RuntimeError("a fault")
        return await super().stage(import_id, lines)


class TestWorker:
    async def test_a_fault_ends_the_import_that_hit_it_and_not_those_behind_it(
        self, imports: ImportStore, contacts: ContactStore
    ) -> None:
        faulty = await _uploaded(imports, "first_name\nCanary\n")
        good = await _uploaded(imports, "first_name\nAda\n")
        worker = ImportWorker(imports, FaultyStaged(contacts), "FR")
        async with asyncio.timeout(20), worker.running():
            while (ended := await imports.find(good.id)) is None or ended.state is not State.DONE:
                await asyncio.sleep(0.05)
        failed = await imports.find(faulty.id)
        assert failed is not None
        assert failed.failure is not None
        assert (failed.state, failed.failure.code) == (State.FAILED, "internal_error")
        assert await imports.read_file(faulty.file_id) == b""
        assert [contact.details.first_name for contact in await _all(contacts)] == ["Ada"]

    async def test_a_worker_that_is_told_to_stop_leaves_its_import_to_the_next(
        self, database: Database, imports: ImportStore, contacts: ContactStore
    ) -> None:
        await _uploaded(imports, _people(2_000))
        async with asyncio.timeout(20), ImportWorker(imports, StagedContacts(contacts), "FR").running():
            while await contacts.collection.count_documents({}) == 0:
                await asyncio.sleep(0.01)
        assert await ImportStore(database).claim() is not None


class TestExport:
    async def test_what_was_exported_can_be_imported_again(
        self, imports: ImportStore, staged: StagedContacts, contacts: ContactStore
    ) -> None:
        text = 'first_name,phone,company,notes\n"O\'Neill, ""Ada""",0639981234,\'=Evil(),"two\nlines; ""quoted"""\n'
        await _taken_in(imports, staged, text)
        (before,) = await _all(contacts)
        exported = "".join([part async for part in export(contacts, ";")])
        assert exported.startswith("\ufeff")
        assert '"\'=Evil()"' in exported
        assert '"\'+33639981234"' in exported
        await contacts.collection.delete_many({})
        assert (await _taken_in(imports, staged, exported)).state is State.DONE
        (after,) = await _all(contacts)
        assert after.details == before.details

    async def test_all_are_exported_once_page_by_page(
        self, imports: ImportStore, staged: StagedContacts, contacts: ContactStore
    ) -> None:
        await _taken_in(imports, staged, _people(450))
        parts = [part async for part in export(contacts, ",")]
        assert len(parts) == 4
        assert "".join(parts).count("@example.com") == 450


async def _imported(
    imports: ImportStore, staged: StagedContacts, text: str, *, partial: bool = False, **wanted: Any
) -> ImportJob:
    uploaded = await _uploaded(imports, text, partial=partial)
    job = await imports.claim()
    assert job is not None
    assert job.id == uploaded.id
    return await take_in(imports, staged, replace(job, **wanted), "FR")


class TestKnownAddresses:
    async def test_where_it_was_asked_for_a_line_changes_the_contact_that_has_its_address(
        self, imports: ImportStore, staged: StagedContacts, contacts: ContactStore, relay: Any
    ) -> None:
        await create_contact(
            contacts, "c1", Details("Ada", "Byron", "Ada@example.org", "+33611223344", None, "Appelle le matin")
        )
        text = (
            "Prénom;Nom;E-mail;Tél.;Société;Notes\n"
            ";Lovelace;ADA@example.org;;ACME;Cliente depuis 2020\n"
            "Bob;;bob@example.org;;;\n"
        )
        for _ in range(2):
            job = await _imported(imports, staged, text, update_known=True)
        assert (job.state, job.written, job.refused, job.updated) == (State.DONE, 2, 0, 2)
        ada, bob = sorted(await _all(contacts), key=lambda contact: contact.details.first_name or "")
        assert ada.id == "c1"
        assert ada.details == Details(
            "Ada", "Lovelace", "Ada@example.org", "+33611223344", "ACME", "Appelle le matin\n\nCliente depuis 2020"
        )
        assert bob.details.email == "bob@example.org"
        assert ada.version == 2, "the same file again changes nothing"
        assert [contact.id for contact in (await search_contacts(contacts, "lovelace", None, 5))[0]] == ["c1"]

    async def test_where_it_was_not_the_line_is_refused(
        self, imports: ImportStore, staged: StagedContacts, contacts: ContactStore
    ) -> None:
        await create_contact(contacts, "c1", Details("Ada", "Byron", "ada@example.org"))
        job = await _imported(imports, staged, "Nom;E-mail\nLovelace;ada@example.org\n")
        assert (job.state, job.errors[0].code, job.updated) == (State.REFUSED, "contact_exists", 0)

    async def test_a_refused_import_changes_nobody_and_leaves_nothing_behind(
        self, database: Database, imports: ImportStore, staged: StagedContacts, contacts: ContactStore
    ) -> None:
        before = await create_contact(contacts, "c1", Details("Ada", "Byron", "ada@example.org"))
        text = "Nom;E-mail\nSecretname;ada@example.org\nBob;not-an-address\n"
        job = await _imported(imports, staged, text, update_known=True)
        assert job.state is State.REFUSED
        assert await _all(contacts) == [before]
        assert await database["import_updates"].count_documents({}) == 0

    async def test_two_lines_of_one_address_are_still_one_too_many(
        self, imports: ImportStore, staged: StagedContacts
    ) -> None:
        text = "Nom;E-mail\nAda;ada@example.org\nEve;ada@example.org\n"
        job = await _imported(imports, staged, text, update_known=True)
        assert [error.code for error in job.errors] == ["doubled_email"]

    async def test_a_contact_that_is_gone_meanwhile_is_named_and_not_made_anew(
        self, database: Database, imports: ImportStore, staged: StagedContacts, contacts: ContactStore
    ) -> None:
        await create_contact(contacts, "c1", Details("Ada", "Byron", "ada@example.org"))
        await _uploaded(imports, "Nom;E-mail\nLovelace;ada@example.org\nBob;bob@example.org\n")
        job = await imports.claim()
        assert job is not None

        class Erasing(ImportStore):
            async def save(self, job: ImportJob) -> ImportJob:
                if job.state is State.WRITING:
                    await contacts.collection.update_one({"_id": "c1"}, {"$set": {"state": "erased"}})
                return await super().save(job)

        erasing = Erasing(database)
        erasing.worker_id = imports.worker_id
        job = await take_in(erasing, staged, replace(job, update_known=True), "FR")
        assert (job.state, job.written, job.refused, job.updated) == (State.DONE, 1, 1, 0)
        assert [(error.line, error.code) for error in job.errors] == [(2, "contact_gone")]


class TestColumns:
    async def test_columns_that_are_left_out_are_named(self, imports: ImportStore, staged: StagedContacts) -> None:
        job = await _imported(imports, staged, "Nom complet;Pointure;Mail\nJean Dupont;43;j@example.org\n")
        assert (job.state, job.left_out) == (State.DONE, ("Pointure",))
        found = await imports.find(job.id)
        assert found == job

    async def test_nothing_is_done_that_lost_a_name(
        self, imports: ImportStore, staged: StagedContacts, contacts: ContactStore
    ) -> None:
        text = "Titulaire;Mail\nJean Dupont;j@example.org\n"
        job = await _imported(imports, staged, text)
        assert job.state is State.FAILED
        assert job.failure is not None
        assert job.failure.code == "unclear_columns"
        job = await _imported(imports, staged, text, mapping=("name", "email"))
        assert (job.state, (await _all(contacts))[0].details.name) == (State.DONE, "Jean Dupont")
        job = await _imported(imports, staged, text.replace("j@", "k@"), mapping=(None, "email"))
        assert (job.state, job.left_out) == (State.DONE, ("Titulaire",))


@pytest.mark.parametrize("database", ["pymongo"], indirect=True)
class TestKilledWhileUpdating:
    async def test_wherever_it_dies_every_contact_is_changed_once(
        self, database: Database, relay: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store_module, "LEASE", timedelta(0))
        contacts = MortalContacts(database, relay, b"k" * 48)
        contacts.fuse = Fuse(0)
        await contacts.ensure_indexes()
        moment, died = 0, True
        while died:
            moment, died = moment + 1, False
            contacts.fuse = Fuse(0)
            for number in range(2):
                await create_contact(contacts, f"c{number}", Details("Old", None, f"person{number}@example.com"))
            imports = MortalImports(database)
            imports.fuse = contacts.fuse = Fuse(moment)
            uploaded = await _uploaded(imports, _people(3))
            while job := await imports.claim():
                try:
                    await take_in(imports, StagedContacts(contacts), replace(job, update_known=True), "FR")
                except Killed:
                    died = True
            ended = await imports.find(uploaded.id)
            assert ended is not None
            assert (ended.state, ended.written, ended.updated) == (State.DONE, 3, 2)
            found = {contact.id: (contact.details.first_name, contact.version) for contact in await _all(contacts)}
            assert len(found) == 3
            assert (found["c0"], found["c1"]) == (("Person 0", 2), ("Person 1", 2))
            assert await database["import_updates"].count_documents({}) == 0
            await contacts.collection.delete_many({})
            await database["imports"].delete_many({})
        assert moment > 8
