"""Works on imports in the background: one at a time in each process, and those that a crash left too."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from guichet_kit import tasks
from guichet_kit.clock import now
from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES, PyMongoError

from guichet_contacts.contact.staging import StagedContacts
from guichet_contacts.exchange.job import Failure, ImportJob, State
from guichet_contacts.exchange.store import UPLOAD_TIME, ImportStore, LeaseLost
from guichet_contacts.exchange.usecases import take_in

POLL_SECONDS, CALM_SECONDS = 2.0, 10.0
"""Between two looks for imports: after a failure, and otherwise. What this process was handed it is woken for, so that
this is how late one is found that a process left which ended."""

log = get_logger(__name__)


class ImportWorker:
    """Takes in what waits, oldest first."""

    def __init__(self, imports: ImportStore, staged: StagedContacts, region: str) -> None:
        self._imports, self._staged, self._region = imports, staged, region
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for work now, instead of within ``CALM_SECONDS``."""
        self._woken.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work until the context ends; what is under way is then left to the next worker."""
        task = asyncio.create_task(self._work_for_ever())
        try:
            yield
        finally:
            await tasks.stop(task)

    async def _work_for_ever(self) -> None:
        while True:
            self._woken.clear()
            pause = CALM_SECONDS
            try:
                while job := await self._imports.claim():
                    await self._work_on(job)
                await self._imports.drop_leftovers()
                await self._staged.discard_leftovers(await self._imports.live_ids(), UPLOAD_TIME)
            except PyMongoError as error:
                log.warning("imports_wait", error=str(error)[:200])
                pause = POLL_SECONDS
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), pause)

    async def _work_on(self, job: ImportJob) -> None:
        try:
            job = await take_in(self._imports, self._staged, job, self._region)
        except LeaseLost:
            log.warning("import_taken_over", import_id=job.id)
        except asyncio.CancelledError:
            await self._imports.release(job)
            raise
        except OUTAGES:
            raise
        except Exception:
            # A fault of ours must not stop the imports behind this one. Before the decision it ends the import;
            # after it the import keeps its lease, and is tried again when that is over.
            log.exception("import_broke", import_id=job.id)
            await self._give_up(job.id)
        else:
            log.info("import_ended", import_id=job.id, state=job.state, written=job.written, refused=job.refused)

    async def _give_up(self, job_id: str) -> None:
        job = await self._imports.find(job_id)
        if job is None or job.state is State.WRITING:
            return
        started = job if job.state is State.CHECKING else job.checking(0)
        failure = Failure("internal_error", "An unexpected error happened; it was recorded.")
        with contextlib.suppress(LeaseLost):
            await self._imports.save(started.failed(failure, now()))
            await self._staged.discard(job_id)
            await self._imports.drop_updates(job_id)
            await self._imports.drop_file(job.file_id)
