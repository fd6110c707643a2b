"""Turns of a dialogue to the next one."""
