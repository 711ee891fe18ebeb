"""compat answers callers of Represent, openparliament and Open States in the words that they know."""
