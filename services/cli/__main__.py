"""``python -m services.cli`` is ``openpolicy``."""

from services.cli.main import main

main()
