"""Floor 1: bytes on a wire become readings."""
