"""Why there is no template, or not with what was tried."""

class Failure(Exception):
    pass


class Unfit(Exception):
    def __init__(self, text, pattern):
        super().__init__(text)
        self.pattern = pattern


class Mismatch(Exception):
    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind
