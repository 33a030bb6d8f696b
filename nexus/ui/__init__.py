"""Everything Streamlit outside pages/: page frame, filters, tables, charts, forms."""
