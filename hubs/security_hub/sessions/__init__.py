"""Who is signed in where, and which refresh tokens still count?"""
