"""What collections have in common whose keys are in order of what they stand at."""
