"""What does the platform do, and what should it do next, for those who run it.

Holds the former admin service (Node/Express, port 3001): the console, in English and in French.
"""
