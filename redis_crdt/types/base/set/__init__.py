"""What Python's sets can."""
