"""What the types have in common."""
