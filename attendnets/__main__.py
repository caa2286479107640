"""`python -m attendnets`."""

from attendnets.cli import main

main()
