"""Tools by which agents hear of each other."""
