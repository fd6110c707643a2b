"""One file a task: what a recipe's model is from raw records to answers."""
