"""The report of an experiment: one HTML page that holds everything it shows."""
