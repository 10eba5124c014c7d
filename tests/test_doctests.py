"""The examples of the README and of the docstrings run and give what they show."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import otclass

ROOT = Path(__file__).parents[1]
MODULES = [
    module.name
    for module in pkgutil.walk_packages(otclass.__path__, "otclass.")
    if not module.name.endswith(("__main__", "_compiled")) and ".web" not in module.name
]


@pytest.mark.parametrize("name", ["otclass", *MODULES])
def test_docstrings(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


def test_readme():
    assert doctest.testfile(str(ROOT / "README.md"), module_relative=False, encoding="utf-8").failed == 0
