"""Dovecot from the Debian package: mailboxes of people, by LMTP in and IMAP out. For tests: it takes every user."""

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

from guichet_local.data import private_folder, write_private
from guichet_local.program import Program, accepts

MAIL_USER = "mail"


@dataclass(frozen=True)
class Dovecot:
    """Where it listens and how it proves itself. Every address is a user with the same ``password``."""

    imap_port: int
    lmtp_port: int
    auth_port: int
    password: str
    certificate: Path
    key: Path


def executable() -> Path | None:
    """The Dovecot of the system, with what speaks IMAP and LMTP; Debian keeps it where only root looks."""
    found = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
    protocols = all(Path("/usr/lib/dovecot", name).exists() for name in ("imap", "lmtp"))
    return Path(found) if found and protocols else None


def program(folder: Path, dovecot: Dovecot) -> Program:
    """The server; it is ready when it takes mail."""

    def prepare() -> None:
        # As root its helpers run as users of their own, who must pass through.
        folder.chmod(0o755)
        folder.parent.chmod(0o711)
        mail = private_folder(folder / "mail")
        if os.geteuid() == 0:
            shutil.chown(mail, MAIL_USER, MAIL_USER)
        write_private(folder / "dovecot.conf", _configuration(folder, dovecot))

    return Program(
        name="dovecot",
        command=[str(executable()), "-F", "-c", str(folder / "dovecot.conf")],
        ready=accepts(dovecot.lmtp_port),
        folder=folder,
        prepare=prepare,
        layer=2,
    )


def _configuration(folder: Path, dovecot: Dovecot) -> str:
    mail_user, internal, login = _users()
    user = pwd.getpwnam(mail_user)
    listeners = {
        "imap-login": f"inet_listener imap {{\n port = {dovecot.imap_port}\n}}\ninet_listener imaps {{\n port = 0\n}}",
        "lmtp": f"inet_listener lmtp {{\n port = {dovecot.lmtp_port}\n}}\nuser = {mail_user}",
        "auth": f"inet_listener {{\n port = {dovecot.auth_port}\n}}",
    }
    services = "\n".join(f"service {name} {{\n{told}\nchroot =\n}}" for name, told in listeners.items())
    return f"""\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
listen = 127.0.0.1
protocols = imap lmtp
default_internal_user = {internal}
default_internal_group = {internal}
default_login_user = {login}
mail_location = maildir:~/mail
first_valid_uid = {min(user.pw_uid, 500)}
ssl = yes
ssl_cert = <{dovecot.certificate}
ssl_key = <{dovecot.key}
disable_plaintext_auth = no
auth_failure_delay = 0
recipient_delimiter = +
passdb {{
 driver = static
 args = password={dovecot.password}
}}
userdb {{
 driver = static
 args = uid={user.pw_uid} gid={user.pw_gid} home={folder}/mail/%u allow_all_users=yes
}}
{services}
"""


def _users() -> tuple[str, str, str]:
    """Who owns the mail, who runs the helpers, and who those that strangers talk to: three users, where it may."""
    if os.geteuid() == 0:
        return MAIL_USER, "dovecot", "dovenull"
    name = pwd.getpwuid(os.geteuid()).pw_name
    return name, name, name
