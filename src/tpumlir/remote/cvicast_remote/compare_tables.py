"""`python -m cvicast_remote.compare_tables A B`: exit 0 when equal but for the time line, else 1, says where."""

import sys
from pathlib import Path

from cvicast_remote.table import first_difference


def main(argv: list[str]) -> int:
    """Prints the first differing line of two tables, with the operator and both values."""
    if len(argv) != 2:
        print("usage: python -m cvicast_remote.compare_tables A B", file=sys.stderr)
        return 2
    try:
        texts = [Path(name).read_text(encoding="utf-8") for name in argv]
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    difference = first_difference(texts[0], texts[1])
    if difference is None:
        return 0
    number, left, right = difference
    # One line: error-catalogue.ts gives it on to the user.
    print(f'line {number} differs: "{left}" in {argv[0]}, "{right}" in {argv[1]}')
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
