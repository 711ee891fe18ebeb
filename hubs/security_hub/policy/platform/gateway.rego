# May this caller use this route? What no rule speaks of is left to the hub's own access rule (no `allow` then).
package openpolicy.gateway

import rego.v1

# The scope that each guarded area needs at the door, for reading and for writing, beside the hub's own rule.
guarded := {
	"/api/v1/users": {"read": "users:read", "write": "users:admin"},
	"/api/v1/roles": {"read": "users:read", "write": "users:admin"},
	"/api/v1/clients": {"read": "clients:admin", "write": "clients:admin"},
	"/api/v1/signing-keys": {"read": "keys:admin", "write": "keys:admin"},
	"/api/v1/flags": {"read": "config:read", "write": "config:write"},
	"/api/v1/audit": {"read": "audit:read", "write": "audit:write"},
	"/api/v1/queues": {"read": "jobs:read", "write": "jobs:write"},
	"/api/v1/workers": {"read": "jobs:read", "write": "jobs:write"},
	"/api/v1/quarantine": {"read": "jobs:read", "write": "jobs:write"},
}

# Areas for people: an API key or a service account has no business there, whatever its scopes.
for_people := {"/api/v1/users", "/api/v1/roles", "/api/v1/signing-keys"}

# Our own processes that act where people do.
trusted_clients := {"cli", "hub:ux"}

verb := "read" if input.request.method in {"GET", "HEAD", "OPTIONS"}

verb := "write" if not input.request.method in {"GET", "HEAD", "OPTIONS"}

needed := guarded[input.request.route][verb]

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
