"""``python -m service`` is the ``lorryscan`` command."""

from service.cli import main

main()
