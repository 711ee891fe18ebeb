"""What can happen to jobs, schedules and queues."""
