"""The exact engine for `lif.populations`: from event to event, with adjoint gradients (EventProp).

Compiled loops, their tables, and the function of torch around them. No networks are described
here, and nothing is trained. The derivation stands in docs/eventprop.md.
"""
