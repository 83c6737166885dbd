"""Lab 4: log-softmax."""
