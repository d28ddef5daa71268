"""What the page shows of a classification: scores, confusion, curves, person by person, maps."""
