"""Ask the running platform for one scrape and follow it to its end; print how it ended (one JSON line)."""

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
    """Run the scrape of `argv[1]` over the upstream `argv[2]`; 0 when it succeeded."""
    api = PlatformApi(HubSettings())
    options = ScrapeOptions(upstream=sys.argv[2])
    job = api.jobs.create_job(JobCreate(source_id=sys.argv[1], options=options), str(new_id()))
    end = time.monotonic() + float(sys.argv[3])
    while job.state not in DONE and time.monotonic() < end:
        time.sleep(1)
        job = api.jobs.get_job(job.id)
    print(json.dumps({"state": job.state, "reason": job.reason}))
    return 0 if job.state == "succeeded" else 1


if __name__ == "__main__":
    sys.exit(main())
