"""`python -m otclass` is the command `otclass`."""

from otclass.cli import main

if __name__ == "__main__":
    main()
