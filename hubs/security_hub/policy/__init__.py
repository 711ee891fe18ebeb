"""Which rules decide who may do what, who wrote and approved them, and do they do what they say? (the former
policy-service)
"""
