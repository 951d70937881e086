"""What a group of agents shares, by name: tasks, who has claimed them, counts, notes, messages."""
