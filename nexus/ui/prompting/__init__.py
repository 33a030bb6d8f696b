"""A prompt being written: its template and data beside the exact request, and the answer below."""
