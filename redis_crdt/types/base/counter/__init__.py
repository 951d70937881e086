"""What both counters have: totals of writers."""
