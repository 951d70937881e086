"""What the types have in common; nothing here knows one of them from another."""
