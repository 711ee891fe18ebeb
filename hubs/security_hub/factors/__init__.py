"""What proves a person besides the password? One-time codes and recovery codes."""
