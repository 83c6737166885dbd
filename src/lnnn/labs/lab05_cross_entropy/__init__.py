"""Lab 5: cross-entropy and its gradient."""
