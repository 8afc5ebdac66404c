"""What the pages of a release have in common, so that they look and speak alike.

Belongs here: how words are read (`texts`), how a template is filled (`template`), the style sheet, and the letters that
a search leaves out. Does not belong here: what any page shows, and its words.
"""
