"""One print engine: documents, the browser that prints them, and the ledger of reports."""
