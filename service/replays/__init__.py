"""Recordings of past scans, made ready for a page."""
