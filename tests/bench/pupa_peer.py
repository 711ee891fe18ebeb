"""pupa's own importers on a folder of its JSON: ``python pupa_peer.py FOLDER DATABASE_URL [--first]``.

Run by an interpreter that has pupa, Django and psycopg2, not by ours: it imports nothing of this project. The
database needs PostGIS. The importers are called in the order of ``pupa.cli.commands.update.do_import``.
"""

from __future__ import annotations

import importlib.util  # pupa.settings uses it without importing it
import os
import sys
import time

JURISDICTION = "ocd-jurisdiction/country:ca/legislature"


def main(folder: str, database_url: str, is_first: bool) -> None:
    """Prepare the tables at the first run, import the folder in one transaction, print seconds of each kind."""
    os.environ["DATABASE_URL"] = database_url.replace("postgresql://", "postgis://", 1)
    os.environ["DJANGO_SETTINGS_MODULE"] = "pupa.settings"
    assert importlib.util.find_spec("pupa") is not None
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import transaction
    from opencivicdata.core.models import Division
    from pupa import importers

    if is_first:
        call_command("migrate", verbosity=0)
        Division.objects.get_or_create(id="ocd-division/country:ca", name="Canada", country="ca")
    organizations = importers.OrganizationImporter(JURISDICTION)
    people = importers.PersonImporter(JURISDICTION)
    posts = importers.PostImporter(JURISDICTION, organizations)
    bills = importers.BillImporter(JURISDICTION, organizations, people)
    steps = (
        importers.JurisdictionImporter(JURISDICTION),
        organizations,
        people,
        importers.MembershipImporter(JURISDICTION, people, organizations, posts),
        bills,
        importers.VoteEventImporter(JURISDICTION, people, organizations, bills),
    )
    started, used = time.perf_counter(), time.process_time()
    with transaction.atomic():
        for step in steps:
            began = time.perf_counter()
            report = step.import_directory(folder)[step._type]
            counts = {word: report[word] for word in ("insert", "update", "noop")}
            print(f"      {step._type:14} {time.perf_counter() - began:6.2f} s  {counts}", flush=True)
    print(f"SECONDS {time.perf_counter() - started:.3f} {time.process_time() - used:.3f}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], "--first" in sys.argv)
