"""The sections of the settings page, in their order. Each module draws one."""
