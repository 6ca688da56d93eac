"""From a trained model to a robot. Export and the on-robot runtime are not built yet."""
