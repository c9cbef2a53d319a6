"""Documents on paper: what pickers carry. Values in, bytes out; fonts come by their packages."""
