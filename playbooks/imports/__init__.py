"""Scenarios made from something else: the grammar, ATLAS case studies, other tools' files, a closed incident."""
