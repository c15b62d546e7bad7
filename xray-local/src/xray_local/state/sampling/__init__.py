"""Central sampling: how reservoirs are divided among the clients of a rule, and when a rule's rate is boosted. Pure."""
