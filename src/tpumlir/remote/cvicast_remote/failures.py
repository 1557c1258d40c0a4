"""The two ways not to go on: what we do not cover (stock does it), and what nobody can do."""


class NotCovered(Exception):
    """The fast way does not cover this; stock run_calibration does. The text says why, in one line."""


class Refused(Exception):
    """The run failed. `code` is for programs, the text for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type["Refused"], tuple[str, str]]:
        return Refused, (self.code, self.message)
