"""The connections that network policies allow, held against the table "Who talks to whom" of docs/architecture.md."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from .manifests import Manifest, Overlay, name_of, pod_labels, read, selects

INTERNET, CLUSTER_API, ANYWHERE = "internet", "cluster-api", "anywhere"
ANY_PORT = 0
EVERY = "every"


class Arrow(NamedTuple):
    """Who opens a connection to whom, and to which port of the other's pods."""

    source: str
    target: str
    port: int


@dataclass(frozen=True)
class Pods:
    """The pods of one workload, under the name that the table has for them."""

    name: str
    labels: Mapping[str, str]


# What has no workload in the manifests, because an operator makes it.
_MADE_BY_OPERATORS: Mapping[str, tuple[str, Callable[[str], Mapping[str, str]]]] = {
    "RabbitmqCluster": ("rabbitmq", lambda name: {"app.kubernetes.io/name": name}),
    "MongoDBCommunity": ("mongodb", lambda name: {"app": f"{name}-svc"}),
}
_NAMESPACES = {
    ("guichet/edge", "true"): "edge",
    ("guichet/monitoring", "true"): "monitoring",
    ("guichet/autoscaling", "true"): "autoscaling",
    ("kubernetes.io/metadata.name", "rabbitmq-system"): "rabbitmq-operator",
    ("kubernetes.io/metadata.name", "kube-system"): "dns",
}


def unwanted_connections(overlay: Overlay) -> list[str]:
    """A line for each connection that is open and not in the table, the reverse, and each open at one end only."""
    pods = _pods(overlay)
    out, in_ = _allowed(overlay, pods, "egress"), _allowed(overlay, pods, "ingress")
    names = {p.name for p in pods}
    required, permitted = _table(overlay.name, names)
    problems = [*_not_isolated(overlay, pods)]
    for arrow in sorted(out | in_):
        shown = f"{arrow.source} → {arrow.target}:{arrow.port or 'every port'}"
        if arrow not in permitted:
            problems.append(f"network: {shown} is allowed, and not in docs/architecture.md")
        elif {arrow.source, arrow.target} <= names and not _open(arrow, out, in_, names):
            side = "in" if arrow in out else "out"
            problems.append(f"network: {shown} is not let {side} at its {'target' if side == 'in' else 'source'}")
    # A row with several ports stands for any of them.
    denied = [row[0] for row in required if not any(_open(arrow, out, in_, names) for arrow in row)]
    return problems + [
        f"network: {a.source} → {a.target}:{a.port} is in docs/architecture.md, and denied" for a in denied
    ]


def _open(arrow: Arrow, out: set[Arrow], in_: set[Arrow], names: set[str]) -> bool:
    from_anybody = arrow._replace(source=INTERNET)
    return (arrow.source not in names or arrow in out) and (
        arrow.target not in names or arrow in in_ or from_anybody in in_
    )


def _pods(overlay: Overlay) -> list[Pods]:
    pods = [Pods(_table_name(pod_labels(w)), pod_labels(w)) for w in overlay.workloads()]
    for kind, (name, labels) in _MADE_BY_OPERATORS.items():
        pods += [Pods(name, labels(made["metadata"]["name"])) for made in overlay.of_kind(kind)]
    return pods


def _table_name(labels: Mapping[str, str]) -> str:
    component = labels["app.kubernetes.io/component"]
    if component == "migrate":
        return component
    return labels["app.kubernetes.io/name"] + (f"-{component}" if component not in ("server", "engine") else "")


def _not_isolated(overlay: Overlay, pods: list[Pods]) -> Iterator[str]:
    policies = overlay.of_kind("NetworkPolicy")
    for one, direction in product(pods, ("Ingress", "Egress")):
        own = [p for p in policies if selects(p["spec"]["podSelector"], one.labels)]
        if not any(direction in p["spec"]["policyTypes"] for p in own):
            yield f"network: {one.name} is not denied by default ({direction})"
    for policy in policies:
        if not any(selects(policy["spec"]["podSelector"], one.labels) for one in pods):
            yield f"{name_of(policy)}: it is for no pod"
        for direction in ("ingress", "egress"):
            if direction in policy["spec"] and direction.title() not in policy["spec"]["policyTypes"]:
                yield f"{name_of(policy)}: {direction} is given and not among its policyTypes"


def _allowed(overlay: Overlay, pods: list[Pods], direction: str) -> set[Arrow]:
    arrows = set()
    for policy in overlay.of_kind("NetworkPolicy"):
        own = {p.name for p in pods if selects(policy["spec"]["podSelector"], p.labels)}
        if policy["metadata"]["name"] == "names":
            own = {EVERY}
        for rule in policy["spec"].get(direction, ()):
            others = {
                name for peer in rule.get("to" if direction == "egress" else "from", [{}]) for name in _peer(peer, pods)
            }
            ports = [p.get("port", ANY_PORT) for p in rule.get("ports", [{}])]
            for here, there, port in product(own, others, ports):
                arrows.add(Arrow(here, there, port) if direction == "egress" else Arrow(there, here, port))
    return arrows


def _peer(peer: Manifest, pods: list[Pods]) -> set[str]:
    if not peer:  # a rule without peers is for everybody
        return {INTERNET}
    if block := peer.get("ipBlock"):
        private = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}
        if block["cidr"] == "0.0.0.0/0":
            return {INTERNET} if private <= set(block.get("except", ())) else {ANYWHERE}
        return {CLUSTER_API} if block["cidr"] in private else {ANYWHERE}
    if "namespaceSelector" in peer:
        labels = peer["namespaceSelector"].get("matchLabels", {})
        return {_NAMESPACES.get(label, ANYWHERE) for label in labels.items()} or {ANYWHERE}
    return {p.name for p in pods if selects(peer["podSelector"], p.labels)}


_ROW = re.compile(r"^\| (?P<sources>[^|]+) \| (?P<targets>[^|]+) \| (?P<ports>[0-9, ]+) \| (?P<overlay>\w+) \|")


def _table(overlay: str, names: set[str]) -> tuple[list[list[Arrow]], set[Arrow]]:
    """Rows that must be open in this overlay, and every arrow that may be."""
    text = read("docs/architecture.md").partition("### Who talks to whom")[2].partition("\n#")[0]
    required, permitted = [], set()
    outside = {INTERNET, CLUSTER_API, EVERY, *_NAMESPACES.values()}
    for line in text.splitlines():
        row = _ROW.match(line)
        if row is None:
            continue
        ports = [int(port) for port in row["ports"].split(",")]
        for source, target in product(*(row[side].split(", ") for side in ("sources", "targets"))):
            arrows = [Arrow(source, target, port) for port in ports]
            permitted |= set(arrows)
            if row["overlay"] in ("both", overlay) and {source, target} <= names | outside:
                required.append(arrows)
    assert required, "docs/architecture.md has no table of who talks to whom"
    return required, permitted
