"""How often recommendations are right: outcomes of labelled scans, the figures they give, and the report."""
