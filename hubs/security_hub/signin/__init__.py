"""How does a person sign in, register and recover with a browser alone? Pages in English and French."""
