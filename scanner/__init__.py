"""Floor 3: one vehicle: scan pipeline, recording, replay, lane agent, simulation."""
