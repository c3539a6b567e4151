"""Documents: pages become a PDF, what is brought is opened, and either is made to fit under a limit.

Functions without sockets, for the process that may crash on hostile input. `build.build`, `fit.fit_pages` (scanned
pages), `smaller.fit` (what was brought), `smaller.fit_photo`, `render.render`, `brought.pages_of`, `parts.merge`,
`parts.split`, `reading.read`. What they answer is in `model`, which loads no library.
"""
