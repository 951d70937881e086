"""Tools for budgets that are never overspent, also while regions are cut apart."""
