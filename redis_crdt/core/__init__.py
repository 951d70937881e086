"""The pure heart: clock, entries and joins, kinds, names. Knows neither Redis nor values."""
