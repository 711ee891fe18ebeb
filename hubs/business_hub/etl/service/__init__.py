"""What can happen to runs, wherever they come from."""
