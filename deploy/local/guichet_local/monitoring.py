"""Prometheus beside `make up`: Debian's own, with the rules of deploy/monitoring, on the services' ports."""

import asyncio
import json
import shutil
import signal
import subprocess
from pathlib import Path

from guichet_local.data import DataFolder, write_private
from guichet_local.install import Need, install
from guichet_local.ports import Ports
from guichet_local.program import Program, answers
from guichet_local.services import SERVICES
from guichet_local.settings import WORKSPACE, Settings
from guichet_local.supervisor import Report, Supervisor
from guichet_local.system import inherited_environment

RULES = WORKSPACE / "deploy" / "monitoring"
RULE_FILES = [str(RULES / name) for name in ("alerts.yml", "machines.yml")]
RULE_TESTS = WORKSPACE / "tests" / "monitoring" / "alerts.test.yml"
PROMETHEUS = Need("Prometheus", "prometheus", lambda: all(map(shutil.which, ("prometheus", "promtool"))))


def program(folder: Path, ports: Ports, every: str = "5s") -> Program:
    """Prometheus, which looks at every service as often as ``every`` says."""
    port = ports["prometheus"]
    return Program(
        name="prometheus",
        command=[
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--storage.tsdb.retention.time=2d",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        ready=answers(port, "/-/ready"),
        folder=folder,
        prepare=lambda: write_private(folder / "prometheus.yml", configuration(ports, every)),
        stop_seconds=5,
    )


def configuration(ports: Ports, every: str) -> str:
    """Its configuration, as JSON, which is YAML too."""
    services = [
        {"targets": [f"127.0.0.1:{ports[name]}"], "labels": {"service": module.removeprefix("guichet_")}}
        for name, module in SERVICES.items()
    ]
    return json.dumps(
        {
            "global": {"scrape_interval": every, "evaluation_interval": every},
            "rule_files": RULE_FILES,
            "scrape_configs": [{"job_name": "guichet", "static_configs": services}],
        },
        indent=2,
    )


async def run(settings: Settings, report: Report) -> None:
    """Run Prometheus until it is told to end."""
    data = DataFolder(settings.data).create()
    supervisor = Supervisor(data.logs, inherited_environment(), report)
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        await supervisor.start([program(data.of("prometheus"), settings.ports)])
        address = f"http://127.0.0.1:{settings.ports['prometheus']}"
        report(f"Prometheus is at {address}, the alerts at {address}/alerts; Ctrl-C stops it")
        await ended.wait()
    finally:
        await supervisor.stop()


def check_alerts(report: Report) -> int:
    """Check the rules and run their tests; the exit code is promtool's."""
    install([PROMETHEUS], report)
    for command in (["check", "rules", *RULE_FILES], ["test", "rules", str(RULE_TESTS)]):
        if code := subprocess.run(["promtool", *command], check=False).returncode:
            return code
    return 0
