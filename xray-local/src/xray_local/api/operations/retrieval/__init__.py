"""Trace retrieval as with Transaction Search: traces by a token, as segment documents or as spans."""
