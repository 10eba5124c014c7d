"""Compiles otclass/_compiled.c into the wheel where there is a C compiler; else the wheel is pure Python."""

import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledBuildHook(BuildHookInterface):
    """Builds the optional extension against the limited API: one wheel a platform, for every CPython."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version not in ("standard", "editable"):
            return
        from setuptools import Distribution, Extension
        from setuptools.errors import CCompilerError, ExecError, PlatformError

        # Other Pythons, and the free-threaded, have no limited API.
        if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
            return
        source = Path(self.root, "otclass", "_compiled.c")
        extension = Extension("otclass._compiled", [str(source)], py_limited_api=True)
        build = Distribution({"name": "otclass", "ext_modules": [extension]}).get_command_obj("build_ext")
        self._scratch = tempfile.TemporaryDirectory()
        build.build_lib = build.build_temp = self._scratch.name
        build.ensure_finalized()
        built = Path(build.get_ext_fullpath("otclass._compiled"))
        target = Path(self.root, "otclass", built.name)
        if version == "editable":
            # Rather none than one of an earlier source.
            target.unlink(missing_ok=True)
        try:
            build.run()
        except (CCompilerError, ExecError, PlatformError) as error:
            self.app.display_warning(f"otclass._compiled was not compiled ({error}); tagging will be slower")
            return
        if version == "editable":
            shutil.copyfile(built, target)
            return
        build_data["force_include"][str(built)] = f"otclass/{built.name}"
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"cp311-abi3-{platform}"

    def finalize(self, *_: Any) -> None:
        if hasattr(self, "_scratch"):
            self._scratch.cleanup()
