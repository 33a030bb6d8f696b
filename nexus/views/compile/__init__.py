"""A view and values for its parameters, made into one query: the only place where people's clicks become SQL."""

from nexus.views.compile.query import bind_names, compile, texts_of

__all__ = ["bind_names", "compile", "texts_of"]
