"""Results turned into what a person reads."""
