"""Sources below the federal level as whole jobs: councils, provinces and meeting platforms of the miniature."""

from __future__ import annotations

from collections import Counter

import pytest


@pytest.mark.slow
def test_councils_provinces_and_platforms_are_scraped_and_published(rig):
    rig.worker()
    expected = {
        "ca-on-kitchener-council": {"person", "post", "membership", "organization"},
        "ca-qc-laval-council": {"person", "post", "membership", "organization"},
        "ca-qc-bills": {"bill"},
        "ca-on-members": {"person", "membership"},
        "ca-on-bills": {"bill"},
        "ca-on-toronto-votes": {"vote_event", "event"},
        "ca-on-ottawa-meetings": {"event", "vote_event", "document"},
        "example-legistar": {"event", "vote_event", "document"},
        "example-legistar-matters": {"bill"},
        "example-legistar-members": {"person", "membership", "organization"},
        "example-primegov": {"event", "document"},
        "example-represent": {"person", "membership"},
    }
    for source_id, kinds in expected.items():
        report = rig.scrape(source_id)
        assert report.outcome == "succeeded", (source_id, report.problems)
        published = rig.published(report.job_id)
        assert Counter(kind for kind, _ in published) == report.counts, source_id
        assert kinds <= set(report.counts), source_id
        assert report.archive is not None
        replayed = rig.scrape(source_id, replay=report.archive.path)
        assert rig.published(replayed.job_id) == published, source_id
