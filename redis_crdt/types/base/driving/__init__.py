"""How a collection has its operations carried out."""
