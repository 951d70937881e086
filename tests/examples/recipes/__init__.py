"""Recipes: what programs are often made of, each short enough to be copied."""
