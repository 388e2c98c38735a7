"""What several experiments share: machines judged one by one, chips, images by several samplers."""
