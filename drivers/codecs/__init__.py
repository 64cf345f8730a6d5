"""One sans-IO codec per wire format: ``feed(bytes) -> messages``."""
