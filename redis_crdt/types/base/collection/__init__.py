"""What all collections can: be opened, read page by page, merged, dumped and watched."""
