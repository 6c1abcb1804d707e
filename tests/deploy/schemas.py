"""What Kubernetes' own schemas, those of custom resources, and checkov say of manifests."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import yaml
from guichet_local.settings import WORKSPACE

from .manifests import TOOLS, Manifest, Overlay, name_of

CUSTOM = WORKSPACE / "deploy" / "tools" / "schemas"
_NO_SCHEMA = "Couldn't find schema for kind"


def broken_schemas(overlay: Overlay) -> list[str]:
    """A line for each manifest that its kind's schema refuses, and for each kind that has none."""
    known = {file.stem: yaml.safe_load(file.read_text()) for file in CUSTOM.glob("*.yaml")}
    ours: list[tuple[str, Manifest]] = []
    theirs: list[tuple[str, Manifest]] = []
    for manifest in overlay.manifests:
        key = f"{manifest['apiVersion'].replace('/', '_')}_{manifest['kind']}"
        (ours if key in known else theirs).append((key, manifest))
    problems = []
    for key, manifest in ours:
        errors = jsonschema.Draft202012Validator(known[key]).iter_errors(manifest)
        problems += [f"{name_of(manifest)}: {error.json_path}: {error.message}" for error in errors]
    return [*problems, *_kubernetes([m for _, m in theirs]), *_generated([m for _, m in ours])]


def _kubernetes(manifests: list[Manifest]) -> Iterator[str]:
    """By kubernetes-validate, which only warns of a kind that it does not know."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.dump_all(manifests, file, yaml.CSafeDumper)
        file.flush()
        done = subprocess.run(
            [TOOLS / "bin" / "kubernetes-validate", "--strict", file.name], capture_output=True, text=True, check=False
        )
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line and not line.startswith("INFO")]
    assert done.returncode == 0 or lines
    for line in lines:
        shown = line.replace(file.name, "").strip()
        yield f"schema: no schema: {shown}" if _NO_SCHEMA in line else f"schema: {shown}"


def _generated(manifests: list[Manifest]) -> list[str]:
    done = subprocess.run(
        ["node", WORKSPACE / "deploy" / "tools" / "validate-custom.mjs", TOOLS],
        input=json.dumps(manifests),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def broken_policies(overlay: Overlay) -> list[str]:
    """A line for each check of checkov that a manifest fails; what we do not follow is in deploy/tools/checkov.yaml."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rendered.yaml"
        file.write_text(yaml.dump_all(overlay.manifests, Dumper=yaml.CSafeDumper))
        config = WORKSPACE / "deploy" / "tools" / "checkov.yaml"
        done = subprocess.run(
            [TOOLS / "bin" / "checkov", "--config-file", config, "--output", "json", "--file", file],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
        )
    report = json.loads(done.stdout)
    assert report["summary"]["passed"] > 0, done.stderr
    return [
        f"{check['resource']}: {check['check_id']} {check['check_name']}"
        for check in report["results"]["failed_checks"]
    ]
