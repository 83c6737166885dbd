"""What the attack tests share."""
