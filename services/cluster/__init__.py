"""`openpolicy cluster`: status, sizing, rollout, rollback and backup of the platform on one cluster."""
