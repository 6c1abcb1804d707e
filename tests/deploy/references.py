"""What one manifest says of another: labels, names, keys and ports that must be there."""

from collections.abc import Iterator

from .manifests import Container, Manifest, Overlay, name_of, pod_labels, pod_spec, selects


def broken_references(overlay: Overlay) -> list[str]:
    """A line for each reference that leads nowhere."""
    return [
        *_selectors(overlay),
        *_secrets_and_maps(overlay),
        *_accounts_and_volumes(overlay),
        *_ports(overlay),
        *_routes(overlay),
        *_scale_targets(overlay),
        *_monitors(overlay),
    ]


def _selectors(overlay: Overlay) -> Iterator[str]:
    for workload in overlay.of_kind("Deployment", "StatefulSet", "DaemonSet"):
        if not selects(workload["spec"]["selector"], pod_labels(workload)):
            yield f"{name_of(workload)}: its selector does not match the labels of its own pods"
        for spread in pod_spec(workload).get("topologySpreadConstraints", ()):
            if not selects(spread["labelSelector"], pod_labels(workload)):
                yield f"{name_of(workload)}: a topology spread counts other pods than its own"
    running = [workload for workload in overlay.workloads() if workload["kind"] != "Job"]
    for service in overlay.of_kind("Service"):
        selected = [w for w in running if selects({"matchLabels": service["spec"]["selector"]}, pod_labels(w))]
        if len(selected) != 1:
            yield f"{name_of(service)}: its selector takes the pods of {len(selected)} workloads, not of one"
    budgets = overlay.of_kind("PodDisruptionBudget")
    for budget in budgets:
        if not any(selects(budget["spec"]["selector"], pod_labels(workload)) for workload in running):
            yield f"{name_of(budget)}: it protects no pod"


def keys_of_secrets(overlay: Overlay) -> dict[str, frozenset[str]]:
    """Every Secret that will be there, with its keys: made outside, or by External Secrets."""
    keys = dict(overlay.secrets)
    for external in overlay.of_kind("ExternalSecret"):
        target = external["spec"]["target"]
        templated = target.get("template", {}).get("data", {})
        keys[target["name"]] = frozenset(templated) or frozenset(e["secretKey"] for e in external["spec"]["data"])
    return keys


def _secrets_and_maps(overlay: Overlay) -> Iterator[str]:
    secrets = keys_of_secrets(overlay)
    maps = {
        m["metadata"]["name"]: frozenset((*m.get("data", {}), *m.get("binaryData", {})))
        for m in overlay.of_kind("ConfigMap")
    }
    for where, kind, name, key in _used(overlay):
        there = (secrets if kind == "Secret" else maps).get(name)
        if there is None:
            yield f"{where}: {kind} {name} does not exist"
        elif key is not None and key not in there:
            yield f"{where}: {kind} {name} has no key {key}"


def _used(overlay: Overlay) -> Iterator[tuple[str, str, str, str | None]]:
    for workload in overlay.workloads():
        for volume in pod_spec(workload).get("volumes", ()):
            yield from _of_volume(f"{name_of(workload)} volume {volume['name']}", volume)
    for container in overlay.containers():
        yield from _of_environment(container)
    for authentication in overlay.of_kind("TriggerAuthentication"):
        for ref in authentication["spec"].get("secretTargetRef", ()):
            yield name_of(authentication), "Secret", ref["name"], ref["key"]
    for gateway in overlay.of_kind("Gateway"):
        for listener in gateway["spec"]["listeners"]:
            for ref in listener.get("tls", {}).get("certificateRefs", ()):
                yield name_of(gateway), "Secret", ref["name"], "tls.crt"
    for cluster in overlay.of_kind("RabbitmqCluster"):
        yield name_of(cluster), "Secret", cluster["spec"]["tls"]["secretName"], "tls.crt"
        yield (
            name_of(cluster),
            "Secret",
            cluster["spec"]["secretBackend"]["externalSecret"]["name"],
            "default_user.conf",
        )
    for database in overlay.of_kind("MongoDBCommunity"):
        tls = database["spec"]["security"]["tls"]
        yield name_of(database), "Secret", tls["certificateKeySecretRef"]["name"], "tls.crt"
        yield name_of(database), "Secret", tls["caCertificateSecretRef"]["name"], "ca.crt"
        for user in database["spec"]["users"]:
            yield name_of(database), "Secret", user["passwordSecretRef"]["name"], user["passwordSecretRef"]["key"]


def _of_volume(where: str, volume: Manifest) -> Iterator[tuple[str, str, str, str | None]]:
    sources = [volume, *volume.get("projected", {}).get("sources", ())]
    for source in sources:
        for field, kind in (("secret", "Secret"), ("configMap", "ConfigMap")):
            if field not in source:
                continue
            name = source[field].get("name") or source[field]["secretName"]
            yield where, kind, name, None
            for item in source[field].get("items", ()):
                yield where, kind, name, item["key"]


