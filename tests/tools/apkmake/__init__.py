"""Writes Android packages byte by byte, right or wrong as a test wants them: archive, binary XML, resource
table, DEX and signatures, each in a module of its own. Nothing of it comes from an app."""
