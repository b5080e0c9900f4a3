"""`compat` mode: the behaviour of the published code (Chen and Zhao, CVPR 2022), defects included.

The published executor joins half sentences as strings, splits them at commas and looks for objects
in them with regular expressions; what it says depends on that, so this package works on strings as
well. Nothing else in REX does. What differs from `fixed` mode, and why, is in docs/programs.md.
"""