def _of_environment(container: Container) -> Iterator[tuple[str, str, str, str | None]]:
    for source in container.spec.get("envFrom", ()):
        for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            if field in source:
                yield container.where, kind, source[field]["name"], None
    for variable in container.spec.get("env", ()):
        for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            if ref := variable.get("valueFrom", {}).get(field):
                yield f"{container.where} {variable['name']}", kind, ref["name"], ref["key"]


def _accounts_and_volumes(overlay: Overlay) -> Iterator[str]:
    for workload in overlay.workloads():
        account = pod_spec(workload).get("serviceAccountName", "default")
        if overlay.get("ServiceAccount", account) is None:
            yield f"{name_of(workload)}: service account {account} does not exist"
        for volume in pod_spec(workload).get("volumes", ()):
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claim and overlay.get("PersistentVolumeClaim", claim) is None:
                yield f"{name_of(workload)}: claim {claim} does not exist"
    for container in overlay.containers():
        spec = pod_spec(container.workload)
        claims = container.workload["spec"].get("volumeClaimTemplates", ())
        there = {v["name"] for v in spec.get("volumes", ())} | {c["metadata"]["name"] for c in claims}
        for mount in container.spec.get("volumeMounts", ()):
            if mount["name"] not in there:
                yield f"{container.where}: there is no volume {mount['name']}"


def _port_names(workload: Manifest) -> dict[str, int]:
    return {p["name"]: p["containerPort"] for c in pod_spec(workload)["containers"] for p in c.get("ports", ())}


def _ports(overlay: Overlay) -> Iterator[str]:
    for service in overlay.of_kind("Service"):
        for workload in overlay.workloads():
            if not selects({"matchLabels": service["spec"]["selector"]}, pod_labels(workload)):
                continue
            named = _port_names(workload)
            for port in service["spec"]["ports"]:
                target = port.get("targetPort", port["port"])
                if target not in (*named, *named.values()):
                    yield f"{name_of(service)}: {name_of(workload)} has no port {target}"
    for container in overlay.containers():
        own = {p["name"]: p["containerPort"] for p in container.spec.get("ports", ())}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            for action in ("httpGet", "tcpSocket", "grpc"):
                port = container.spec.get(probe, {}).get(action, {}).get("port")
                if port is not None and port not in (*own, *own.values()):
                    yield f"{container.where}: {probe} asks port {port}, which it does not have"


def _routes(overlay: Overlay) -> Iterator[str]:
    for route in overlay.of_kind("HTTPRoute"):
        for parent in route["spec"]["parentRefs"]:
            gateway = overlay.get("Gateway", parent["name"])
            listeners = {x["name"]: x for x in gateway["spec"]["listeners"]} if gateway else {}
            if gateway is None or parent.get("sectionName") not in (None, *listeners):
                yield f"{name_of(route)}: gateway {parent['name']} has no listener {parent.get('sectionName')}"
            elif parent.get("sectionName"):
                hostname = listeners[parent["sectionName"]].get("hostname")
                if hostname and hostname not in route["spec"].get("hostnames", [hostname]):
                    yield f"{name_of(route)}: the listener is of {hostname}, the route of {route['spec']['hostnames']}"
        for rule in route["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                service = overlay.get("Service", backend["name"])
                if service is None or backend["port"] not in [p["port"] for p in service["spec"]["ports"]]:
                    yield f"{name_of(route)}: there is no service {backend['name']} with port {backend['port']}"


def _scale_targets(overlay: Overlay) -> Iterator[str]:
    authentications = {a["metadata"]["name"] for a in overlay.of_kind("TriggerAuthentication")}
    for scaler in overlay.of_kind("HorizontalPodAutoscaler", "ScaledObject"):
        target = scaler["spec"]["scaleTargetRef"]
        workload = overlay.get(target.get("kind", "Deployment"), target["name"])
        if workload is None:
            yield f"{name_of(scaler)}: there is no {target.get('kind', 'Deployment')} {target['name']}"
        elif "replicas" in workload["spec"]:
            yield f"{name_of(workload)}: says how many replicas, and so does {name_of(scaler)}"
        for trigger in scaler["spec"].get("triggers", ()):
            if (ref := trigger.get("authenticationRef", {}).get("name")) and ref not in authentications:
                yield f"{name_of(scaler)}: there is no TriggerAuthentication {ref}"


def _monitors(overlay: Overlay) -> Iterator[str]:
    for monitor in overlay.of_kind("PodMonitor"):
        watched = [w for w in overlay.workloads() if selects(monitor["spec"]["selector"], pod_labels(w))]
        if not watched:
            yield f"{name_of(monitor)}: it watches no pod"
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            for workload in watched:
                if endpoint["port"] not in _port_names(workload):
                    yield f"{name_of(monitor)}: {name_of(workload)} has no port {endpoint['port']}"
