"""The far end of each wire: a device made of software, speaking the real protocol."""
