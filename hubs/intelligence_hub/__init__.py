"""intelligence_hub answers for numbers with definitions, an audit log that can be verified, and decisions.

Holds the former analytics (with plotly), audit and opa services.
"""
