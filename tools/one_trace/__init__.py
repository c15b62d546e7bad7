"""The bootcamp's app before and after our package is installed: two traces for a request, then one on both wires."""
