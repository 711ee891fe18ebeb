"""What was somebody asked to answer, and was it answered already?"""
