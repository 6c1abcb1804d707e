"""Taking a file in, and giving all contacts out as one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import NAMESPACE_URL, uuid5

from guichet_kit.clock import now, to_wire

from guichet_contacts.contact.contact import Details
from guichet_contacts.contact.documents import sort_key
from guichet_contacts.contact.fields import FIELDS, InvalidFields, clean
from guichet_contacts.contact.staging import Holder, Staged, StagedContacts
from guichet_contacts.contact.store import ContactStore
from guichet_contacts.exchange import csv_file
from guichet_contacts.exchange.job import Failure, ImportJob, LineError, State
from guichet_contacts.exchange.store import ImportStore

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
    data = await imports.read_file(job.file_id)
    try:
        lines = await asyncio.to_thread(csv_file.read, data)
    except csv_file.Unreadable as error:
        failure = Failure(error.code, str(error), error.line)
        return await imports.save(job.checking(0).failed(failure, now()))
    job = await imports.save(job.checking(len(lines)))
    for start in range(0, len(lines), BATCH):
        batch = lines[start : start + BATCH]
        good, errors = await asyncio.to_thread(check_lines, job.id, batch, region)
        taken = await staged.stage(job.id, good) if good else {}
        errors += [_taken(line, holder) for line, holder in taken.items()]
        job = await imports.save(job.with_checked(len(batch), sorted(errors, key=lambda error: error.line)))
    decided = job.decided(now())
    if decided.state is State.REFUSED:
        await staged.discard(job.id)  # first: the addresses are free again when the refusal is told
    return await imports.save(decided)


async def _write(imports: ImportStore, staged: StagedContacts, job: ImportJob) -> ImportJob:
    accepted = job.checked - job.refused
    while await staged.activate(job.id, BATCH):
        job = await imports.save(job.with_written(accepted - await staged.count(job.id)))
    return await imports.save(job.done(now()))


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


async def export(contacts: ContactStore, separator: str) -> AsyncIterator[str]:
    """All active contacts by name, as the parts of a CSV file; never more than a page of them in memory."""
    yield csv_file.BYTE_ORDER_MARK + csv_file.write([_EXPORTED], separator)
    after = None
    while page := await contacts.page((), after, BATCH):
        rows = [
            (
                contact.id,
                *(getattr(contact.details, field) for field in FIELDS),
                " ".join(contact.other_emails),
                to_wire(contact.created_at),
                to_wire(contact.updated_at),
            )
            for contact in page
        ]
        yield csv_file.write(rows, separator)
        after = sort_key(page[-1])
