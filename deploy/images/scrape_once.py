"""Ask the running platform for one scrape and search for what it brought; print the end (one JSON line)."""

import json
import sys
import time

from services.cli.platform_api import PlatformApi
from shared.contracts.events.jobs import ScrapeOptions
from shared.contracts.http.jobs import JobCreate
from shared.core.ids import new_id
from shared.settings import HubSettings

DONE = {"succeeded", "failed", "cancelled", "quarantined", "timed_out"}


def main() -> int:
    """Run the scrape of `argv[1]` over the upstream `argv[2]`; 0 when it succeeded and is found."""
    settings = HubSettings()
    api = PlatformApi(settings)
    options = ScrapeOptions(upstream=sys.argv[2])
    job = api.jobs.create_job(JobCreate(source_id=sys.argv[1], options=options), str(new_id()))
    end = time.monotonic() + float(sys.argv[3])
    while job.state not in DONE and time.monotonic() < end:
        time.sleep(1)
        job = api.jobs.get_job(job.id)
    found = 0
    while job.state == "succeeded" and not found and time.monotonic() < end:
        answer = api.http.get(f"{settings.hubs.data}/api/v1/search", params={"limit": 1})
        found = answer.json()["meta"]["total"] if answer.status_code == 200 else 0
        time.sleep(0.5)
    print(json.dumps({"state": job.state, "reason": job.reason, "found": found}))
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
