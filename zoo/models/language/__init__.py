"""Texts, character by character or word by word: what comes next, how probable a text is, texts that are written."""
