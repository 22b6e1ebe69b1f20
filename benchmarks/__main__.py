"""``python -m benchmarks`` is the command ``compworld``."""

from compworld.benchmarks.cli import main

if __name__ == "__main__":
    main()
