"""``python -m benchmarks`` is the command ``compworld``."""

from benchmarks.cli import main

if __name__ == "__main__":
    main()
