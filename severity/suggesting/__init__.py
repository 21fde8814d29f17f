"""How words become suggestions: `text` reads, `patterns` matches cues, `scope` judges context, `reading` joins them."""
