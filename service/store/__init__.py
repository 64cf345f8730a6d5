"""The service's memory: what lanes told, what officers did, who may do what."""
