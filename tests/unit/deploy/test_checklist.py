"""Every overlay keeps the deployment checklist; what it does not keep on purpose is written down with its reason."""

import re
import tomllib
from pathlib import Path

import pytest

from services.cluster.manifests import Manifest
from tests.unit.deploy.checklist import RULES

EXEMPTIONS = tomllib.loads(Path(__file__).with_name("exemptions.toml").read_text(encoding="utf-8"))[
    "exemption"
]


def is_exempt(rule: str, overlay: str, where: str, what: str) -> bool:
    return any(
        entry["rule"] == rule
        and entry.get("overlay", overlay) == overlay
        and re.fullmatch(entry["object"], where)
        and re.search(entry["finding"], what)
        for entry in EXEMPTIONS
    )


@pytest.mark.parametrize("overlay", ["local", "8gi", "ha"])
@pytest.mark.parametrize("rule", sorted(RULES))
def test_the_overlay_keeps_the_rule(overlays: dict[str, list[Manifest]], overlay: str, rule: str) -> None:
    findings = [
        f"{where}: {what}"
        for where, what in RULES[rule](overlays[overlay])
        if not is_exempt(rule, overlay, where, what)
    ]
    assert findings == []


def test_every_exemption_is_still_needed_and_has_a_reason(overlays: dict[str, list[Manifest]]) -> None:
    seen = [
        (rule, overlay, where, what)
        for overlay, manifests in overlays.items()
        for rule, check in RULES.items()
        for where, what in check(manifests)
    ]
    for entry in EXEMPTIONS:
        assert len(entry["reason"]) > 40
        assert any(
            entry["rule"] == rule
            and entry.get("overlay", overlay) == overlay
            and re.fullmatch(entry["object"], where)
            and re.search(entry["finding"], what)
            for rule, overlay, where, what in seen
        ), f"nothing needs the exemption {entry['rule']} {entry['object']}"


def test_the_rules_notice_what_they_are_for(overlays: dict[str, list[Manifest]]) -> None:
    import copy

    spoiled = copy.deepcopy(overlays["8gi"])
    for manifest in spoiled:
        if manifest["kind"] == "Deployment" and manifest["metadata"]["name"] == "ux-hub":
            container = manifest["spec"]["template"]["spec"]["containers"][0]
            container["resources"]["limits"]["cpu"] = "200m"
            container["securityContext"]["readOnlyRootFilesystem"] = False
            container["livenessProbe"] = container["readinessProbe"]
            container["image"] = "openpolicy/hub:latest"
            manifest["spec"]["strategy"] = {"type": "RollingUpdate"}
            manifest["spec"]["template"]["spec"]["automountServiceAccountToken"] = True
    broken = {
        rule
        for rule, check in RULES.items()
        if any(not is_exempt(rule, "8gi", where, what) for where, what in check(spoiled))
    }
    assert broken == {
        "processor_is_never_limited",
        "pods_are_restricted",
        "probes_are_there_and_distinct",
        "liveness_asks_no_dependency",
        "images_are_fixed",
        "strategy_cannot_deadlock",
        "accounts_are_own_and_blind",
    }
