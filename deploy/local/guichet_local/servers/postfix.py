"""Postfix from the Debian package, beside the system's own: its configuration, queue, data and master are private.

Its programs change to users of their own, so it needs root.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from guichet_local.data import write_private
from guichet_local.program import Program, accepts

MASTER = Path("/usr/lib/postfix/sbin/master")
OWNER, DROPPERS = "postfix", "postdrop"
QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")
# What the master runs, beside those that listen: name, whether it listens on a socket of its own, how often it wakes.
SERVICES = """\
pickup    unix n - n 60  1 pickup
cleanup   unix n - n -   0 cleanup
qmgr      unix n - n 1   1 qmgr
tlsmgr    unix - - n 300 1 tlsmgr
rewrite   unix - - n -   - trivial-rewrite
bounce    unix - - n -   0 bounce
defer     unix - - n -   0 bounce
trace     unix - - n -   0 bounce
verify    unix - - n -   1 verify
flush     unix n - n -   0 flush
proxymap  unix - - n -   - proxymap
smtp      unix - - n -   - smtp
lmtp      unix - - n -   - lmtp
relay     unix - - n -   - smtp
error     unix - - n -   - error
retry     unix - - n -   - error
discard   unix - - n -   - discard
showq     unix n - n -   - showq
anvil     unix - - n -   1 anvil
scache    unix - - n -   1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """Where it listens, and where each domain's mail goes: ``lmtp:inet:127.0.0.1:2424``, as in transport(5).

    On ``smtp_port`` it takes mail for these domains from this machine; on ``submission_port`` from whoever has signed
    in over TLS, which the Dovecot on ``auth_port`` answers for.
    """

    smtp_port: int
    submission_port: int
    auth_port: int
    certificate: Path
    key: Path
    routes: Mapping[str, str] = field(default_factory=dict)


def executable() -> Path | None:
    """The master of the package, if it is installed."""
    return MASTER if MASTER.exists() else None


def program(folder: Path, postfix: Postfix) -> Program:
    """The server; it is ready when it takes mail. What it cannot deliver it tries again every second."""
    return Program(
        name="postfix",
        command=[str(MASTER), "-c", str(folder / "etc"), "-s"],
        ready=accepts(postfix.smtp_port),
        folder=folder,
        prepare=lambda: _prepare(folder, postfix),
        layer=3,
    )


def _prepare(folder: Path, postfix: Postfix) -> None:
    # Its own users must pass through.
    for passed in (folder.parent, folder):
        passed.chmod(0o711)
    queue = folder / "queue"
    for name in QUEUES:
        _make(queue / name, 0o700, OWNER)
    _make(queue / "maildrop", 0o1730, OWNER, DROPPERS)
    _make(queue / "public", 0o2710, OWNER, DROPPERS)
    _make(queue / "pid", 0o755, "root")
    _make(folder / "data", 0o700, OWNER)
    etc = folder / "etc"
    _make(etc, 0o755, "root")
    write_private(etc / "main.cf", _main(folder, postfix), mode=0o644)
    write_private(etc / "master.cf", _master(postfix), mode=0o644)


def _make(folder: Path, mode: int, owner: str, group: str | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.chown(folder, owner, group)
    folder.chmod(mode)


def _main(folder: Path, postfix: Postfix) -> str:
    routes = ", ".join(f"{{{domain} = {route}}}" for domain, route in postfix.routes.items())
    return f"""\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {MASTER.parent}
command_directory = /usr/sbin
mail_owner = {OWNER}
setgid_group = {DROPPERS}
maillog_file = /dev/stdout
myhostname = mail.example
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
mydestination =
alias_maps =
local_recipient_maps =
mynetworks = 127.0.0.0/8
relay_domains = {" ".join(postfix.routes)}
transport_maps = inline:{{{routes}}}
default_transport = error:5.1.2 this test has no such domain
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_tls_cert_file = {postfix.certificate}
smtpd_tls_key_file = {postfix.key}
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{postfix.auth_port}
smtpd_peername_lookup = no
message_size_limit = 60000000
header_size_limit = 2000000
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
"""


def _master(postfix: Postfix) -> str:
    insists = " ".join(
        f"-o {option}"
        for option in (
            "smtpd_tls_security_level=encrypt",
            "smtpd_sasl_auth_enable=yes",
            "smtpd_client_restrictions=permit_sasl_authenticated,reject",
        )
    )
    return f"""\
127.0.0.1:{postfix.smtp_port} inet n - n - - smtpd
127.0.0.1:{postfix.submission_port} inet n - n - - smtpd {insists}
{SERVICES}"""
