"""How words become suggestions: read (`text`), match cues (`patterns`), judge their context (`scope`), apply the lexicon."""
