"""Versioned Gemini prompts over governed data."""
