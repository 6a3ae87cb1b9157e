"""Counting checks, and saying which failed."""


class Checks:
    def __init__(self, shown=20, telling=False):
        """shown: how many of those that fail are printed; telling: what holds is printed too."""
        self.passed = 0
        self.failed = 0
        self._shown = shown
        self._telling = telling

    def that(self, holds, what):
        """Counts a check; `what` (a text, or a function that gives one) is printed if it does not hold."""
        if holds:
            self.passed += 1
            if self._telling:
                print('ok:', what() if callable(what) else what, flush=True)
            return True
        self.failed += 1
        if self.failed <= self._shown:
            print('FAILED:', what() if callable(what) else what, flush=True)
        return False

    def equal(self, found, expected, what):
        return self.that(found == expected, lambda: f'{what}\n  expected {expected!r}\n  found    {found!r}')

    def report(self):
        """Prints the totals; returns the exit status."""
        print(f'checks: {self.passed} passed, {self.failed} failed', flush=True)
        return 1 if self.failed or not self.passed else 0
