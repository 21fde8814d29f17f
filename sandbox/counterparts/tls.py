"""A certificate authority for one machine, because the real clients accept https only."""

import os
from pathlib import Path

import trustme


class Authority:
    """Writes `ca.pem` (to trust) and `server.pem` (certificate and key for localhost) into `home`, new each time.

    Give uvicorn `ssl_certfile=authority.server_file`; the key is in the same file, readable by its owner only.
    """

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.ca_file = home / "ca.pem"
        self.server_file = home / "server.pem"
        authority = trustme.CA(organization_name="Sandbox")
        server = authority.issue_cert("localhost", "127.0.0.1")
        authority.cert_pem.write_to_path(self.ca_file)
        self.server_file.unlink(missing_ok=True)
        descriptor = os.open(self.server_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(server.private_key_and_cert_chain_pem.bytes())
