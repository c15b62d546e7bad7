"""What every page shares: its request and response, headers, navigation, templates, static files, formats, colours."""
