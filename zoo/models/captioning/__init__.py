"""Image to sentence."""
