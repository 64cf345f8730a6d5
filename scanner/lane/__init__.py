"""The lane agent: drivers to recorder to pipeline to outbox, one process per lane."""
