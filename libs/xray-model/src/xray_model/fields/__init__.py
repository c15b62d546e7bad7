"""The fields of a value: checks that name the field, and differences between two values."""
