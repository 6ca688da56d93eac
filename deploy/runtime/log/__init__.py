"""The flight recorder and the MCAP log."""
