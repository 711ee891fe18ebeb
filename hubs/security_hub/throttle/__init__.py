"""How many wrong attempts are too many, from whom, against whom?"""
