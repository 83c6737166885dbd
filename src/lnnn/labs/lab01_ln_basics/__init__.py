"""Lab 1: ln basics."""
