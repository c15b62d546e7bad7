"""The operations of central sampling: rules, and the targets of their clients."""
