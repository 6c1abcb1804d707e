"""Whether everything that Guichet needs is there, and what to do where it is not."""

import asyncio

from guichet_ctl.screen import Json, answer, fail, table
from guichet_ctl.services import SERVICES, ask_all, installed

MARKS = {"ok": "ok", "warning": "WARNING", "failing": "FAILING"}


def doctor(json: Json = False) -> None:
    """Check every dependency, setting, index, queue and clock, and say what to do. Status 1 where something fails."""
    found = []
    for told in asyncio.run(ask_all("check")):
        if told.failure is None:
            found += [{"service": told.service, **finding} for finding in told.value]
            continue
        settings = told.failure.settings
        found += [
            {
                "service": told.service,
                "check": "settings" if settings else "manage",
                "state": "failing",
                "detail": line.removeprefix("bad setting: "),
                "advice": "Set it as docs/operations.md says, section Configure." if settings else "",
            }
            for line in told.failure.said.splitlines()
        ]
    absent = [service for service in SERVICES if service not in installed()]
    rows = [finding | {"state": MARKS[finding["state"]]} for finding in found]
    text = table(rows, "service", "check", "state", "detail")
    advice = [f"{row['service']}, {row['check']}: {row['advice']}" for row in found if row["advice"]]
    if absent:
        advice.append(f"Not installed here, and so not looked at: {', '.join(absent)}.")
    answer({"findings": found, "not_installed": absent}, json, "\n".join([text, *([""] if advice else []), *advice]))
    if any(finding["state"] == "failing" for finding in found):
        fail("something fails: see above" if not json else "something fails")
