"""The service's configuration: one TOML file, a table for each subject."""
