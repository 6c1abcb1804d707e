"""The keys with which services sign tokens: made, and exchanged without signing anybody out."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from guichet_contracts.claims import SIGNING
from guichet_kit.keyfolder import PUBLIC_KEYS, KeyFolder, NotReady
from guichet_kit.keys import BadKey

from guichet_ctl.screen import Json, Yes, answer, ask_before, fail

_LIFETIMES = {
    "requests": "14 days (sessions of agents; links and forms are shorter)",
    "chat": "30 days (sessions of visitors)",
    "attachments": "12 hours (receipts of files)",
    "mailer": "two minutes",
}
"""How long the longest token lives that the service signs."""

_FOLDER = "The folder of the keys; where none is given, that of GUICHET_PUBLIC_KEYS_FILE."


def make_keys(
    folder: Annotated[Path | None, typer.Argument(help=_FOLDER)] = None,
    json: Json = False,
) -> None:
    """Make a key for each service that signs tokens, and the set of public keys. What is there stays."""
    keys = KeyFolder(folder or _usual())
    keys.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        keys.make()
    except BadKey as error:
        fail(f"{keys.folder}: {error}")
    private = {service: str(keys.private_file(service)) for service in SIGNING}
    told = {"public_keys": str(keys.public_file), "private_keys": private}
    lines = [f"{service}: {file}" for service, file in private.items()]
    text = "\n".join([f"every service: {keys.public_file}", *lines, "Each service is handed its own key and no other."])
    answer(told, json, text)


def rotate_key(
    service: Annotated[str, typer.Argument(help=f"Whose key: {', '.join(SIGNING)}.")],
    use: Annotated[bool, typer.Option("--use", help="Second: sign with the prepared key.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Third: take no token of the former key any more.")] = False,
    at_once: Annotated[bool, typer.Option("--at-once", help="All three, after a leak.")] = False,
    folder: Annotated[Path | None, typer.Option(help=_FOLDER)] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Exchange the key with which a service signs, in three steps; the first one prepares the next key.

    Both keys are good until the former one is dropped, so nobody is signed out. Hashes of what is kept are made with
    the installation's secret, which this leaves alone.
    """
    if service not in SIGNING:
        fail(f"{service} signs nothing; these do: {', '.join(SIGNING)}", 2)
    if use + drop + at_once > 1:
        fail("one step at a time: --use, --drop or --at-once", 2)
    keys = KeyFolder(folder or _usual())
    if drop or at_once:
        lost = f"What the former key of {service} signed is good no more"
        ask_before(f"{lost}; its longest tokens live for {_LIFETIMES[service]}. Go on?", yes)
    try:
        told, text = _done(keys, service, use=use, drop=drop, at_once=at_once)
    except (NotReady, BadKey, OSError) as error:
        fail(str(error))
    answer({"service": service, "public_keys": str(keys.public_file)} | told, json, text)


def _done(keys: KeyFolder, service: str, *, use: bool, drop: bool, at_once: bool) -> tuple[dict[str, Any], str]:
    handed = "Services that read this very file know it in a second; elsewhere hand it out, and wait until all have it."
    if at_once:
        kid, dropped = keys.replace(service)
        text = f"{service} signs with {kid} alone; hand out {keys.private_file(service)} and {keys.public_file} now."
        return {"step": "at-once", "kid": kid, "dropped": dropped}, text
    if drop:
        dropped = keys.drop(service)
        return {"step": "drop", "dropped": dropped}, f"Good no more: {', '.join(dropped)}; {keys.public_file}\n{handed}"
    if use:
        kid = keys.use(service)
        after = f"Then wait {_LIFETIMES[service]}, and: guichetctl rotate-key {service} --drop"
        signs = f"{service} signs with {kid}: {keys.private_file(service)}"
        return {"step": "use", "kid": kid}, f"{signs}\n{handed}\n{after}"
    kid = keys.prepare(service)
    after = f"Then: guichetctl rotate-key {service} --use"
    return {"step": "prepare", "kid": kid}, f"{kid} is the next key of {service}: {keys.public_file}\n{handed}\n{after}"


def _usual() -> Path:
    given = os.environ.get("GUICHET_PUBLIC_KEYS_FILE")
    if not given:
        fail("give the folder of the keys, or set GUICHET_PUBLIC_KEYS_FILE", 2)
    if Path(given).name != PUBLIC_KEYS:
        fail(f"{given} is not called {PUBLIC_KEYS}: give the folder of the keys", 2)
    return Path(given).parent
