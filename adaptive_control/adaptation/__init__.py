"""How a model adapts."""
