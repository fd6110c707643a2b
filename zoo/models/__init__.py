"""What a recipe's model is, from raw records to answers: the life that all share, and a room for each task."""
