"""Paths of jobs, schedules and the broker."""
