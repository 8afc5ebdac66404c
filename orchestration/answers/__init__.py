"""How the command line answers: the shape of an answer, the screen, progress, and what all commands have in common."""
