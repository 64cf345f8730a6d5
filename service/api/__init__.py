"""The HTTP interface: who may ask, what is asked, and errors as problem details."""
