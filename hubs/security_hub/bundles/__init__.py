"""Which policies do agents pull, are they the ones we signed, and which has each agent in use?"""
