"""Which test of a suite notices a wrong answer: one is enough, so the others need not run."""


def first_to_notice(suite, tests, lab, seed=0):
    """The first of ``tests`` in which ``lab`` loses points, or None.

    It moves to the front of ``tests``: what noticed once mostly notices the next time, too.
    """
    for test in tests:
        if suite.run_test(test, lab, seed).earned < test.rule.points:
            tests.remove(test)
            tests.insert(0, test)
            return test
    return None
