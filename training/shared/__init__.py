"""Code of several experiments: machines judged one by one, chips, images by several samplers."""
