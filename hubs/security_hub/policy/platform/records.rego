# What of a record may be shown or exported: by field and by the licence of its source.
package openpolicy.records

import rego.v1

# Fields that only those who look after the record may see.
internal_fields := {"locked_fields", "match_candidates", "notes"}

default hidden_fields := {"locked_fields", "match_candidates", "notes"}

hidden_fields := set() if {
	some scope in input.subject.scopes
	scope in {"data:write", "data:*", "*"}
}

# Licences that forbid commercial use.
non_commercial := {"CC-BY-NC-4.0", "CC-BY-NC-SA-4.0"}

default may_export := false

may_export if not input.record.licence in non_commercial

may_export if {
	input.record.licence in non_commercial
	input.purpose == "non-commercial"
}

export_reason := sprintf("licence %s forbids commercial use", [input.record.licence]) if not may_export
