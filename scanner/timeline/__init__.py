"""A recorded scan on one line of time: what was measured, what happened, what was thought of it."""
