"""The audit log as a Merkle tree: its leaves, proofs, signed checkpoints, and the check of all of it."""
