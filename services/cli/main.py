"""The command ``openpolicy``; each subcommand imports what it needs only when it runs."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from services.cluster.app import app as cluster
from shared.core.errors import AppError

app = typer.Typer(
    name="openpolicy",
    help="Canada's legislatures and councils as one canonical, sourced, bilingual record.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
database = typer.Typer(help="The databases of the hubs.", no_args_is_help=True)
app.add_typer(database, name="db")
audit = typer.Typer(help="The audit log.", no_args_is_help=True)
app.add_typer(audit, name="audit")
sources = typer.Typer(help="What can be scraped, and what stands behind an address.")
app.add_typer(sources, name="sources")
app.add_typer(cluster, name="cluster")

PortBase = Annotated[int, typer.Option(help="First of the six ports of the hubs.", min=1024, max=65000)]
DataDir = Annotated[Path, typer.Option(help="Folder for everything this installation keeps.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def up(
    once: Annotated[bool, typer.Option("--once", help="End with 0 once the first scrape is served.")] = False,
    as_json: AsJson = False,
    live: Annotated[bool, typer.Option("--live", help="Scrape the real upstreams.")] = False,
    port_base: PortBase = 8000,
    data_dir: DataDir = Path("var"),
    source: Annotated[list[str] | None, typer.Option(help="Sources to scrape first.")] = None,
    no_scrape: Annotated[bool, typer.Option("--no-scrape", help="Only start; ask for no job.")] = False,
) -> None:
    """Start everything, scrape, show the counts, stay up until Ctrl-C."""
    # Its library must come before SQLAlchemy's (docs/decisions/0020).
    import_module("hubs.intelligence_hub.opa.backends.embedded")
    from services.cli.up import FIRST_SOURCES, UpOptions, run_up

    raise typer.Exit(
        run_up(
            UpOptions(
                once=once,
                as_json=as_json,
                live=live,
                port_base=port_base,
                data_dir=data_dir,
                sources=tuple(source or FIRST_SOURCES),
                scrape=not no_scrape,
            )
        )
    )


@sources.callback(invoke_without_command=True)
def sources_list(context: typer.Context, as_json: AsJson = False) -> None:
    """Show every source with its status; ``sources detect URL`` names the platform behind an address."""
    if context.invoked_subcommand is not None:
        return
    from services.cli.sources import show_sources

    raise typer.Exit(show_sources(as_json=as_json))


@sources.command("detect")
def sources_detect(
    url: Annotated[str, typer.Argument(help="Address of a council's site or calendar.")],
    page: Annotated[Path | None, typer.Option(help="A saved page, in place of the network.")] = None,
    as_json: AsJson = False,
) -> None:
    """Name the meeting platform behind an address."""
    from services.cli.sources import show_detection

    raise typer.Exit(show_detection(url, page, as_json=as_json))


@app.command()
def scrape(
    source: str,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the job to its end.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many detail pages.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Parse and validate; import nothing.")] = False,
    session: Annotated[str, typer.Option(help="Session such as 45-1.")] = "",
    replay: Annotated[str, typer.Option(help="A WARC file or folder to read in place of the network.")] = "",
    live: Annotated[bool, typer.Option("--live", help="Read the real upstream.")] = False,
    as_json: AsJson = False,
    port_base: PortBase = 8000,
    data_dir: DataDir = Path("var"),
) -> None:
    """Ask the running platform to scrape one source."""
    from services.cli.jobs import ScrapeCommand, run_scrape

    command = ScrapeCommand(
        source=source,
        wait=wait,
        limit=limit,
        dry_run=dry_run,
        session=session,
        replay=replay,
        live=live,
        as_json=as_json,
    )
    raise typer.Exit(run_scrape(command, port_base, data_dir))


@app.command()
def jobs(
    as_json: AsJson = False,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    port_base: PortBase = 8000,
    data_dir: DataDir = Path("var"),
) -> None:
    """Show the newest jobs of the running platform."""
    from services.cli.jobs import show_jobs

    raise typer.Exit(show_jobs(limit, port_base, data_dir, as_json=as_json))


@app.command()
def parse(
    source: str,
    files: Annotated[list[Path], typer.Argument(help="Documents of that source.")],
) -> None:
    """Run one source's parser on local documents; print records as JSON lines. Needs no server."""
    from services.scraper.parse_command import run_parse

    raise typer.Exit(run_parse(source, files))


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Children at work side by side.")] = 1,
) -> None:
    """Do the tasks of business_hub with Celery, until SIGTERM; needs OP_RABBIT__URL."""
    from services.cli.programs import become_program

    become_program("hubs.business_hub.worker", "--concurrency", str(concurrency))


@app.command()
def beat() -> None:
    """Fire the schedules with Celery beat, until SIGTERM; of several one is active."""
    from services.cli.programs import become_program

    become_program("hubs.business_hub.beat")


@database.command("init")
def database_init() -> None:
    """Create the hubs' roles and schemas on the server of OP_DATABASE__URL."""
    from services.cli.programs import run_program

    raise typer.Exit(run_program("shared.db.provision"))


@database.command("migrate")
def database_migrate(
    hub: Annotated[str, typer.Argument(help="A hub, or all.")] = "all",
    action: Annotated[str, typer.Argument(help="upgrade, downgrade, current or check")] = "upgrade",
    revision: Annotated[str, typer.Argument()] = "",
) -> None:
    """Bring the schema of one hub, or of all, to a revision."""
    from services.cli.programs import run_program

    extra = [revision] if revision else []
    raise typer.Exit(run_program("shared.db.migrate", hub, action, *extra))


@audit.command("verify")
def audit_verify(
    file: Annotated[Path, typer.Argument(help="An export of the audit log (NDJSON, plain or .gz).")],
    key: Annotated[str, typer.Option(help="The verifier key that you trust; empty: the export's own.")] = "",
) -> None:
    """Verify an export offline: entries, values, redactions, and every checkpoint. Needs no server."""
    from services.cli.programs import run_program

    raise typer.Exit(run_program("hubs.intelligence_hub.audit.export", str(file), *([key] if key else [])))


@app.command()
def mcp(port_base: PortBase = 8000) -> None:
    """Answer an agent over standard input and output; OP_HUBS__DATA names a record elsewhere."""
    from services.cli.programs import run_program

    os.environ.setdefault("OP_HUBS__DATA", f"http://127.0.0.1:{port_base + 2}")
    raise typer.Exit(run_program("hubs.ux_hub.mcp"))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def admin(context: typer.Context) -> None:
    """Create administrators: ``openpolicy admin create --email``."""
    from services.cli.programs import run_program

    raise typer.Exit(run_program("hubs.security_hub.admin", *context.args))


def main() -> None:
    """Run the command; an expected failure is one sentence and exit code 1."""
    try:
        app()
    except AppError as error:
        print(f"openpolicy: {error.detail}", file=sys.stderr)
        for problem in error.extensions.get("errors", []):
            print(f"  {problem.get('pointer', '')}: {problem.get('detail', '')}", file=sys.stderr)
        sys.exit(1)
