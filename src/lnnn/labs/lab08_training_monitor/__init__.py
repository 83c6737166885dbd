"""Lab 8: monitor a training run."""
