"""Floor 2: counts become physical units, scores become evidence."""
