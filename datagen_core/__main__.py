"""`python -m datagen_core` is `datagen`."""

from datagen_core.cli import main

if __name__ == "__main__":
    main()
