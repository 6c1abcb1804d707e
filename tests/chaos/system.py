"""The system that chaos works on: two of each service, each pair's lines to the servers in our hands."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from guichet_local.ports import free_ports
from guichet_local.program import Program, answers
from guichet_local.servers import mongodb, rabbitmq
from guichet_local.settings import Settings
from guichet_local.supervisor import Report
from guichet_local.system import System
from guichet_local.testing.background import Background
from guichet_local.testing.stack import Stack

from ..bench.processes import tree

SECOND = ("requests", "contacts", "attachments", "mailer")
"""Services of which the stack has one; chat is two already."""

SERVICES = ("chat-1", "chat-2", *(f"{name}{mark}" for name in SECOND for mark in ("", "-2")))
SERVERS = ("gateway", "rabbitmq", "mongodb", "objects")
LINES = ("rabbitmq-1", "rabbitmq-2", "mongodb-1", "mongodb-2")
PLANTED = Path(__file__).parent / "planted"


class Doubled(System):
    """`make up`'s system with two of each service, whose lines to broker and database pass by `lines`."""

    planted: str = ""
    lines: Mapping[str, int]

    def __init__(self, settings: Settings, report: Report) -> None:
        super().__init__(settings, report)
        self._second = dict(zip(SECOND, free_ports(len(SECOND)), strict=True))
        smtp, lmtp = free_ports(2)
        self._second_mail = {"GUICHET_SMTP_PORT": str(smtp), "GUICHET_LMTP_PORT": str(lmtp)}

    def _programs(self) -> list[Program]:
        programs: list[Program] = []
        for program in super()._programs():
            if program.name == "gateway":
                programs.append(self._balanced(program))
            elif program.name in SERVICES:
                programs.append(self._by_lines(program, 2 if program.name == "chat-2" else 1))
                if program.name in SECOND:
                    programs.append(self._by_lines(self._twin(program), 2))
            else:
                programs.append(program)
        return programs

    def _twin(self, program: Program) -> Program:
        port = self._second[program.name]
        environment = {**program.environment, "GUICHET_HTTP_PORT": str(port)}
        if program.name == "mailer":
            environment |= self._second_mail
        return replace(program, name=f"{program.name}-2", environment=environment, ready=answers(port, "/readyz"))

    def _by_lines(self, program: Program, number: int) -> Program:
        broker = program.environment["GUICHET_RABBITMQ_URL"]
        old = f":{self.settings.ports['rabbitmq']}/"
        environment = {
            **program.environment,
            "GUICHET_RABBITMQ_URL": broker.replace(old, f":{self.lines[f'rabbitmq-{number}']}/"),
            # Direct: else the driver would go around the line, to the address that the replica set tells of itself.
            "GUICHET_MONGODB_URL": f"mongodb://127.0.0.1:{self.lines[f'mongodb-{number}']}/?directConnection=true",
        }
        command = list(program.command)
        if self.planted and command[-1] in ("guichet_chat", "guichet_requests"):
            command = [command[0], str(PLANTED / f"{self.planted}.py"), command[-1]]
        return replace(program, environment=environment, command=command)

    def _balanced(self, program: Program) -> Program:
        def prepare() -> None:
            assert program.prepare is not None
            assert program.folder is not None
            program.prepare()
            file = program.folder / "nginx.conf"
            text = file.read_text()
            for name, port in self._second.items():
                one = f"server 127.0.0.1:{self.settings.ports[name]} max_fails=0;"
                assert one in text
                text = text.replace(one, f"{one} server 127.0.0.1:{port} max_fails=0;")
            file.write_text(text)

        return replace(program, prepare=prepare)


LEASES = {"GUICHET_PROCESS_LEASE": "20", "GUICHET_SEND_TIMEOUT": "10"}
"""Seconds. What a killed mailer had in hand is taken up after its lease: by default minutes, where nobody waits."""


class ChaosStack(Stack):
    """The doubled system, and what can be done to it."""

    def __init__(self, background: Background, planted: str, environment: Mapping[str, str]) -> None:
        numbers = dict(zip(LINES, free_ports(len(LINES)), strict=True))
        kind = type("Doubled", (Doubled,), {"planted": planted, "lines": MappingProxyType(numbers)})
        super().__init__(background, LEASES | dict(environment), system=kind)
        self.ports_of_lines = numbers
        targets = {name: self.ports[name.partition("-")[0]] for name in LINES}
        self._proxies = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.proxies", *(f"{numbers[name]}={targets[name]}" for name in LINES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._proxies.stdout is not None
        self._proxies.stdout.readline()

    @property
    def system(self) -> System:
        """What runs."""
        return self._system

    def line(self, name: str, mode: str) -> None:
        """Change one of the lines; see proxies.py."""
        assert self._proxies.stdin is not None
        self._proxies.stdin.write(f"{self.ports_of_lines[name]} {mode}\n".encode())
        self._proxies.stdin.flush()

    def signal(self, name: str, number: signal.Signals) -> None:
        """A signal to one program, if it runs now. SIGSTOP and SIGCONT go to its children too."""
        try:
            pid = self.pid(name)
            whole = number in (signal.SIGSTOP, signal.SIGCONT)
            for one in tree({name: pid})[name] if whole else [pid]:
                os.kill(one, number)
        except ProcessLookupError:
            pass

    async def control(self, *arguments: str) -> str:
        """What `rabbitmqctl` says. Raises RuntimeError when it fails."""
        password = self._system.data.secrets().rabbitmq_password
        return await rabbitmq.control(rabbitmq.node(self._system.data.of("rabbitmq"), self.ports, password), *arguments)

    @property
    def mongodb_direct(self) -> str:
        """The database server, not by a line."""
        return mongodb.url(self.ports)

    def stop_all(self) -> None:
        """Stop everything."""
        for name in (*SERVICES, *SERVERS):
            self.signal(name, signal.SIGCONT)
        super().stop_all()
        assert self._proxies.stdin is not None
        self._proxies.stdin.close()
        self._proxies.wait(10)
