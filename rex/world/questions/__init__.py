"""Questions about a scene, made from programs."""
