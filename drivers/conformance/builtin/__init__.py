"""Suites of the drivers that come with lorryscan."""
