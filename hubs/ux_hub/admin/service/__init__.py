"""Who is at the console, what it lists, what it can do."""
