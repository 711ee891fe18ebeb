"""Which organisations do account holders form, and who belongs to them with which part?"""
