"""The command line: options made from the requests, and what people read of results."""
