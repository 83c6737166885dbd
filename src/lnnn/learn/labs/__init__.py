"""What each lab shows its students: visible checks and hints, a folder a lab."""
