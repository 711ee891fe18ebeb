# May this caller use this route? What no rule speaks of is left to the hub's own access rule (no `allow` then).
package openpolicy.gateway

import rego.v1

# The scope that each guarded area needs at the door, beside the hub's own rule.
guarded := {
	"/api/v1/users": "users:admin",
	"/api/v1/roles": "users:admin",
	"/api/v1/clients": "users:admin",
	"/api/v1/queues": "jobs:write",
}

# Areas for people: a service account has no business there, whatever its scopes.
for_people := {"/api/v1/users", "/api/v1/roles"}

needed := guarded[input.request.route]

allow := true if granted

allow := false if {
	needed
	not granted
}

granted if {
	has_scope
	not refused
}

has_scope if needed in input.subject.scopes

has_scope if "*" in input.subject.scopes

has_scope if {
	area := split(needed, ":")[0]
	concat(":", [area, "*"]) in input.subject.scopes
}

refused if {
	input.request.route in for_people
	input.subject.kind == "service"
	not trusted
}

trusted if input.subject.client_id in {"cli", "hub:ux"}

reason := sprintf("this needs the scope %s", [needed]) if {
	not has_scope
}

reason := "this area is for people, not for services" if {
	has_scope
	refused
}
