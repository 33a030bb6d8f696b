"""Taking away: the rows of a view as a file, streamed, with its progress."""
