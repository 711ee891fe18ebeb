"""What is on record, and what does it say, for people who would rather look than call an API.

Holds the former web service (React, port 3000): pages made on the server, in English and in French.
"""
