"""The demonstration as a whole product: its service beside the lane, and what the screen says of it."""
