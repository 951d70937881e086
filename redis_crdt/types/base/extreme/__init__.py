"""What the registers of the largest and of the smallest are: a value that has an order."""
