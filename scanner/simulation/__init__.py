"""Simulated vehicles, people, cargo and sites: the source of values for twins and first models."""
