"""The digest: assembled from the record as one value, then shown as blocks, Markdown, JSON, a picture or a PDF."""
