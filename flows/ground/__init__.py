"""What every room stands on: the home, errors, progress, and how values become text."""
