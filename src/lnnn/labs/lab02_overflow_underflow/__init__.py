"""Lab 2: overflow and underflow."""
