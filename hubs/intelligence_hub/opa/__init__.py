"""May this be done, by the published policies? Undefined, error and timeout mean no. (former opa-service)."""
