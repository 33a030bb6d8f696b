"""Files that become tables: uploaded, looked at, checked cell by cell, and written by a source's writing role."""
