"""Published path; the content lives in `lib.modules`."""

from funcnodes_core.lib.modules import (
    PLUGIN_FUNCTIONS,
    BasePlugin,
    InstalledModule,
    get_installed_modules,
    register_setup_plugin,
    setup_module,
)

__all__ = [
    "PLUGIN_FUNCTIONS",
    "BasePlugin",
    "InstalledModule",
    "get_installed_modules",
    "register_setup_plugin",
    "setup_module",
]
