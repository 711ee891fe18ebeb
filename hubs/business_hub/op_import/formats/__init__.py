"""Readers of foreign formats: each recognises its documents and turns them into records and problems."""
