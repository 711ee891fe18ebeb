"""Backups from the command's side: the CronJobs' own templates run as Jobs, and writers stand still only while restored."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from services.cluster.applying import StepFailed
from services.cluster.backing_up import (
    WRITERS,
    NoBackup,
    list_backups,
    open_backups,
    run_backup,
    run_check,
    run_restore,
)
from tests.unit.cluster.fake_api import FakeApi
from tests.unit.cluster.fake_cluster import NAME, FakeCluster
from tests.unit.cluster.platforms import manifests

STAMP = "20260301T031700Z"
Json = dict[str, Any]


class Keeper(FakeCluster):
    """A cluster with both CronJobs and every writer; Jobs whose command holds ``fails`` crash."""

    def __init__(self, fails: str = "") -> None:
        super().__init__()
        self.fails = fails
        self.said: list[str] = []
        self.replicas_during: dict[str, dict[str, int]] = {}
        for name in ("backup", "restore-check"):
            self.store.add(cron_job(name))
        have = [m for m in manifests(1) if m["kind"] == "Deployment" and m["metadata"]["name"] in WRITERS]
        for manifest in have:
            self.store.add({**copy.deepcopy(manifest), "status": {}})
        self.writers = sorted(m["metadata"]["name"] for m in have)
        self.clock.sleep(60)
        assert set(self.replicas().values()) == {1}

    def replicas(self) -> dict[str, int]:
        """Return how many pods each writer has."""
        pods = self.store.of("Pod")
        return {
            name: sum(1 for pod in pods if pod["metadata"]["labels"].get(NAME) == name)
            for name in self.writers
        }

    def behaviour(self, pod: Json) -> str:
        command = pod["spec"]["containers"][0].get("command", [])
        job = pod["metadata"]["labels"].get("job-name", "")
        if job:
            self.replicas_during[job.rsplit("-", 1)[0]] = self.replicas()
        if command[:1] == ["sleep"]:
            return "never"
        return "crash" if self.fails and self.fails in command else super().behaviour(pod)

    def run(self, action: Callable[..., str], *more: Any) -> str:
        return action(FakeApi(self), self.clock, self.said.append, *more)

    def jobs(self) -> list[list[str]]:
        """Return the commands of the Jobs that were made, oldest first."""
        return [job["spec"]["template"]["spec"]["containers"][0]["command"] for job in self.store.of("Job")]


def cron_job(name: str) -> Json:
    resources = {"requests": {"memory": "64Mi"}, "limits": {"memory": "128Mi"}}
    container = {"name": name, "image": "postgres", "command": ["bash", f"/scripts/{name}.sh"]}
    pod = {
        "metadata": {"labels": {NAME: name}},
        "spec": {"containers": [{**container, "resources": resources}]},
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name},
        "spec": {"jobTemplate": {"metadata": {"labels": {NAME: name}}, "spec": {"template": pod}}},
        "status": {},
    }


def restore(world: Keeper) -> str:
    return world.run(run_restore, STAMP, lambda text: None)


def test_a_backup_now_runs_the_nightly_job_s_command_and_tells_its_last_line() -> None:
    world = Keeper()
    assert world.run(run_backup).startswith("the last words of backup-2026")
    assert world.jobs() == [["bash", "/scripts/backup.sh"]]
    assert set(world.replicas().values()) == {1}


def test_a_check_names_the_backup_or_leaves_the_choice_to_the_script() -> None:
    world = Keeper()
    world.run(run_check)
    world.clock.sleep(2)
    world.run(run_check, STAMP)
    world.clock.sleep(2)
    assert "the last words" in world.run(list_backups)
    script = ["bash", "/scripts/restore.sh"]
    assert world.jobs() == [[*script, "check"], [*script, "check", STAMP], [*script, "list"]]


def test_a_job_that_fails_is_an_error_with_what_it_wrote() -> None:
    world = Keeper(fails="/scripts/backup.sh")
    with pytest.raises(StepFailed, match="BackoffLimitExceeded") as caught:
        world.run(run_backup)
    assert "the last words of backup-" in caught.value.evidence


@pytest.mark.parametrize("action", [run_backup, run_check, list_backups, open_backups])
def test_a_cluster_without_the_component_says_which_is_missing(action: Callable[..., str]) -> None:
    world = FakeCluster()
    with pytest.raises(NoBackup, match="lacks components/backup"):
        action(FakeApi(world), world.clock, [].append)


@pytest.mark.parametrize("stamp", ["x", "../20260301T031700Z", "20260301T031700Z;reboot"])
def test_a_name_that_is_no_backup_s_makes_no_job(stamp: str) -> None:
    world = Keeper()
    with pytest.raises(NoBackup, match="not a backup's name"):
        world.run(run_check, stamp)
    assert world.jobs() == []


def test_the_volume_is_open_in_a_pod_that_runs_and_ends_by_itself() -> None:
    world = Keeper()
    name = world.run(open_backups)
    pod = world.store.find("Pod", name)
    assert pod["status"]["phase"] == "Running"
    assert pod["spec"]["containers"][0]["command"] == ["sleep", "3600"]


def test_a_live_restore_proves_first_then_runs_while_no_writer_has_a_pod() -> None:
    world = Keeper()
    assert restore(world).startswith("the last words of restore-2026")
    script = ["bash", "/scripts/restore.sh"]
    assert world.jobs() == [[*script, "check", STAMP], [*script, "live", STAMP]]
    assert set(world.replicas_during["restore-check"].values()) == {1}
    assert set(world.replicas_during["restore"].values()) == {0}
    world.clock.sleep(60)
    assert set(world.replicas().values()) == {1}


def test_a_backup_that_does_not_prove_touches_no_writer() -> None:
    world = Keeper(fails="check")
    with pytest.raises(StepFailed):
        restore(world)
    assert len(world.jobs()) == 1
    assert not any("to 0" in line for line in world.said)
    assert set(world.replicas().values()) == {1}


def test_a_restore_that_fails_brings_the_writers_back_all_the_same() -> None:
    world = Keeper(fails="live")
    with pytest.raises(StepFailed):
        restore(world)
    assert set(world.replicas_during["restore"].values()) == {0}
    world.clock.sleep(60)
    assert set(world.replicas().values()) == {1}
