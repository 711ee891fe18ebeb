"""Events that leave with their transaction, and messages that count once however often they come."""
