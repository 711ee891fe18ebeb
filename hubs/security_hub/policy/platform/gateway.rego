# May this caller use this route? What no rule speaks of is left to the hub's own access rule (no `allow` then).
# `guarded` is data (gateway.json): the scope that each area needs at the door, for reading and for writing, beside
# the hub's own rule. As a rule it would be made anew for every decision.
package openpolicy.gateway

import rego.v1

# Areas for people: an API key or a service account has no business there, whatever its scopes.
for_people := {"/api/v1/users", "/api/v1/roles", "/api/v1/signing-keys"}

# Our own processes that act where people do.
trusted_clients := {"cli", "hub:ux"}

default verb := "write"

verb := "read" if input.request.method in {"GET", "HEAD", "OPTIONS"}

needed := data.openpolicy.gateway.guarded[input.request.route][verb]

area := split(needed, ":")[0]

has_scope if needed in input.subject.scopes

has_scope if "*" in input.subject.scopes

has_scope if concat(":", [area, "*"]) in input.subject.scopes

is_machine if {
	input.subject.kind in {"service", "key"}
	not input.subject.client_id in trusted_clients
}

is_misplaced if {
	input.request.route in for_people
	is_machine
}

allow := true if {
	has_scope
	not is_misplaced
}

allow := false if {
	needed
	not has_scope
}

allow := false if {
	needed
	is_misplaced
}

reason := sprintf("this needs the scope %s", [needed]) if {
	needed
	not has_scope
}

reason := "this area is for people, not for services" if {
	has_scope
	is_misplaced
}
