"""A whole station on a virtual screen, driven as a person would: by real X input, seen through real pixels."""
