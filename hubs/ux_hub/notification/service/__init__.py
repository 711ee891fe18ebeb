"""What people ask of notifications, and what happens when there is something to tell."""
