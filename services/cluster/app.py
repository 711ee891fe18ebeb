"""The command group `openpolicy cluster`; each command imports what it needs only when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="The platform on a Kubernetes cluster: look, size, roll out, roll back, back up.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Context = Annotated[str, typer.Option(help="Context of the kubeconfig; default: the current one.")]
Kubeconfig = Annotated[str, typer.Option(help="The kubeconfig; default: kubectl's.")]
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Namespace of the platform.")]
Output = Annotated[str, typer.Option("--output", "-o", help="table, json, yaml, csv, md or junit.")]
From = Annotated[Path | None, typer.Option("--from", help="Read a saved dump instead of a cluster.")]
Target = Annotated[str, typer.Option(help="Overlay (its name or folder), or a rendered YAML file.")]
Phases = Annotated[list[int] | None, typer.Option("--phase", min=1, max=4, help="Only these phases, 1 to 4.")]
Scope = Annotated[str, typer.Option(help="What a failure takes back: wave, or all.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command()
def status(
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    namespace: Namespace = "openpolicy",
    output: Output = "table",
    source: From = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Look again and again.")] = False,
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks of --watch.")] = 5.0,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="0 HEALTHY or better, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.")
    ] = False,
    save_dump: Annotated[Path | None, typer.Option(help="Write what was read to this file.")] = None,
) -> None:
    """Say how the cluster is, by which rule, and why what is not healthy is not."""
    from services.cluster.commands import Where, show_status

    where = Where(context, kubeconfig, namespace)
    watch_s = every if watch else 0.0
    code = show_status(where, output=output, source=source, watch_s=watch_s, save_dump=save_dump)
    raise typer.Exit(code if exit_code else 0)


@app.command()
def plan(
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    namespace: Namespace = "openpolicy",
    output: Output = "table",
    source: From = None,
    target: Target = "8gi",
    phase: Phases = None,
    size: Annotated[
        str, typer.Option(help="manifest, or measured: from what was seen for 3 h or more.")
    ] = "manifest",
    explain: Annotated[str, typer.Option(help="Say why this workload is as it is, and its steps.")] = "",
    write: Annotated[
        Path | None, typer.Option(help="Write measured sizes as an overlay to this folder.")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Write the plan for `rollout --plan`.")] = None,
) -> None:
    """Say step by step how the cluster gets to the target, with the memory of every step.

    Exit code: 0 nothing to do, 2 there are steps, 3 it does not fit, 1 an error.
    """
    from services.cluster.commands import PlanOptions, Where, show_plan_for

    options = PlanOptions(output, source, target, tuple(phase or (1, 2, 3, 4)), size, explain, write, save)
    raise typer.Exit(show_plan_for(Where(context, kubeconfig, namespace), options))


@app.command()
def rollout(
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    namespace: Namespace = "openpolicy",
    target: Target = "8gi",
    phase: Phases = None,
    only: Annotated[list[str] | None, typer.Option(help="Only these workloads.")] = None,
    saved: Annotated[Path | None, typer.Option("--plan", help="Run exactly this saved plan.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the last one was left.")] = False,
    emergency: Annotated[
        bool, typer.Option("--emergency", help="Begin although the cluster is CRITICAL; frees memory first.")
    ] = False,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Begin without a fresh backup.")] = False,
    scope: Scope = "wave",
    gates: Annotated[str, typer.Option(help="full, or ready: nothing is asked of the pods.")] = "full",
    soak: Annotated[float, typer.Option(min=0, help="Seconds that each workload is watched.")] = 60.0,
    yes: Yes = False,
) -> None:
    """Roll the target out in waves, each step behind its gates; what fails is taken back.

    Exit code: 0 promoted, 2 failed and rolled back, 3 rolling back failed, 4 paused, 1 did not begin.
    """
    from services.cluster.changing import RolloutOptions, run_rollout
    from services.cluster.commands import Where

    options = RolloutOptions(
        target=target,
        phases=tuple(phase or (1, 2, 3, 4)),
        only=tuple(only or ()),
        plan=saved,
        resume=resume,
        emergency=emergency,
        no_backup=no_backup,
        scope=scope,
        gates=gates,
        soak_s=soak,
        yes=yes,
    )
    raise typer.Exit(run_rollout(Where(context, kubeconfig, namespace), options))


@app.command()
def rollback(
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    namespace: Namespace = "openpolicy",
    everything: Annotated[
        bool, typer.Option("--all", help="The whole release, not only its last wave.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Apply again what was recorded before the newest release.

    Exit code: 2 rolled back, 3 rolling back failed, 4 paused, 1 did not begin.
    """
    from services.cluster.changing import run_rollback
    from services.cluster.commands import Where

    raise typer.Exit(run_rollback(Where(context, kubeconfig, namespace), everything=everything, yes=yes))


@app.command()
def evict(
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    namespace: Namespace = "openpolicy",
    stale: Annotated[
        bool, typer.Option("--stale", help="Pods whose successor waits for their place.")
    ] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Pods that have failed or were evicted.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which.")] = False,
) -> None:
    """Delete stale or failed pods, guarded: an owner and a newer revision exist, budgets are kept."""
    from services.cluster.commands import Where, run_evict

    raise typer.Exit(
        run_evict(Where(context, kubeconfig, namespace), stale=stale, failed=failed, dry_run=dry_run)
    )


@app.command()
def init(
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    namespace: Namespace = "openpolicy",
    contact: Annotated[str, typer.Option(help="Address that the scraper gives to the sites it reads.")] = "",
    compose: Annotated[Path | None, typer.Option(help="Write the secrets to this folder instead.")] = None,
) -> None:
    """Make the namespace and the secrets that are missing; what is there stays."""
    from services.cluster.commands import Where, run_init

    raise typer.Exit(run_init(Where(context, kubeconfig, namespace), contact=contact, compose=compose))


@app.command()
def backup(
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    namespace: Namespace = "openpolicy",
    listed: Annotated[bool, typer.Option("--list", help="List what there is instead.")] = False,
    opened: Annotated[
        bool, typer.Option("--open", help="Start a pod with /backups for an hour instead; print its name.")
    ] = False,
) -> None:
    """Back up now: dump, row counts and audit root of one moment, files mirrored."""
    from services.cluster.changing import run_backup_now
    from services.cluster.commands import Where

    where = Where(context, kubeconfig, namespace)
    raise typer.Exit(run_backup_now(where, listed=listed, opened=opened))


@app.command()
def restore(
    stamp: Annotated[
        str, typer.Argument(help="Name of the backup, as 20260301T031700Z; empty: the newest.")
    ] = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    namespace: Namespace = "openpolicy",
    live: Annotated[
        bool, typer.Option("--live", help="Into the live database; all writers stand still.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Restore into a throwaway server and compare; with --live into the platform's own database."""
    from services.cluster.changing import run_restore_of
    from services.cluster.commands import Where

    raise typer.Exit(run_restore_of(Where(context, kubeconfig, namespace), stamp, live=live, yes=yes))
