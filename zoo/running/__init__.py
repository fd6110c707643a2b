"""What every script in `recipes/` does alike: flags, data, a working folder, a report."""
