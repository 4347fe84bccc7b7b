"""`python -m integration.cli` is `storymeter`."""

from integration.cli import main

main()
