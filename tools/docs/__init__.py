"""What makes the documentation: its links, its site, and the pages that are generated from the code."""
