"""Lab 3: log-sum-exp."""
