"""Lorries in a line scanner: what stands in the fan of rays, and what the detector counts of it."""
