"""Rollback targets: one interface, one module per kind, more kinds by entry point."""
