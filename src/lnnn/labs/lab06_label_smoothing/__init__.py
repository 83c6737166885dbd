"""Lab 6: label smoothing."""
