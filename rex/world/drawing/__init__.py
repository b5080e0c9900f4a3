"""How each kind of thing is drawn."""
