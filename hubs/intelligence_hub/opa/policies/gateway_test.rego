package openpolicy.gateway_test

import rego.v1

import data.openpolicy.gateway

ask(scopes, kind, route) := {"subject": {"kind": kind, "scopes": scopes, "client_id": ""}, "request": {"method": "POST", "route": route}}

test_a_route_that_no_rule_speaks_of_is_left_alone if {
	not gateway.allow with input as ask([], "anonymous", "/api/v1/bills")
	not gateway.reason with input as ask([], "anonymous", "/api/v1/bills")
}

test_the_scope_opens_the_area if gateway.allow with input as ask(["users:admin"], "user", "/api/v1/users")

test_the_whole_area_opens_it_too if gateway.allow with input as ask(["users:*"], "user", "/api/v1/users")

test_without_the_scope_it_stays_closed if {
	gateway.allow == false with input as ask(["jobs:read"], "user", "/api/v1/users")
}

test_a_service_is_refused_among_people if {
	gateway.allow == false with input as ask(["*"], "service", "/api/v1/users")
}
