package openpolicy.records_test

import rego.v1

import data.openpolicy.records

test_a_citizen_sees_no_internal_field if {
	"notes" in records.hidden_fields with input as {"subject": {"scopes": []}}
}

test_a_keeper_of_the_record_sees_all if {
	count(records.hidden_fields) == 0 with input as {"subject": {"scopes": ["data:write"]}}
}

test_a_free_licence_may_be_exported if records.may_export with input as {"record": {"licence": "OGL-CA-2.0"}}

test_a_non_commercial_licence_needs_its_purpose if {
	not records.may_export with input as {"record": {"licence": "CC-BY-NC-4.0"}}
	records.may_export with input as {"record": {"licence": "CC-BY-NC-4.0"}, "purpose": "non-commercial"}
}
