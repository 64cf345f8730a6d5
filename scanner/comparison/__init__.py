"""Image models side by side: the same scans through each, and what that tells about them."""
