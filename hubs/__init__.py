"""The six hub processes; a hub never imports another hub."""
