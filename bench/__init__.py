"""The measurements behind the documentation's figures; `make bench` runs them all."""
