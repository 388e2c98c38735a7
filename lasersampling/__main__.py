"""``python -m lasersampling`` is the command ``lasersampling``."""

from lasersampling.cli.main import main

if __name__ == "__main__":
    main()
