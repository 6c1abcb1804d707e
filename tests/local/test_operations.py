"""Each command that docs/operations.md names is run by a test: a new one needs one, too."""

import re
import subprocess

import pytest
from guichet_local.settings import WORKSPACE

DOCUMENT = (WORKSPACE / "docs" / "operations.md").read_text()
PROGRAMS = (
    "guichetctl",
    "make",
    "docker",
    "kubectl",
    "deploy/k8s/make-secrets",
    "nginx",
    "rabbitmqctl",
    "rabbitmq-queues",
)

# Command, as far as it goes: the file that runs it, and what it says there when it does.
RUN_BY = {
    "guichetctl": ("tests/ctl/test_commands.py", 'ctl("--help"'),
    "guichetctl agents activate": ("tests/ctl/test_agents.py", '"agents", "activate"'),
    "guichetctl agents create": ("tests/e2e/test_first_start.py", '"agents", "create", "--email"'),
    "guichetctl agents deactivate": ("tests/ctl/test_agents.py", '"agents", "deactivate"'),
    "guichetctl agents first": ("tests/ctl/test_agents.py", '"agents", "first", "--email"'),
    "guichetctl agents list": ("tests/e2e/test_first_start.py", '"agents", "list"'),
    "guichetctl agents reset": ("tests/ctl/test_agents.py", '"agents", "reset"'),
    "guichetctl audit": ("tests/ctl/test_retention.py", 'told("audit"'),
    "guichetctl backup": ("tests/ctl/test_backup.py", 'told("backup"'),
    "guichetctl dlq drop": ("tests/ctl/test_commands.py", 'told("dlq", "drop", QUEUE'),
    "guichetctl dlq list": ("tests/ctl/test_commands.py", 'told("dlq", "list")'),
    "guichetctl dlq replay": ("tests/ctl/test_commands.py", 'told("dlq", "replay", QUEUE'),
    "guichetctl dlq show": ("tests/ctl/test_commands.py", 'told("dlq", "show", QUEUE'),
    "guichetctl doctor": ("tests/ctl/test_commands.py", 'ctl("doctor"'),
    "guichetctl migrate": ("tests/ctl/test_commands.py", 'told("migrate")'),
    "guichetctl outbox": ("tests/ctl/test_commands.py", 'told("outbox")'),
    "guichetctl quarantine list": ("tests/ctl/test_commands.py", 'told("quarantine", "list")'),
    "guichetctl quarantine replay": ("tests/ctl/test_commands.py", 'told("quarantine", "replay", mail)'),
    "guichetctl reconcile": ("tests/ctl/test_commands.py", 'told("reconcile")'),
    "guichetctl restore": ("tests/ctl/test_backup.py", 'told("restore"'),
    "guichetctl make-keys": ("tests/ctl/test_commands.py", 'told("make-keys"'),
    "guichetctl retention": ("tests/ctl/test_retention.py", 'told("retention", "--yes")'),
    "guichetctl retention --dry-run": ("tests/ctl/test_retention.py", 'told("retention", "--dry-run")'),
    "guichetctl rotate-key requests": ("tests/ctl/test_commands.py", 'told("rotate-key", "requests")'),
    "guichetctl rotate-key requests --at-once": ("tests/ctl/test_commands.py", '"rotate-key", "requests", "--at-once"'),
    "guichetctl rotate-key requests --drop": ("tests/ctl/test_commands.py", '"rotate-key", "requests", "--drop"'),
    "guichetctl rotate-key requests --use": ("tests/ctl/test_commands.py", '"rotate-key", "requests", "--use"'),
    "guichetctl settings": ("tests/ctl/test_commands.py", 'told("settings")'),
    "make audit": ("tests/deploy/test_supply.py", 'TOOLS / "audit"'),
    "make check-alerts": ("tests/e2e/test_monitoring.py", "check_alerts("),
    "make cluster-test": ("Makefile", "pytest tests/cluster"),
    "make ctl": ("tests/e2e/test_first_start.py", '"guichet_local", "ctl"'),
    "make down": ("tests/local/test_commands.py", 'guichet_local("down"'),
    "make k8s-check": (".ci/run", "k8s-check"),
    "make rabbitmq4-test": ("Makefile", "pytest tests/local/test_rabbitmq.py tests/kit"),
    "make sbom": ("tests/deploy/test_supply.py", 'TOOLS / "sbom"'),
    "make status": ("tests/local/test_commands.py", 'guichet_local("status"'),
    "make trace": ("tests/e2e/test_trace.py", "GUICHET_TRACE_DIR"),
    "make up": ("tests/e2e/test_first_start.py", '"guichet_local", "up"'),
    "make up-cluster": ("tests/cluster/system.py", "system=Cluster"),
    "deploy/k8s/make-secrets --files": ("deploy/images/check", "deploy/k8s/make-secrets --files"),
    "docker compose --file deploy/compose.yaml up": ("deploy/images/check", "compose up --detach --wait"),
    "rabbitmqctl status": ("tests/local/test_rabbitmq.py", '"status"'),
    "nginx -s reload": ("tests/local/test_gateway.py", '"-s", "reload"'),
}
NEED_A_CLUSTER = {"kubectl rollout", "rabbitmq-queues grow NODE all"}
"""What is only shown: there is no Kubernetes here, and our nodes are there before the first queue."""


def commands() -> list[str]:
    """What stands as code in the document and begins with a program."""
    spans = re.findall(r"`([^`]+)`", DOCUMENT)
    spans += [line for block in re.findall(r"```\w*\n(.*?)```", DOCUMENT, re.DOTALL) for line in block.splitlines()]
    bare = (re.sub(r"^(?:[A-Z_]+=\S+ )+", "", " ".join(span.split())) for span in spans)
    return sorted({command for command in bare if re.match(rf"(?:{'|'.join(PROGRAMS)})(?:$|[\w -])", command)})


def runs(command: str) -> str | None:
    """The longest known beginning of the command, word by word."""
    words = command.split()
    beginnings = (" ".join(words[:count]) for count in range(len(words), 0, -1))
    return next((one for one in beginnings if one in RUN_BY), None)


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_document_is_run_by_a_test(command: str) -> None:
    if command in NEED_A_CLUSTER:
        return
    known = runs(command)
    assert known is not None, f"no test runs `{command}`: write one, and name it here"
    assert known != "guichetctl" or command == "guichetctl", f"no test runs `{command}`"
    file, evidence = RUN_BY[known]
    assert evidence in (WORKSPACE / file).read_text()


def test_a_new_command_is_noticed() -> None:
    assert runs("guichetctl dlq list --json") == "guichetctl dlq list"
    assert runs("guichetctl explode") == "guichetctl"
    assert runs("make explode") is None


def test_every_target_of_make_that_the_document_names_is_there() -> None:
    for command in commands():
        if command.startswith("make "):
            dry = subprocess.run(
                ["make", "--dry-run", command.split()[1]], cwd=WORKSPACE, capture_output=True, text=True, check=False
            )
            assert dry.returncode == 0, dry.stderr
