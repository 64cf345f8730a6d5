"""What each sensing method says of one scan: readings in, evidence out."""
