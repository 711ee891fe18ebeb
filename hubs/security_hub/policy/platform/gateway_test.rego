package openpolicy.gateway_test

import rego.v1

import data.openpolicy.gateway

ask(kind, scopes, method, route) := {
	"subject": {"kind": kind, "scopes": scopes, "client_id": "app-1"},
	"request": {"method": method, "route": route},
}

test_a_route_that_no_rule_speaks_of_is_left_to_its_hub if {
	question := ask("anonymous", [], "POST", "/api/v1/bills")
	not gateway.allow with input as question
	not gateway.allow == false with input as question
	not gateway.reason with input as question
}

test_reading_and_writing_need_their_own_scopes if {
	gateway.allow == true with input as ask("user", ["users:read"], "GET", "/api/v1/users")
	gateway.allow == false with input as ask("user", ["users:read"], "PATCH", "/api/v1/users")
	gateway.allow == true with input as ask("user", ["users:admin"], "PATCH", "/api/v1/users")
}

test_a_whole_area_and_everything_open_it_too if {
	gateway.allow == true with input as ask("user", ["users:*"], "DELETE", "/api/v1/users")
	gateway.allow == true with input as ask("user", ["*"], "DELETE", "/api/v1/users")
}

test_somebody_without_the_scope_is_told_which_one if {
	question := ask("anonymous", [], "GET", "/api/v1/audit")
	gateway.allow == false with input as question
	gateway.reason == "this needs the scope audit:read" with input as question
}

test_machines_stay_out_of_the_areas_of_people if {
	gateway.allow == false with input as ask("key", ["*"], "GET", "/api/v1/users")
	gateway.allow == false with input as ask("service", ["users:admin"], "POST", "/api/v1/roles")
	gateway.reason == "this area is for people, not for services" with input as ask("service", ["*"], "GET", "/api/v1/users")
	gateway.allow == true with input as ask("service", ["clients:admin"], "GET", "/api/v1/clients")
}

test_our_own_command_may_go_where_people_go if {
	question := {
		"subject": {"kind": "service", "scopes": ["*"], "client_id": "cli"},
		"request": {"method": "POST", "route": "/api/v1/users"},
	}
	gateway.allow == true with input as question
}
