"""May this application act for this person? The authorization endpoint, consent, and codes."""
