"""RESULTS.md, made from the files in data/results: `python -m published --help`."""
