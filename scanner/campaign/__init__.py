"""Campaigns: simulated lorries drawn by number, with faults, judged as a lane judges, kept as rows."""
