"""What an import did, in words."""

from __future__ import annotations

from hubs.business_hub.etl.reporting import NAMES, summarize
from shared.contracts.events.importing import KindReport
from shared.contracts.records import RECORD_KINDS


def test_a_report_names_what_changed_in_both_languages():
    english, french = summarize(
        {
            "person": KindReport(inserted=1, unchanged=300, tombstoned=3),
            "membership": KindReport(updated=1, unchanged=340),
        }
    )
    assert english == "Added: 1 person. Changed: 1 membership. Gone: 3 people. Unchanged: 640."
    assert (
        french
        == "Ajouts : 1 personne. Modifications : 1 affiliation. Disparitions : 3 personnes. Inchangés : 640."
    )


def test_a_report_without_change_says_so():
    english, french = summarize({"bill": KindReport(unchanged=12)})
    assert english == "Nothing changed; 12 records are as before."
    assert french == "Aucun changement; 12 enregistrements demeurent tels quels."


def test_every_kind_of_record_has_a_name_in_both_languages():
    assert set(NAMES) == set(RECORD_KINDS)
