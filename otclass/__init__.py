"""Tag abstracts of the neuropeptide literature with the domains of the oxytocin-and-relationships field."""
