"""Lab 7: pitfalls."""
