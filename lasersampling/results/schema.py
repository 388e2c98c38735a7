"""Version of the layout of results files, shared by writer and reader."""

SCHEMA_VERSION = 1
