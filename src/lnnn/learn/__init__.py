"""What a learner calls in a notebook: check, hint, quiz, progress."""
