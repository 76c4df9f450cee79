from __future__ import annotations

import inspect

from streamproc import errors


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = inspect.getdoc(errors)
    assert drawn is not None
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        assert issubclass(kind, errors.StreamprocError)
        assert name in drawn
        assert kind.__doc__


def test_interrupted_keeps_the_signal() -> None:
    assert errors.Interrupted("stopped", 15).signal_number == 15
