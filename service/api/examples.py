"""One example of each body and main answer; a test checks each against its schema."""

EXAMPLES: dict[str, dict[str, object]] = {}
