"""Which passkeys does a person have, and does this answer come from one of them? (WebAuthn level 3)"""
