"""What Nexus keeps of reports in its own tables: records, files and the queue."""
