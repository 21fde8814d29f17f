"""Runbooks in the one machine-readable playbook standard: CACAO 2.0 (OASIS, November 2023).

`export` writes a document that any CACAO tool can read; what CACAO has no word for travels in its extension mechanism.
`import_` takes such a document, ours or anybody's, as a proposal: a runbook, or the list of what was refused and why.
"""

from runbooks.cacao.exporting import export
from runbooks.cacao.importing import Imported, import_
from runbooks.cacao.standard import Refusal

__all__ = ["Imported", "Refusal", "export", "import_"]
