"""The controller of lines: sockets, step, commands, journal, acknowledgements."""
