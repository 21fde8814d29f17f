"""`rai-incident`, or `python -m bot`: the start of every process."""

from bot.lasting import lasting


def main() -> None:
    """Load the command line, and run it."""
    with lasting():
        from bot.cli import main as run
    run()


if __name__ == "__main__":
    main()
