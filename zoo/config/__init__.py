"""One small frozen dataclass a task: what a recipe is made of, as data. Standard library only."""
