"""One table of names and ports: manifests, compose, probes, settings and network policies agree with it."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

from services.cluster.manifests import Manifest, pod_spec
from services.cluster.netpol import network_policies, render
from services.cluster.table import Table, deploy_dir

NAME = "app.kubernetes.io/name"


def by_name(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {m["metadata"]["name"]: m for m in manifests if m["kind"] == kind}


def test_every_component_is_a_workload_of_its_kind_tier_wave_and_phase(
    overlays: dict[str, list[Manifest]], table: Table
) -> None:
    for component in table.component:
        manifest = by_name(overlays["8gi"], component.kind)[component.name]
        labels = manifest["metadata"]["labels"]
        assert labels["openpolicy.io/tier"] == component.tier
        assert labels["openpolicy.io/wave"] == str(component.wave)
        assert labels["openpolicy.io/phase"] == str(component.phase)
        named = manifest["metadata"].get("annotations", {}).get("openpolicy.io/services", "")
        assert tuple(named.split(",") if named else ()) == component.services
        if component.kind == "Deployment":
            wanted = "Recreate" if component.strategy == "recreate" else "RollingUpdate"
            assert manifest["spec"]["strategy"]["type"] == wanted


def test_no_workload_is_missing_from_the_table(overlays: dict[str, list[Manifest]], table: Table) -> None:
    for manifests in overlays.values():
        for manifest in manifests:
            if manifest["kind"] in {"Deployment", "StatefulSet", "Job", "CronJob"}:
                assert table.find(manifest["metadata"]["name"]), manifest["metadata"]["name"]


def test_all_26_former_services_have_a_home(table: Table) -> None:
    assert len(table.logical_services()) == table.former_services == 26


def test_containers_services_and_probes_use_the_table_s_port(
    overlays: dict[str, list[Manifest]], table: Table
) -> None:
    services = by_name(overlays["8gi"], "Service")
    for component in table.component:
        if component.kind in {"Job", "CronJob"}:
            continue
        container = pod_spec(by_name(overlays["8gi"], component.kind)[component.name])["containers"][0]
        ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
        assert component.port in {*ports.values(), 0}
        assert component.metrics in {*ports.values(), 0}
        startup = container["startupProbe"]
        style = next(style for style in ("httpGet", "tcpSocket", "exec") if style in startup)
        assert {"httpGet": "http", "tcpSocket": "tcp", "exec": "exec"}[style] in {component.probes, "tcp"}
        if component.tier == "hub":
            probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")]
            assert [probe["path"] for probe in probes] == ["/healthz", "/readyz", "/livez"]
            assert {ports[probe["port"]] for probe in probes} == {component.port}
            assert container["args"][container["args"].index("--port") + 1] == str(component.port)
        if (component.port and component.tier in {"hub", "infra"}) or component.name == "opa":
            service = services[component.name]["spec"]
            assert service["selector"] == {NAME: component.name}
            offered = {
                port["port"]: ports.get(port["targetPort"], port["targetPort"]) for port in service["ports"]
            }
            assert offered[component.port] == component.port


def test_settings_name_the_hubs_at_their_ports(overlays: dict[str, list[Manifest]], table: Table) -> None:
    platform = next(
        m["data"]
        for m in overlays["8gi"]
        if m["kind"] == "ConfigMap" and m["metadata"]["name"].startswith("platform-")
    )
    for component in table.component:
        if component.tier == "hub":
            key = f"OP_HUBS__{component.name.removesuffix('-hub').upper()}"
            assert platform[key] == f"http://{component.name}:{component.port}"
    assert platform["OP_OPA__URL"] == f"http://opa:{table.get('opa').port}"
    assert f"@postgresql:{table.get('postgresql').port}/" in platform["OP_DATABASE__URL"].replace("//", "@")


def test_settings_are_those_that_the_platform_reads(overlays: dict[str, list[Manifest]]) -> None:
    from shared.settings import HubSettings

    platform = next(
        m["data"]
        for m in overlays["8gi"]
        if m["kind"] == "ConfigMap" and m["metadata"]["name"].startswith("platform-")
    )
    for key in platform:
        if key.startswith("OP_"):
            section, _, field = key.removeprefix("OP_").lower().partition("__")
            assert section in HubSettings.model_fields, key
            if field:
                assert field in HubSettings.model_fields[section].annotation.model_fields, key


def test_the_image_serves_each_hub_on_the_table_s_port(table: Table) -> None:
    for script in ("serve-hub", "hub-healthy"):
        text = (deploy_dir() / "images/bin" / script).read_text()
        found = {name: int(port) for name, port in re.findall(r"(\w+)\) port=(\d+);;", text)}
        assert found == {c.name.removesuffix("-hub"): c.port for c in table.component if c.tier == "hub"}


def test_network_policies_are_what_the_table_says(overlays: dict[str, list[Manifest]], table: Table) -> None:
    path = deploy_dir() / "k8s/components/network-policies/policies.yaml"
    assert path.read_text(encoding="utf-8") == render(table), "run python -m services.cluster.netpol"
    rendered = by_name(overlays["8gi"], "NetworkPolicy")
    assert set(rendered) == {policy["metadata"]["name"] for policy in network_policies(table)}


def test_a_call_is_allowed_on_both_sides_and_only_then(table: Table) -> None:
    policies = {policy["metadata"]["name"]: policy["spec"] for policy in network_policies(table)}

    def sides(spec: dict, side: str, key: str) -> set[tuple[str, int]]:
        return {
            (peer["podSelector"]["matchLabels"][NAME], port["port"])
            for rule in spec.get(side, [])
            for peer in rule.get(key, [])
            if "podSelector" in peer
            for port in rule["ports"]
        }

    out = {
        (name, to, port)
        for name, spec in policies.items()
        if name not in {"default-deny", "allow-dns"}
        for to, port in sides(spec, "egress", "to")
    }
    back = {
        (caller, name, port)
        for name, spec in policies.items()
        if name not in {"default-deny", "allow-dns"}
        for caller, port in sides(spec, "ingress", "from")
    }
    assert out == back
    assert ("ux-hub", "data-hub", 8002) in out
    assert ("security-hub", "data-hub", 8002) not in out
    assert ("scraper", "postgresql", 5432) not in out
    assert policies["default-deny"]["policyTypes"] == ["Ingress", "Egress"]
    internet = {
        name
        for name, spec in policies.items()
        for rule in spec.get("egress", [])
        for peer in rule.get("to", ())
        if "ipBlock" in peer
    }
    # Only one asks the cluster's API, whose address nobody knows beforehand.
    anywhere = {name for name, spec in policies.items() for r in spec.get("egress", []) if "to" not in r}
    assert anywhere == {"ops-hub"}
    # The scraper reads the legislatures' sites; the gateway's hub sends mail, web push and webhooks.
    assert internet == {"scraper", "ux-hub"}


@pytest.mark.parametrize("block", ["10.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16", "172.16.0.0/12"])
def test_the_internet_leaves_out_private_addresses(table: Table, block: str) -> None:
    for policy in network_policies(table):
        for rule in policy["spec"].get("egress", []):
            for peer in rule.get("to", ()):
                if peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0":
                    assert block in peer["ipBlock"]["except"]


def test_alert_rules_belong_to_metrics_that_somebody_exports() -> None:
    path = deploy_dir() / "k8s/components/monitoring/rules.yaml"
    rules = [rule for group in yaml.safe_load(path.read_text())["spec"]["groups"] for rule in group["rules"]]
    exporters = ("kube_", "container_", "http_request", "rabbitmq_", "certmanager_")
    for rule in rules:
        names = re.findall(r"\b([a-z]+_[a-z_]+)\s*(?:\{|\[)", rule["expr"])
        assert names, rule["alert"]
        assert all(name.startswith(exporters) for name in names), rule["alert"]
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in {"warning", "critical"}


def test_every_program_that_a_container_runs_is_there(
    overlays: dict[str, list[Manifest]],
) -> None:
    compose = yaml.safe_load((deploy_dir() / "compose.yaml").read_text(encoding="utf-8"))["services"]
    asked = {name: list(service.get("command") or []) for name, service in compose.items()}
    for manifest in overlays["8gi"]:
        if manifest["kind"] in {"Deployment", "StatefulSet", "Job"}:
            container = pod_spec(manifest)["containers"][0]
            words = [*container.get("command", []), *container.get("args", [])]
            name = manifest["metadata"]["name"]
            if name in asked and words[:2] == ["python", "-m"] and asked[name][:2] == ["python", "-m"]:
                assert words == asked[name], f"{name}: compose and manifest run something else"
            asked[f"{name} in the cluster"] = words
    programs = {words[2] for words in asked.values() if words[:2] == ["python", "-m"]}
    assert len(programs) >= 5
    for program in programs - {"uvicorn"}:
        # A program of ours, not a library's command that is pointed at a module of ours by name.
        assert program.split(".")[0] in {"hubs", "services", "shared"}, program
        spec = importlib.util.find_spec(program)
        assert spec is not None, program
        assert spec.origin is not None, program
        assert "__main__" in Path(spec.origin).read_text(encoding="utf-8"), f"{program} is no program"
