"""Floor 4: people and machines: the command line today, the HTTP service and booth next."""
