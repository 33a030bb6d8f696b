"""Nexus: internal tools on a team's Postgres."""

VERSION = "0.1.0"
