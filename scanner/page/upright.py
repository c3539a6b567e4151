def turns_of(g,d): return 0
