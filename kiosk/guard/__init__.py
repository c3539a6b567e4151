"""The guard: the only window manager of an environment.

It decides which windows exist, where they are, which keys reach them, and tells the session that somebody is
there.
"""
