"""Taking a file in, and giving all contacts out as one."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from uuid import NAMESPACE_URL, uuid5

from guichet_kit.clock import now, to_wire

from guichet_contacts.contact.contact import Contact, Details
from guichet_contacts.contact.documents import sort_key
from guichet_contacts.contact.errors import ContactErased, ContactMerged, ContactMissing, StaleVersion
from guichet_contacts.contact.fields import FIELDS, NOTES_LENGTH, InvalidFields, clean
from guichet_contacts.contact.staging import Holder, Staged, StagedContacts
from guichet_contacts.contact.store import ContactStore
from guichet_contacts.contact.usecases import active_contact, read_contact, update_contact
from guichet_contacts.exchange import csv_file
from guichet_contacts.exchange.columns import left_out
from guichet_contacts.exchange.job import GONE, Failure, ImportJob, LineError, State
from guichet_contacts.exchange.store import ImportStore, KeptUpdate

BATCH = 200
"""Lines between two reports of progress."""

_EXPORTED = ("id", *FIELDS, "other_emails", "created_at", "updated_at")


async def take_in(imports: ImportStore, staged: StagedContacts, job: ImportJob, region: str) -> ImportJob:
    """Bring an import to its end from wherever it stands; the import as it ended.

    All lines are checked and their contacts staged, which nobody sees. One write on the import then decides. Before
    it a crash leaves nothing that counts, and checking begins again; after it, writing goes on where it was.
    """
    if job.state in (State.QUEUED, State.CHECKING):
        job = await _check(imports, staged, job, region)
    if job.state is State.WRITING:
        job = await _write(imports, staged, job)
    await imports.drop_file(job.file_id)
    return job


async def _check(imports: ImportStore, staged: StagedContacts, job: ImportJob, region: str) -> ImportJob:
    await staged.discard(job.id)
    await imports.drop_updates(job.id)
    data = await imports.read_file(job.file_id)
    try:
        lines, left_out = await asyncio.to_thread(_read, data, job.mapping)
    except csv_file.Unreadable as error:
        failure = Failure(error.code, str(error), error.line)
        return await imports.save(job.checking(0).failed(failure, now()))
    job = await imports.save(job.checking(len(lines), left_out))
    for start in range(0, len(lines), BATCH):
        batch = lines[start : start + BATCH]
        good, errors = await asyncio.to_thread(check_lines, job.id, batch, region)
        taken = await staged.stage(job.id, good) if good else {}
        if job.update_known:
            taken = await _keep_updates(imports, job, good, taken)
        errors += [_taken(line, holder) for line, holder in taken.items()]
        gone = await staged.leave_erased([line for line in good if line.line not in taken], job.created_at)
        errors += [LineError(line, "email", GONE, "belonged to a contact that is gone meanwhile") for line in gone]
        job = await imports.save(job.with_checked(len(batch), sorted(errors, key=lambda error: error.line)))
    job = job.with_kept_updates(await imports.count_updates(job.id))
    decided = job.decided(now())
    if decided.state is State.REFUSED:
        await staged.discard(job.id)  # first: the addresses are free again when the refusal is told
        await imports.drop_updates(job.id)
    return await imports.save(decided)


def _read(data: bytes, mapping: Sequence[str | None] | None) -> tuple[list[csv_file.Line], tuple[str, ...]]:
    table = csv_file.parse(data)
    columns = table.columns(mapping)
    return table.lines(columns), left_out(columns)


async def _keep_updates(
    imports: ImportStore, job: ImportJob, lines: Sequence[Staged], taken: Mapping[int, Holder]
) -> dict[int, Holder]:
    """Keep what lines change of contacts that have their address; the others, with who has it."""
    details = {line.line: line.details for line in lines}
    refused = {}
    for line, holder in taken.items():
        if holder.line is not None or not holder.contact_id:
            refused[line] = holder
            continue
        values = {field: getattr(details[line], field) for field in FIELDS if field != "email"}
        given = {field: value for field, value in values.items() if value}
        await imports.keep_update(job.id, line, holder.contact_id, given)
    return refused


async def _write(imports: ImportStore, staged: StagedContacts, job: ImportJob) -> ImportJob:
    accepted = job.checked - job.refused
    while await staged.activate(job.id, BATCH):
        waiting = await staged.count(job.id) + await imports.count_updates(job.id)
        job = await imports.save(job.with_written(accepted - waiting))
    while updates := await imports.kept_updates(job.id, BATCH):
        for update in updates:
            error = await _update(staged.contacts, update)
            await imports.drop_update(job.id, update.line)
            job = await imports.save(job.with_updates(await imports.count_updates(job.id), error))
    return await imports.save(job.done(now()))


async def _update(contacts: ContactStore, update: KeptUpdate) -> LineError | None:
    """Change a contact by a line. What the line does not say stays; notes are put together, once."""
    contact_id = update.contact_id
    while True:
        try:
            present = await read_contact(contacts, contact_id)
            if present.merge:
                contact_id = present.merge.into
                continue
            fields = dict(update.fields)
            if "notes" in fields:
                fields["notes"] = with_notes(present.details.notes, fields["notes"])
            await update_contact(contacts, contact_id, fields, present.version)
        except (StaleVersion, ContactMerged):
            continue  # somebody was faster: look at what is there now
        except (ContactMissing, ContactErased):
            return LineError(update.line, "email", GONE, "belonged to a contact that is gone meanwhile")
        return None


def with_notes(present: str | None, added: str) -> str:
    """The notes of a contact and those of a line, which are not written twice; the present ones have the room first."""
    if not present or added in present:
        return present or added
    both = f"{present}\n\n{added}"
    return both if len(both) <= NOTES_LENGTH else present


def check_lines(import_id: str, lines: Sequence[csv_file.Line], region: str) -> tuple[list[Staged], list[LineError]]:
    """The lines that are good by themselves, and what is wrong with the others."""
    good: list[Staged] = []
    errors: list[LineError] = []
    for line in lines:
        try:
            details = Details(**clean(line.cells, region))
            details.require_something()
        except InvalidFields as refused:
            errors += [LineError(line.number, error.field, error.code, error.message) for error in refused.errors]
            continue
        if line.too_long:
            errors.append(LineError(line.number, "", "too_many_cells", "has more cells than the first line"))
            continue
        # The same line of the same import is the same contact, however often it is tried.
        good.append(Staged(line.number, str(uuid5(NAMESPACE_URL, f"{import_id} {line.number}")), details))
    return good, errors


def _taken(line: int, holder: Holder) -> LineError:
    if holder.line is not None:
        return LineError(line, "email", "doubled_email", f"is the address of line {holder.line} too")
    return LineError(line, "email", "contact_exists", "belongs to a contact already", holder.contact_id or None)


async def export_one(contacts: ContactStore, contact_id: str, separator: str) -> str:
    """One contact as a CSV file, as `export` has it; raises as `active_contact`."""
    contact = await active_contact(contacts, contact_id)
    return csv_file.BYTE_ORDER_MARK + csv_file.write([_EXPORTED, _exported(contact)], separator)


async def export(contacts: ContactStore, separator: str) -> AsyncIterator[str]:
    """All active contacts by name, as the parts of a CSV file; never more than a page of them in memory."""
    yield csv_file.BYTE_ORDER_MARK + csv_file.write([_EXPORTED], separator)
    after = None
    while page := await contacts.page((), after, BATCH):
        yield csv_file.write([_exported(contact) for contact in page], separator)
        after = sort_key(page[-1])


def _exported(contact: Contact) -> tuple[str | None, ...]:
    return (
        contact.id,
        *(getattr(contact.details, field) for field in FIELDS),
        " ".join(contact.other_emails),
        to_wire(contact.created_at),
        to_wire(contact.updated_at),
    )
