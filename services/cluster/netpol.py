"""Network policies from the call graph: all is denied, then each call of the table allowed on both sides.

`python -m services.cluster.netpol` writes the component; a test keeps the file equal to the table.
"""

from __future__ import annotations

from typing import Any

import yaml

from services.cluster.table import Component, Table, deploy_dir, load_table

NAME = "app.kubernetes.io/name"
# Where "the internet" is not: private, carrier, link-local (cloud metadata) and loopback ranges.
NOT_INTERNET_V4 = [
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
]
NOT_INTERNET_V6 = ["::1/128", "fc00::/7", "fe80::/10"]
API_PORTS = (443, 6443)
HEADER = "# Written by `python -m services.cluster.netpol` from deploy/table.toml; a test keeps both equal.\n"

Policy = dict[str, Any]


def network_policies(table: Table) -> list[Policy]:
    """Return the policies of the namespace: deny all, DNS for all, then one per component."""
    return [_deny_all(), _allow_dns(), *(_component(table, component) for component in table.component)]


def _policy(name: str, spec: dict[str, Any]) -> Policy:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


def _deny_all() -> Policy:
    return _policy("default-deny", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})


def _allow_dns() -> Policy:
    peer = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    ports = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    return _policy(
        "allow-dns",
        {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [peer], "ports": ports}]},
    )


def _component(table: Table, component: Component) -> Policy:
    ingress = [_rule("from", caller, port) for caller, port in _callers(table, component)]
    if component.public:
        ingress.append({"ports": [{"protocol": "TCP", "port": component.port}]})
    egress = [_rule("to", name, port or table.get(name).port) for name, port in component.callees()]
    if component.internet:
        egress.append(_internet(component.internet))
    if component.cluster_api:
        # Its address is the cluster's own matter: any, on the ports that an API server has.
        egress.append({"ports": [{"protocol": "TCP", "port": port} for port in API_PORTS]})
    return _policy(
        component.name,
        {
            "podSelector": {"matchLabels": {NAME: component.name}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        },
    )


def _callers(table: Table, callee: Component) -> list[tuple[str, int]]:
    return [
        (other.name, port or callee.port)
        for other in table.component
        for name, port in other.callees()
        if name == callee.name
    ]


def _rule(side: str, name: str, port: int) -> dict[str, Any]:
    peer = {"podSelector": {"matchLabels": {NAME: name}}}
    return {side: [peer], "ports": [{"protocol": "TCP", "port": port}]}


def _internet(ports: tuple[str, ...]) -> dict[str, Any]:
    return {
        "to": [
            {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(NOT_INTERNET_V4)}},
            {"ipBlock": {"cidr": "::/0", "except": list(NOT_INTERNET_V6)}},
        ],
        "ports": [{"protocol": "TCP", "port": int(port)} for port in ports],
    }


def render(table: Table) -> str:
    """Return the policies as one YAML file."""
    return HEADER + yaml.safe_dump_all(network_policies(table), sort_keys=False, width=120)


def main() -> None:
    """Write the component's file beside the table it follows."""
    folder = deploy_dir()
    target = folder / "k8s" / "components" / "network-policies" / "policies.yaml"
    target.write_text(render(load_table(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
