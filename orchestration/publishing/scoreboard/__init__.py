"""The scoreboard: one self-contained HTML page a release, for people who open no database.

Belongs here: what the page shows (`queries`), how it looks (`templates`) and its words in both languages (`texts.yml`).
Does not belong here: computing a score, a rank or a movement (the marts have done so), serving the page (`release`).
"""
