"""Learning from data: one training loop, and rooms for machines, pictures and spikes around it.

Here stand the loop, what a task must do, checkpoints and averages. What is particular to one kind
of task stands in a room of its own; the rooms do not import each other. No results files.
"""
