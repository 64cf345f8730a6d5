"""The drivers we ship. They register through the same entry points as a vendor's."""
