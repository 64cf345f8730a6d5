"""What passes through the service without being kept: event streams and the newest of each lane."""
