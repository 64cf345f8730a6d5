"""The demonstration: a lane whose devices are twins on ptys and sockets, and lorries that come."""
