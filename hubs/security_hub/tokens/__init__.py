"""What is in a token, and how is one made?"""
