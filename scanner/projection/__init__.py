"""Threat image projection on recordings: a recorded empty scan in, a marked recording with people out."""
