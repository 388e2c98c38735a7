"""The command ``lasersampling``: parses, calls the library, prints."""
