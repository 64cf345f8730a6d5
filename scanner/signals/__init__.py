"""Pure signal functions: arrays in, arrays out."""
